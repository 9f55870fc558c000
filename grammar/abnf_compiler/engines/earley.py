"""The oracle: Lark's Earley parser on the grammar character by character.

Rules: no lexer, no folding, no look-ahead decides anything, so the verdict is that of the ABNF for
every grammar, recursive or ambiguous.  It is slow (milliseconds for a line) and is what the other
engines are compared with; nothing at run time needs it.  Octets are read as the code points
U+0000 to U+00FF.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput

from abnf_compiler.automata.charset import CharSet
from abnf_compiler.emit.lark_grammar import LarkText, write_lark
from abnf_compiler.emit.lark_names import abnf_rule, lark_rule
from abnf_compiler.engines.refusal import Match, expected_words
from abnf_compiler.tree import ResolvedGrammar

ENGINE: Final = "earley"


@dataclass(frozen=True, slots=True)
class ParseNode:
    """A rule in a parse: its lower-case name, the characters `start` to `end`, the rules in it."""

    rule: str
    start: int
    end: int
    children: tuple[ParseNode, ...] = ()


class RefusedError(ValueError):
    """A string that is to be parsed does not match; `match` says where and why."""

    def __init__(self, rule: str, match: Match) -> None:
        super().__init__(f"not {rule}: at offset {match.position}")
        self.match = match


@lru_cache(maxsize=32)
def _parser(text: str, start: str, ambiguity: str) -> Lark:
    return Lark(text, parser="earley", lexer="dynamic", start=start, ambiguity=ambiguity)


class EarleyRule:
    """One rule of a grammar, ready to match and parse."""

    def __init__(self, rule: str, grammar: LarkText) -> None:
        self.rule = rule.lower()
        self._grammar = grammar

    @cached_property
    def _recogniser(self) -> Lark:
        return _parser(self._grammar.text, lark_rule(self.rule), "forest")

    def match(self, data: bytes | str) -> Match:
        """The verdict on the whole of `data`."""
        text = data.decode("latin-1") if isinstance(data, bytes) else data
        try:
            self._recogniser.parse(text)
        except UnexpectedInput as error:
            return self._refusal(text, error)
        return Match(accepted=True, engine=ENGINE, position=len(text))

    def parse(self, data: bytes | str) -> ParseNode:
        """The rules in `data` with their places; one of several parses where it is ambiguous.

        Raises:
            RefusedError: `data` does not match.
        """
        text = data.decode("latin-1") if isinstance(data, bytes) else data
        parser = _parser(self._grammar.text, lark_rule(self.rule), "resolve")
        try:
            tree = parser.parse(text)
        except UnexpectedInput as error:
            raise RefusedError(self.rule, self._refusal(text, error)) from error
        return _placed(tree)

    def _refusal(self, text: str, error: UnexpectedInput) -> Match:
        if isinstance(error, UnexpectedCharacters):
            position, names = cast(int, error.pos_in_stream), error.allowed
        else:
            assert isinstance(error, UnexpectedEOF), "Earley without lexer raises no other"
            position, names = len(text), set(error.expected)
        expected = CharSet()
        for name in names or ():
            expected = expected | self._grammar.terminals[name]
        may_end = position < len(text) and bool(self.match(text[:position]))
        words = expected_words(expected, may_end=may_end)
        return Match(accepted=False, engine=ENGINE, position=position, expected=words)


def _placed(tree: Tree[Token]) -> ParseNode:
    """Lark's tree with offsets: every token is one character, so counting tokens is enough."""
    offset = 0
    done: list[list[ParseNode]] = [[]]
    starts: list[int] = []
    stack: list[Tree[Token] | Token | _Leave] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, Tree):
            starts.append(offset)
            done.append([])
            stack.append(_Leave(str(item.data)))
            stack.extend(reversed(item.children))
        elif isinstance(item, _Leave):
            node = ParseNode(abnf_rule(item.rule), starts.pop(), offset, tuple(done.pop()))
            done[-1].append(node)
        else:
            offset += 1
    return done[0][0]


@dataclass(frozen=True, slots=True)
class _Leave:
    """Marks on the stack that a rule is complete."""

    rule: str


def compile_rule(grammar: ResolvedGrammar, rule: str) -> EarleyRule:
    """The oracle for one rule (any case).

    Raises:
        KeyError: no such rule.
        GrammarError: some rule it reaches needs prose or a rule that is missing.
    """
    return EarleyRule(rule, write_lark(grammar, start=rule))
