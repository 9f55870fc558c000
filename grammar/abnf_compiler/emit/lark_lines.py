r"""A Lark LALR(1) grammar that returns what `@capture` asks for, one token for each captured part.

Rules.  A captured rule without captures of its own is one terminal; a terminal of variable length
matches only where something that may follow it follows, so that the longest match is never the
wrong one.  A captured rule with captures of its own is a rule; where the rule around it is
`@prefer`red, a look-ahead over all of it opens it, so that it is read as a whole or not at all.
Terminals are tried in the order they are written in the grammar, which is the order `@prefer`
gives: earlier alternative first, longer repetition first.  What no capture wants is a terminal
whose name begins with "_", which Lark leaves out of the tree.

Limits.  Deciding token by token equals the greedy reading only where a part, once it has matched
and is followed by what may follow, is never given back: true where the last alternative takes
whatever is left, as in received-line.  LALR(1) as such promises no such thing, so a test compares
both parsers on derived and on changed lines.  Recursive rules, and captures this form cannot
carry, are refused with a `GrammarError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from abnf_compiler.automata.charset import CharSet
from abnf_compiler.automata.expression import (
    EPSILON,
    Alt,
    Captured,
    Chars,
    Empty,
    Epsilon,
    Regex,
    Repeat,
    Seq,
    has_captures,
    nonempty,
    nullable,
    seq,
    without_captures,
)
from abnf_compiler.automata.normal_form import AutomataError, to_regex
from abnf_compiler.diagnostics import GrammarError, finding
from abnf_compiler.emit.generated_line import DEFAULT_COMMAND, generated_line
from abnf_compiler.emit.lark_names import character_class, lark_rule, terminal_name
from abnf_compiler.tree import ResolvedGrammar

NO_LARK_LINES: Final = "ABNF502"
WITHOUT_LINES: Final = "abnfc lark without --lines writes every grammar"
END_OF_LINE: Final = r"\Z"

SHAPE: Final = """\
// For Lark(parser="lalr", start="{start}"); the input is one line, octets decoded with latin-1.
// The tree: "{start}" has one child for each captured part that is there, in the order of the
// line.  A part without captures of its own is a token, its type the name of the rule in upper
// case; a part with captures is a tree named after the rule, made the same way; a part that may be
// empty is a tree of one token or none.  What is absent has no child.  Names have "_" for "-"."""


@dataclass(frozen=True, slots=True)
class Follow:
    """What may come after a part: a character of `charset`, or the end of the line."""

    charset: CharSet
    may_end: bool

    def __or__(self, other: Follow) -> Follow:
        return Follow(self.charset | other.charset, self.may_end or other.may_end)


END: Final = Follow(CharSet(), True)


def first_characters(regex: Regex) -> CharSet:
    """The characters a match of `regex` may begin with."""
    match regex:
        case Chars(charset):
            return charset
        case Seq(items):
            found = CharSet()
            for item in items:
                found = found | first_characters(item)
                if not nullable(item):
                    break
            return found
        case Alt(items):
            found = CharSet()
            for item in items:
                found = found | first_characters(item)
            return found
        case Repeat(item, _, _) | Captured(_, _, item):
            return first_characters(item)
        case Epsilon() | Empty():
            return CharSet()


def before(regex: Regex, follow: Follow) -> Follow:
    """What may come before `regex` when `follow` comes after it."""
    begin = Follow(first_characters(regex), False)
    return begin | follow if nullable(regex) else begin


def fixed_length(regex: Regex) -> int | None:
    """The length of every match of `regex`; None when matches differ in length."""
    match regex:
        case Chars():
            return 1
        case Seq(items):
            lengths = [fixed_length(item) for item in items]
            known = [length for length in lengths if length is not None]
            return sum(known) if len(known) == len(lengths) else None
        case Alt(items):
            found = {fixed_length(item) for item in items}
            return found.pop() if len(found) == 1 else None
        case Repeat(item, minimum, maximum) if minimum == maximum:
            length = fixed_length(item)
            return None if length is None else minimum * length
        case Captured(_, _, item):
            return fixed_length(item)
        case Epsilon():
            return 0
        case _:
            return None


def pattern(regex: Regex) -> str:
    """`regex` as a regular expression in a Lark terminal, alternatives in their order."""
    match regex:
        case Chars(charset):
            return character_class(charset)
        case Seq(items):
            return "".join(f"(?:{pattern(i)})" if isinstance(i, Alt) else pattern(i) for i in items)
        case Alt(items):
            return "|".join(map(pattern, items))
        case Repeat(item, minimum, maximum):
            inner = pattern(item)
            return (inner if isinstance(item, Chars) else f"(?:{inner})") + times(minimum, maximum)
        case Captured(_, _, item):
            return pattern(item)
        case Epsilon() | Empty():
            return ""


def times(minimum: int, maximum: int | None) -> str:
    """The operator for a number of repetitions."""
    short = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((minimum, maximum))
    most = "" if maximum is None else str(maximum)
    return short or (f"{{{minimum}}}" if minimum == maximum else f"{{{minimum},{most}}}")


def look_ahead(follow: Follow) -> str:
    """The condition that what comes next may come next."""
    choices = [character_class(follow.charset)] if follow.charset else []
    ends = [END_OF_LINE] if follow.may_end else []
    return f"(?={'|'.join(choices + ends)})"


@dataclass(slots=True)
class _Terminal:
    """A terminal under way; `ahead` is looked at but not taken (the rest of a whole part)."""

    regex: Regex
    follow: Follow
    ahead: Regex = EPSILON

    def text(self) -> str:
        """The regular expression, with a condition on what follows where lengths differ."""
        taken = pattern(self.regex)
        if not isinstance(self.ahead, Epsilon):
            return f"{taken}(?={pattern(self.ahead)}{look_ahead(self.follow)})"
        if fixed_length(self.regex) is not None:
            return taken
        return (f"(?:{taken})" if isinstance(self.regex, Alt) else taken) + look_ahead(self.follow)


class _Lines:
    """The grammar under way: terminals and rules by name, in the order they are met."""

    def __init__(self, grammar: ResolvedGrammar, top: str) -> None:
        self.grammar = grammar
        self.top = top
        self.terminals: dict[str, _Terminal] = {}
        self.rules: dict[str, str] = {}
        self._connectors: dict[Regex, str] = {}

    def refused(self, message: str, hint: str = WITHOUT_LINES) -> GrammarError:
        span = self.grammar.rules[self.top].definitions[0].name_span
        return GrammarError((finding(NO_LARK_LINES, message, span, hint=hint),))

    def met(self, name: str, regex: Regex, follow: Follow, ahead: Regex = EPSILON) -> str:
        """Note an occurrence of a terminal; what may follow it adds up over its occurrences."""
        known = self.terminals.get(name)
        if known is None:
            self.terminals[name] = _Terminal(regex, follow, ahead)
        elif (known.regex, known.ahead) != (regex, ahead):
            raise self.refused(f"{name} stands for different things in {self.top}")
        else:
            known.follow = known.follow | follow
        return name

    def text(self, regex: Regex, follow: Follow, preferred: bool) -> str:
        """`regex` in Lark's notation; `preferred` when it belongs to a `@prefer`red rule."""
        if isinstance(regex, Captured):
            return self.captured(regex, follow, preferred)
        if isinstance(regex, Seq):
            return self.row(regex.items, follow, preferred)
        if not has_captures(regex):
            return self.connector(regex, follow)
        match regex:
            case Alt(items):
                return f"({' | '.join(self.text(item, follow, preferred) for item in items)})"
            case Repeat(item, minimum, maximum):
                inside = follow if maximum == 1 else before(item, follow) | follow
                return lark_times(f"({self.text(item, inside, preferred)})", minimum, maximum)
        raise AssertionError("every other expression has no captures")

    def row(self, items: tuple[Regex, ...], follow: Follow, preferred: bool) -> str:
        """Parts in a row; what follows each is worked out from the right."""
        follows = [follow]
        for item in reversed(items[1:]):
            follows.append(before(item, follows[-1]))
        pairs = zip(items, reversed(follows), strict=True)
        return " ".join(self.text(item, after, preferred) for item, after in pairs)

    def connector(self, regex: Regex, follow: Follow) -> str:
        """A part that no capture wants: a terminal Lark leaves out of the tree."""
        if isinstance(regex, Epsilon):
            return ""
        known = self._connectors.get(regex)
        name = known or f"_PART_{len(self._connectors) + 1}"
        if isinstance(regex, Chars):
            name = "_" + (terminal_name(regex.charset) or name.removeprefix("_"))
        self._connectors[regex] = name
        return self.met(name, nonempty(regex), follow) + ("?" if nullable(regex) else "")

    def captured(self, part: Captured, follow: Follow, preferred: bool) -> str:
        """A captured part: a terminal, or a rule when it has captures of its own."""
        name = lark_rule(part.name)
        if has_captures(part.item):
            return self.structured(name, part.item, follow, preferred)
        self.met(name.upper(), nonempty(part.item), follow)
        if not nullable(part.item):
            return name.upper()
        self.rules[name] = f"{name.upper()}?"
        return name

    def structured(self, name: str, item: Regex, follow: Follow, preferred: bool) -> str:
        """A captured part with parts of its own, opened by a look-ahead where it must be whole."""
        self.rules.setdefault(name, "")
        if not preferred:
            self.rules[name] = self.text(item, follow, False)
            return name
        if not (isinstance(item, Seq) and isinstance(item.items[0], Chars)):
            raise self.refused(f"{name} must begin with a character of its own to be told apart")
        first, rest = item.items[0], seq(item.items[1:])
        opener = self.met(f"_{name.upper()}_START", first, follow, without_captures(rest))
        self.rules[name] = f"{opener} {self.text(rest, follow, False)}"
        return name


def lark_times(item: str, minimum: int, maximum: int | None) -> str:
    """`item` (in parentheses where it needs them) as often as it may stand, in Lark's operators."""
    if maximum is None and minimum > 1:
        return f"{item}~{minimum} {item}*"
    if maximum in (None, 1):
        return item + times(minimum, maximum)
    return f"{item}~{minimum}..{maximum}"


def emit_lark_lines(
    grammar: ResolvedGrammar,
    rule: str = "received-line",
    *,
    source_sha256: str | None = None,
    command: str = DEFAULT_COMMAND,
) -> str:
    """The Lark LALR(1) grammar of one captured rule; its header tells the shape of the tree.

    Raises:
        KeyError: no such rule.
        GrammarError: the rule has no `@capture`, is recursive, or captures what this form cannot.
    """
    lines = _Lines(grammar, rule.lower())
    if rule.lower() not in dict(grammar.annotations.captures):
        hint = f"add: ; @capture {rule}: and the rules to return"
        raise lines.refused(f"rule {rule} has no @capture: there is nothing to return", hint)
    try:
        regex = to_regex(grammar, rule, captures=True)
    except AutomataError as error:
        raise lines.refused(str(error)) from error
    start = lark_rule(rule)
    preferred = rule.lower() in grammar.annotations.preferred
    top = lines.text(regex, END, preferred)
    first = max(map(len, lines.terminals))
    listed = [
        f"{name}.{len(lines.terminals) - number}: ".ljust(first + 5) + f"/{terminal.text()}/"
        for number, (name, terminal) in enumerate(lines.terminals.items())
    ]
    rules = [f"{name}: {text}" for name, text in ({start: top} | lines.rules).items()]
    header = "// " + generated_line(grammar, source_sha256=source_sha256, command=command)
    return "\n".join([header, SHAPE.format(start=start), "", *rules, "", *listed]) + "\n"
