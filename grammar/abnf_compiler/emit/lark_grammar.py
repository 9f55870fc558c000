"""A Lark grammar that says the same as the ABNF, character by character.

Rules: every ABNF rule is a Lark rule of the same name ("_" for "-"), every terminal is one
character, so that no lexer decides anything: `Lark(text, parser="earley", lexer="dynamic",
start=...)` accepts exactly the language of each rule, and its tree has the rules as nodes.  Octets
are the code points U+0000 to U+00FF (decode with latin-1).  What Lark would multiply out (an
option or a choice in a row of others) gets a rule of its own whose name begins with "_"; Lark folds
those into the tree of their parent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Final

from abnf_compiler.automata.charset import Alphabet, CharSet
from abnf_compiler.diagnostics import GrammarError, finding
from abnf_compiler.emit.generated_line import DEFAULT_COMMAND, generated_line
from abnf_compiler.emit.lark_names import character_class, lark_rule, terminal_name
from abnf_compiler.emit.rule_links import reached
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    NumRange,
    NumSeries,
    Option,
    ProseVal,
    Reference,
    Repetition,
    ResolvedGrammar,
    Rule,
)

MAX_WAYS: Final = 8
"""How many expansions one row may be multiplied out to before its parts get rules of their own."""

LARK_WRITES_OUT: Final = 50
"""Below this maximum Lark writes `x~0..n` as n expansions; from it on as a few nested rules."""

WIDTH: Final = 99

PREFACE: Final = (
    '// For Lark(parser="earley", lexer="dynamic"): one character per terminal, octets as latin-1.',
    "// Each rule is the ABNF rule of that name with _ for -; rules that begin with _ are parts of",
    "// the rule above them and leave no node in the tree.",
)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text in Lark's notation, and how many expansions Lark makes of it.

    `atom`: may stand before `*`, `+`, `?` and `~` as it is.  `choice`: needs parentheses in a row.
    """

    text: str
    ways: int = 1
    atom: bool = True
    choice: bool = False


EMPTY: Final = _Piece("", atom=False)


def case_variants(character: str, *, case_sensitive: bool) -> CharSet:
    """The characters one character of a quoted string stands for (RFC 5234, Section 2.3).

    Only the 52 ASCII letters have another case; `re.IGNORECASE` would also join U+212A with "k".
    """
    value = ord(character)
    if case_sensitive or not (character.isascii() and character.isalpha()):
        return CharSet.single(value)
    return CharSet.of([(value & ~0x20, value & ~0x20), (value | 0x20, value | 0x20)])


def one_character(node: Node) -> CharSet | None:
    """The characters of `node` when it always matches exactly one, written without a rule name."""
    match node:
        case NumRange(first, last) if first <= last:
            return CharSet.of([(first, last)])
        case NumSeries((value,)):
            return CharSet.single(value)
        case CharVal(text, case_sensitive) if len(text) == 1:
            return case_variants(text, case_sensitive=case_sensitive)
        case Alternation(items):
            sets = [one_character(item) for item in items]
            known = [charset for charset in sets if charset is not None]
            intervals = [interval for charset in known for interval in charset.intervals]
            return CharSet.of(intervals) if len(known) == len(sets) else None
        case _:
            return None


@dataclass(slots=True)
class _Writer:
    """The grammar under way: terminals by their characters, and the rule being written.

    classes: where given, a terminal is one of these, and other characters are rules of them.
    """

    grammar: ResolvedGrammar
    classes: tuple[CharSet, ...] | None = None
    terminals: dict[CharSet, str] = field(default_factory=dict)
    unions: dict[CharSet, str] = field(default_factory=dict)
    union_lines: list[str] = field(default_factory=list)
    rule: str = ""
    parts: list[tuple[str, str]] = field(default_factory=list)

    def terminal(self, charset: CharSet) -> _Piece:
        if self.classes is not None and charset not in self.classes:
            return self.union(charset, self.classes)
        if charset not in self.terminals:
            self.terminals[charset] = terminal_name(charset) or f"CLASS_{len(self.terminals) + 1}"
        return _Piece(self.terminals[charset])

    def union(self, charset: CharSet, classes: tuple[CharSet, ...]) -> _Piece:
        """A rule of the classes that make up `charset`; no part of a rule has such a name."""
        if charset not in self.unions:
            parts = [self.terminal(each).text for each in classes if each & charset]
            name = f"_set_{len(self.unions) + 1}_characters"
            self.unions[charset] = name
            self.union_lines.append(f"{name}: {' | '.join(parts)}")
        return _Piece(self.unions[charset])

    def apart(self, piece: _Piece) -> _Piece:
        """A rule of its own for `piece`, named after the rule it stands in."""
        name = f"_{lark_rule(self.rule)}_{len(self.parts) + 1}"
        self.parts.append((name, piece.text))
        return _Piece(name)

    def atom(self, piece: _Piece) -> _Piece:
        """`piece` so that an operator may follow it and Lark does not multiply it."""
        if piece.ways > 1:
            return self.apart(piece)
        return piece if piece.atom else _Piece(f"({piece.text})")

    def row(self, pieces: list[_Piece]) -> _Piece:
        """Pieces one after the other; the widest get rules of their own until few ways are left."""
        kept = [piece for piece in pieces if piece.text]
        while prod(piece.ways for piece in kept) > MAX_WAYS:
            widest = max(range(len(kept)), key=lambda index: kept[index].ways)
            kept[widest] = self.apart(kept[widest])
        if len(kept) == 1:
            return kept[0]
        text = " ".join(f"({piece.text})" if piece.choice else piece.text for piece in kept)
        return _Piece(text, prod(piece.ways for piece in kept), atom=False)

    def node(self, node: Node) -> _Piece:
        """The piece for a node of the syntax tree."""
        charset = one_character(node)
        if charset is not None:
            return self.terminal(charset)
        match node:
            case Alternation(items):
                pieces = [self.node(item) for item in items]
                ways = sum(piece.ways for piece in pieces)
                text = " | ".join(piece.text for piece in pieces)
                return _Piece(text, ways, atom=False, choice=True)
            case Concatenation(items):
                return self.row([self.node(item) for item in items])
            case Option(item):
                piece = self.atom(self.node(item))
                return _Piece(f"{piece.text}?", 2, atom=False) if piece.text else EMPTY
            case Repetition():
                return self.repetition(node)
            case CharVal(text, case_sensitive):
                sets = [case_variants(c, case_sensitive=case_sensitive) for c in text]
                return self.row([self.terminal(each) for each in sets])
            case NumSeries(values):
                return self.row([self.terminal(CharSet.single(value)) for value in values])
            case Reference():
                return self.reference(node)
            case ProseVal():
                raise self.unusable(
                    "ABNF405", f"<{node.text}> is prose: no parser can match it", node
                )
            case NumRange():
                raise self.unusable("ABNF403", "the range ends before it begins", node)

    def reference(self, node: Reference) -> _Piece:
        if node.key not in self.grammar.rules:
            raise self.unusable("ABNF201", f"rule {node.name} is not defined", node)
        return _Piece(lark_rule(node.name))

    def unusable(self, code: str, message: str, node: Node) -> GrammarError:
        return GrammarError((finding(code, message, node.span),))

    def repetition(self, node: Repetition) -> _Piece:
        """`item` repeated, in Lark's operators; bounds are exact however large they are."""
        low, high = node.minimum, node.maximum
        if high == 0:
            return EMPTY
        if (low, high) == (1, 1):
            return self.node(node.item)
        item = self.node(node.item)
        if not item.text:
            return EMPTY
        text = self.atom(item).text
        if high is None:
            if low <= 1:
                return _Piece(f"{text}{'+' if low else '*'}", 1 if low else 2, atom=False)
            return _Piece(f"{text}~{low} {text}*", 2, atom=False)
        if (low, high) == (0, 1):
            return _Piece(f"{text}?", 2, atom=False)
        if low == high:
            return _Piece(f"{text}~{low}", atom=False)
        ways = high - low + 1 if high < LARK_WRITES_OUT else 1
        return _Piece(f"{text}~{low}..{high}", ways, atom=False)

    def lines(self, rule: Rule) -> list[str]:
        """The Lark rule for `rule`, and the rules of its parts."""
        self.rule, self.parts = rule.name, []
        nodes: tuple[Node, ...] = (rule.definition,)
        if isinstance(rule.definition, Alternation) and one_character(rule.definition) is None:
            nodes = rule.definition.items
        name = lark_rule(rule.name)
        alternatives = [self.node(node).text for node in nodes]
        line = f"{name}: {' | '.join(alternatives)}"
        if len(line) > WIDTH:
            line = f"{name}: " + "\n    | ".join(alternatives)
        return [line.rstrip(), *(f"{name}: {text}".rstrip() for name, text in self.parts)]


def _source(origin: str) -> str:
    """Where rules come from, for a heading."""
    if origin == "core":
        return "Core rules: RFC 5234, Appendix B.1"
    return f"Rules of {origin}" if origin else "The rules of the file"


@dataclass(frozen=True, slots=True)
class LarkText:
    """A grammar in Lark's notation, and what its terminals stand for."""

    text: str
    terminals: dict[str, CharSet]


def write_lark(
    grammar: ResolvedGrammar,
    *,
    start: str | None = None,
    source_sha256: str | None = None,
    command: str = DEFAULT_COMMAND,
    disjoint: bool = False,
) -> LarkText:
    """What `emit_lark` emits, with the characters of every terminal.

    With `start` only the rules that this rule (any case) reaches, so that prose elsewhere in a
    grammar does no harm.  With `disjoint` no character is in two terminals, as a lexer needs it:
    characters that overlap others become rules whose names begin with "_".

    Raises:
        GrammarError: see `emit_lark`.
        KeyError: no rule `start`.
    """
    rules = list(grammar.rules.values()) if start is None else reached(grammar, start)
    writer = _Writer(grammar)
    if disjoint:
        for rule in rules:
            writer.lines(rule)
        writer = _Writer(grammar, Alphabet(writer.terminals).classes)
    lines = [
        "// " + generated_line(grammar, source_sha256=source_sha256, command=command),
        *PREFACE,
    ]
    for origin in dict.fromkeys(rule.origin for rule in rules):
        lines += ["", f"// {_source(origin)}", ""]
        for rule in rules:
            if rule.origin == origin:
                lines += writer.lines(rule)
    lines += ["", "// Characters", "", *writer.union_lines]
    lines += [f"{name}: /{character_class(each)}/" for each, name in writer.terminals.items()]
    terminals = {name: charset for charset, name in writer.terminals.items()}
    return LarkText("\n".join(lines) + "\n", terminals)


def emit_lark(
    grammar: ResolvedGrammar,
    *,
    source_sha256: str | None = None,
    command: str = DEFAULT_COMMAND,
) -> str:
    """The whole grammar for `Lark(text, parser="earley", lexer="dynamic", start=...)`.

    Any rule may be the start.  Input is text: octets are decoded with latin-1 first.

    Raises:
        GrammarError: a rule needs a rule that is missing, or prose, which no parser can match.
    """
    return write_lark(grammar, source_sha256=source_sha256, command=command).text
