"""The grammar as a Python program uses it: read it once, then ask it.

    grammar = Grammar.from_file("reply-metadata.abnf")
    match = grammar.rule("metadata-group").match(b"[REFERRAL smtp://backend2/]")

Rule: a `Grammar` that exists has no error; what is wrong with a text comes as `GrammarError`, and
warnings stay in `diagnostics`. Engines and Lark are loaded when they are first needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from abnf_compiler.checks.examine import examine
from abnf_compiler.diagnostics import Diagnostic, GrammarError, has_errors
from abnf_compiler.source import Source
from abnf_compiler.tree import Node, ResolvedGrammar
from abnf_compiler.tree import Rule as ResolvedRule

if TYPE_CHECKING:
    from lark import Lark

    from abnf_compiler.analysis import Analysis
    from abnf_compiler.emit.lark_grammar import LarkText
    from abnf_compiler.engines.earley import EarleyRule, ParseNode
    from abnf_compiler.engines.refusal import Match

__all__ = ["EngineName", "Grammar", "LarkResult", "Rule", "UnknownRuleError", "load_resolved"]

BORROWED: Final = "borrowed"  # the library that stands beside a grammar file
EngineName: TypeAlias = Literal["auto", "compiled", "earley"]
LarkParser: TypeAlias = Literal["auto", "lalr", "earley"]


class UnknownRuleError(LookupError):
    """A rule name that the grammar does not define."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        spelled = {each.lower(): each for each in known}
        near = get_close_matches(name.lower(), spelled, 1)
        hint = f'; did you mean "{spelled[near[0]]}"?' if near else ""
        super().__init__(f'there is no rule "{name}"{hint}')


@dataclass(frozen=True, slots=True)
class LarkResult:
    """A Lark parser for one start rule.

    sound: whether it is shown to accept exactly the language of the rule. reason: why, or why not.
    Its text is octets as latin-1, or code points.
    """

    lark: Lark
    sound: bool
    reason: str


class _Matcher(Protocol):
    def match(self, data: bytes | str, /) -> Match: ...


class Rule:
    """One rule of a grammar, ready to match."""

    def __init__(self, grammar: ResolvedGrammar, rule: ResolvedRule) -> None:
        self._grammar = grammar
        self._rule = rule
        self._matchers: dict[str, _Matcher] = {}

    @property
    def name(self) -> str:
        """The name as the grammar writes it."""
        return self._rule.name

    @property
    def definition(self) -> Node:
        """The syntax tree of its definition, what "=/" adds included."""
        return self._rule.definition

    @property
    def origin(self) -> str:
        """Where it comes from: "" the file itself, "core" RFC 5234, else the imported document."""
        return self._rule.origin

    def __repr__(self) -> str:
        return f"<Rule {self.name}>"

    def match(self, data: bytes | str, *, engine: EngineName = "auto") -> Match:
        """Whether the rule accepts all of `data`: octets, or the code points of a string.

        engine: "compiled" (a proven linear pattern, regular rules only), "earley" (any rule,
        slow), or "auto": compiled where the rule is regular, else earley.

        Raises:
            AutomataError: "compiled" was asked for and the rule is not regular, or too large.
            GrammarError: the rule needs prose, which no engine can match.
        """
        return (self._matchers.get(engine) or self._matcher(engine)).match(data)

    def parse(self, data: bytes | str, *, named: Iterable[str] | None = None) -> ParseNode:
        """The rules in `data` with their places: nodes of .rule, .start, .end and .children.

        Places count octets, or the code points of a string.  A string with several readings
        gives one of them; `@prefer` does not choose it (the generated parsers do as it says).

        named: below the root only these rules; what is in a rule left out takes its place.

        Raises:
            RefusedError: the rule does not accept `data`; `.match` says where and why.
            UnknownRuleError: `named` holds a name the grammar does not define.
            GrammarError: the rule needs prose, which no engine can match.
        """
        from abnf_compiler.parse_tree import named_tree

        names = {key: rule.name for key, rule in self._grammar.rules.items()}
        kept = None if named is None else {name.lower(): name for name in named}
        for key, name in (kept or {}).items():
            if key not in names:
                raise UnknownRuleError(name, names.values())
        return named_tree(self._reader.parse(data), names, kept)

    @cached_property
    def analysis(self) -> Analysis:
        """What is known about the rule: regular, ambiguous, how large; made on first use."""
        from abnf_compiler.analysis import analyse

        return analyse(self._grammar, self._rule.key)

    @cached_property
    def _reader(self) -> EarleyRule:
        from abnf_compiler.engines import earley

        return earley.compile_rule(self._grammar, self._rule.key)

    def _matcher(self, engine: EngineName) -> _Matcher:
        if engine not in self._matchers:
            self._matchers[engine] = self._compiled(engine)
        return self._matchers[engine]

    def _compiled(self, engine: EngineName) -> _Matcher:
        from abnf_compiler.automata.normal_form import AutomataError
        from abnf_compiler.engines import compiled

        if engine != "earley":
            try:
                return compiled.compile_rule(self._grammar, self._rule.key)
            except AutomataError:
                if engine == "compiled":
                    raise
        return self._reader


class Grammar:
    """A grammar without errors: its rules, and what they can be made into."""

    def __init__(self, resolved: ResolvedGrammar, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        self._resolved = resolved
        self._diagnostics = diagnostics
        self._rules = {key: Rule(resolved, rule) for key, rule in resolved.rules.items()}

    @classmethod
    def from_file(
        cls,
        path: Path | str,
        *,
        library: Iterable[Path | str] = (),
        fragment: bool = False,
        imports: Sequence[str] = (),
    ) -> Grammar:
        """The grammar in a file.

        library: directories searched for imported documents, after `borrowed/` beside the file.
        fragment: rules that are not defined are warnings, and prose that nothing matches.
        imports: documents to take from whatever the file uses and does not define.

        Raises:
            GrammarError: the text has errors.
            OSError, UnicodeDecodeError: the file cannot be read, or is not UTF-8.
        """
        file = Path(path)
        source = Source(str(path), file.read_bytes().decode("utf-8-sig"))
        return cls._from(source, (file.parent / BORROWED, *library), fragment, imports)

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        name: str = "<text>",
        library: Iterable[Path | str] = (),
        fragment: bool = False,
        imports: Sequence[str] = (),
    ) -> Grammar:
        """The grammar in a string, reported under `name`; otherwise as `from_file`."""
        return cls._from(Source(name, text), library, fragment, imports)

    @classmethod
    def _from(
        cls, source: Source, library: Iterable[Path | str], fragment: bool, imports: Sequence[str]
    ) -> Grammar:
        examination = examine(source, library=library, fragment=fragment, imports=imports)
        if has_errors(examination.diagnostics):
            raise GrammarError(examination.diagnostics)
        return cls(examination.grammar, examination.diagnostics)

    @property
    def name(self) -> str:
        """The path of the file, or the name the text was given."""
        return self._resolved.name

    @property
    def resolved(self) -> ResolvedGrammar:
        """What every emitter reads."""
        return self._resolved

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The warnings, by place."""
        return self._diagnostics

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules: those of the file in its order, then imported ones, then core rules."""
        return tuple(self._rules.values())

    def rule(self, name: str) -> Rule:
        """The rule of that name; names compare without case (RFC 5234, Section 2.1).

        Raises:
            UnknownRuleError: there is none.
        """
        rule = self._rules.get(name.lower())
        if rule is None:
            raise UnknownRuleError(name, (each.name for each in self._rules.values()))
        return rule

    def to_lark(self, start: str, *, parser: LarkParser = "auto") -> LarkResult:
        """A Lark parser for rule `start`, one terminal for one character.

        "auto" takes LALR where it is shown to be sound (every character is in one terminal, and
        the table has no conflict) and Earley, which is sound for every grammar, elsewhere.

        Raises:
            UnknownRuleError: there is no such rule.
            GrammarError: a rule holds prose, which no parser can match.
            ValueError: "lalr" was asked for and Lark cannot make a table at all.
        """
        from abnf_compiler.emit.lark_grammar import write_lark
        from abnf_compiler.emit.lark_names import lark_rule

        rule = self.rule(start).name
        one_by_one = write_lark(self._resolved, start=rule)
        if parser == "earley":
            reader = _earley(one_by_one, lark_rule(rule))
            return LarkResult(reader, True, "Earley reads every grammar")
        grammar = write_lark(self._resolved, start=rule, disjoint=True)
        lark, doubt = _lalr(grammar, lark_rule(rule))
        if lark is not None and not doubt:
            return LarkResult(lark, True, "LALR: no conflict, and every character in one terminal")
        if parser == "auto":
            reader = _earley(one_by_one, lark_rule(rule))
            return LarkResult(reader, True, f"Earley, because {doubt}")
        if lark is None:
            raise ValueError(doubt)
        return LarkResult(lark, False, doubt)


def load_resolved(
    path: Path | str, *, library: Iterable[Path | str] = (), fragment: bool = False
) -> ResolvedGrammar:
    """The grammar in a file as the emitters read it; arguments and errors of `from_file`."""
    return Grammar.from_file(path, library=library, fragment=fragment).resolved


def _earley(grammar: LarkText, start: str) -> Lark:
    from lark import Lark

    return Lark(grammar.text, start=start, parser="earley", lexer="dynamic")


def _lalr(grammar: LarkText, start: str) -> tuple[Lark | None, str]:
    """An LALR parser, and why it may read another language; None when there is no table."""
    from lark import Lark
    from lark.common import ParserConf
    from lark.exceptions import GrammarError as LarkGrammarError
    from lark.parsers.lalr_analysis import LALR_Analyzer

    try:
        lark = Lark(grammar.text, start=start, parser="lalr", lexer="basic")
    except LarkGrammarError:
        return None, "two rules end at the same place (a reduce/reduce conflict)"
    try:  # Lark itself shifts in a conflict and says nothing
        analyzer = LALR_Analyzer(ParserConf(lark.rules, {}, [start]), strict=True)
        analyzer.compute_lalr()  # type: ignore[no-untyped-call]  # untyped in Lark
    except LarkGrammarError:
        return lark, "one character ahead does not decide (a shift/reduce conflict)"
    for one, other in combinations([terminal.name for terminal in lark.terminals], 2):
        assert not grammar.terminals[one] & grammar.terminals[other], "classes are disjoint"
    return lark, ""
