"""What changed between two grammars: rule by rule, with strings that only one of them accepts.

    result = diff_grammars(old.resolved, new.resolved)
    print(result.rule("metadata-key").relation)  # Relation.WIDER
    print(result.rule("metadata-key").only_new)  # Witness(codes=(97, 95), shortest=True)

Rules: "equal" is always a proof, by the definitions or by automata, and so is every string given;
what is not proved says how far it was looked for.  Compared are the rules that stand in one of the
two files, and imported rules where both grammars have them and they differ.  Core rules are in
every grammar (RFC 5234, Appendix B.1).  Annotations are not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from abnf_compiler.automata.normal_form import AutomataError, NotRegularError, to_regex
from abnf_compiler.diff_blueprint import Symbols
from abnf_compiler.diff_forms import FormId
from abnf_compiler.diff_languages import Bounds, Languages
from abnf_compiler.diff_meaning import Meanings
from abnf_compiler.diff_search import Direction, Directions, Word
from abnf_compiler.grammar import UnknownRuleError
from abnf_compiler.resolve.core_rules import core_rules
from abnf_compiler.resolve.resolver import UNDEFINED
from abnf_compiler.sentences.derivation import Lengths
from abnf_compiler.tree import Annotations, ProseVal, ResolvedGrammar, Rule

__all__ = ["Bounds", "GrammarDiff", "Proof", "Relation", "RuleDiff", "Witness", "diff_grammars"]


class Relation(Enum):
    """What a rule accepts in the new grammar, against the old one."""

    EQUAL = "equal"
    WIDER = "wider"
    NARROWER = "narrower"
    INCOMPARABLE = "incomparable"
    ADDED = "added"
    REMOVED = "removed"
    NO_DIFFERENCE_FOUND = "no-difference-found"
    NOT_DECIDED = "not-decided"


class Proof(Enum):
    """How a relation was found."""

    DEFINITION = "definition"
    AUTOMATA = "automata"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Witness:
    """A string that one of the grammars accepts and the other refuses.

    codes: its characters.  shortest: whether it is known that none is shorter.
    """

    codes: tuple[int, ...]
    shortest: bool


@dataclass(frozen=True, slots=True)
class RuleDiff:
    """The comparison of one rule.

    exact: whether the relation is proved in both directions; where it is not, `note` says what is
    missing.  rewritten: its definition is not the same text, layout and comments apart.  through:
    rewritten rules that it reaches and that differ.
    """

    name: str
    relation: Relation
    proof: Proof
    exact: bool = True
    only_old: Witness | None = None
    only_new: Witness | None = None
    rewritten: bool = True
    through: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class GrammarDiff:
    """The comparison of two grammars: the rules of the old one in its order, then what is new."""

    old: str
    new: str
    rules: tuple[RuleDiff, ...]

    @property
    def equal(self) -> bool:
        """Whether every rule is proved equal."""
        return all(each.relation is Relation.EQUAL for each in self.rules)

    def rule(self, name: str) -> RuleDiff:
        """The comparison of one rule (any case).

        Raises:
            KeyError: it was not compared.
        """
        found = next((each for each in self.rules if each.name.lower() == name.lower()), None)
        if found is None:
            raise KeyError(name)
        return found

    def counts(self) -> dict[Relation, int]:
        """How many rules have each relation."""
        return {
            relation: sum(each.relation is relation for each in self.rules) for relation in Relation
        }


def diff_grammars(
    old: ResolvedGrammar,
    new: ResolvedGrammar,
    *,
    rules: Iterable[str] | None = None,
    bounds: Bounds | None = None,
    progress: Callable[[str], None] = lambda rule: None,
) -> GrammarDiff:
    """Compare two grammars.

    rules: only these, of whatever origin.  bounds: the work that one rule may take.  progress: told
    the name of each rule that needs more than its definition.

    Raises:
        UnknownRuleError: a name of `rules` is that of no rule in either grammar.
    """
    comparison = _Comparison(_completed(old), _completed(new), bounds or Bounds(), progress)
    found = comparison.run(None if rules is None else tuple(rules))
    return GrammarDiff(old.name, new.name, found)


def _completed(grammar: ResolvedGrammar) -> ResolvedGrammar:
    """The grammar with all core rules; a rule that is not defined is prose, whatever its case."""
    rules = {
        key: replace(rule, definition=ProseVal(key, rule.definition.span))
        if rule.origin == UNDEFINED
        else rule
        for key, rule in grammar.rules.items()
    }
    for key, each in core_rules().items():
        rules.setdefault(key, Rule(each.name, each.definition, "core", (each,)))
    return ResolvedGrammar(grammar.name, grammar.text, rules, Annotations())


class _Comparison:
    def __init__(
        self,
        old: ResolvedGrammar,
        new: ResolvedGrammar,
        bounds: Bounds,
        progress: Callable[[str], None],
    ) -> None:
        self._old = old
        self._new = new
        self._grammars = (old, new)
        self._bounds = bounds
        self._progress = progress
        self._symbols = Symbols()
        self._meanings = Meanings(old.rules, new.rules)
        self._whole: frozenset[str] = frozenset()
        self._compared_forms: dict[tuple[FormId, FormId], Languages] = {}
        self._shortest: dict[int, Lengths] = {}

    def run(self, names: tuple[str, ...] | None) -> tuple[RuleDiff, ...]:
        """The rows of the rules asked for; of all that are to be compared without."""
        wanted = None if names is None else {self._known(name) for name in names}
        rows: dict[str, RuleDiff] = {}
        for group in self._meanings.groups():
            for key in group:
                if (wanted is None and self._is_defined(key)) or (wanted and key in wanted):
                    rows[key] = self._row(key)
            if len(group) > 1 or group[0] in self._meanings.graph[group[0]]:
                self._whole |= {key for key in group if self._is_whole(key)}
        order = [key for key in self._meanings.graph if key in rows]
        return tuple(rows[key] for key in order if wanted is not None or self._counts(rows[key]))

    def _counts(self, row: RuleDiff) -> bool:
        """Whether a rule belongs to a comparison of everything."""
        key = row.name.lower()
        if any(key in each.rules and each.rules[key].origin == "" for each in self._grammars):
            return True
        one_sided = row.relation in (Relation.ADDED, Relation.REMOVED)
        return not one_sided and not _is_equal(row)

    def _known(self, name: str) -> str:
        """The key of a rule that one of the grammars defines.

        Raises:
            UnknownRuleError: there is none.
        """
        key = name.lower()
        if not self._is_defined(key):
            known = (each.name for one in self._grammars for each in one.rules.values())
            raise UnknownRuleError(name, known)
        return key

    def _is_defined(self, key: str) -> bool:
        return any(_defines(each, key) for each in self._grammars)

    def _is_whole(self, key: str) -> bool:
        """Whether a recursive rule is alike in both grammars and no automaton describes it."""
        if key not in self._old.rules or key not in self._new.rules:
            return False
        if not self._meanings.alike(key):
            return False
        try:
            to_regex(self._old, key)
        except NotRegularError:
            return True
        except AutomataError:
            pass
        return False

    def _row(self, key: str) -> RuleDiff:
        if not _defines(self._old, key):
            return RuleDiff(self._new.rules[key].name, Relation.ADDED, Proof.DEFINITION)
        if not _defines(self._new, key):
            return RuleDiff(self._old.rules[key].name, Relation.REMOVED, Proof.DEFINITION)
        return self._compared(key)

    def _compared(self, key: str) -> RuleDiff:
        old, new = self._old.rules[key], self._new.rules[key]
        row = RuleDiff(
            new.name,
            Relation.EQUAL,
            Proof.DEFINITION,
            rewritten=old.definition != new.definition,
        )
        if self._meanings.alike(key):
            return row
        found = Directions(
            Direction(proved=self._meanings.only_grew(key)),
            Direction(proved=self._meanings.only_shrank(key)),
        )
        if found.settled:
            self._meanings.note(key, only_grew=True, only_shrank=True)
            return row
        edited = self._edited(key)
        forms = self._meanings.forms(key)
        if forms not in self._compared_forms:
            self._progress(new.name)
            languages = Languages(
                self._old,
                self._new,
                key,
                symbols=self._symbols,
                bounds=self._bounds,
                found=found,
                lengths=self._lengths,
            )
            languages.compare(self._whole, edited)
            self._compared_forms[forms] = languages
        languages = self._compared_forms[forms]
        proved = (languages.found.only_old.proved, languages.found.only_new.proved)
        self._meanings.note(key, only_grew=proved[0], only_shrank=proved[1])
        row = _result(row, languages, self._symbols)
        through = () if _is_equal(row) else (self._new.rules[each].name for each in edited - {key})
        return replace(row, through=tuple(sorted(through)))

    def _lengths(self, grammar: ResolvedGrammar) -> Lengths:
        """The shortest sentences of a side, found once."""
        number = int(grammar is self._new)
        if number not in self._shortest:
            self._shortest[number] = Lengths(grammar)
        return self._shortest[number]

    def _edited(self, key: str) -> frozenset[str]:
        """The rules among `key` and those it reaches that are rewritten and not alike."""
        reached, pending = set[str](), [key]
        while pending:
            each = pending.pop()
            if each not in reached:
                reached.add(each)
                pending += self._meanings.graph[each]
        return frozenset(each for each in reached if self._is_edited(each))

    def _is_edited(self, key: str) -> bool:
        old, new = self._old.rules.get(key), self._new.rules.get(key)
        if old is None or new is None or old.definition == new.definition:
            return False
        return not self._meanings.alike(key)


def _defines(grammar: ResolvedGrammar, key: str) -> bool:
    return key in grammar.rules and grammar.rules[key].origin != UNDEFINED


def _is_equal(row: RuleDiff) -> bool:
    return row.relation is Relation.EQUAL


def _result(row: RuleDiff, languages: Languages, symbols: Symbols) -> RuleDiff:
    """The row with what the search found out."""
    gone, come = languages.found.only_old, languages.found.only_new
    exact = all(each.proved or each.word is not None for each in (gone, come))
    if gone.proved and come.proved:
        relation = Relation.EQUAL
    elif gone.word is not None:
        relation = Relation.NARROWER if come.word is None else Relation.INCOMPARABLE
    elif come.word is not None:
        relation = Relation.WIDER
    elif languages.reason or not (gone.supposed is come.supposed is None):
        relation = Relation.NOT_DECIDED
    else:
        relation = Relation.NO_DIFFERENCE_FOUND
    by_automata = exact and (languages.regular or relation is Relation.EQUAL)
    return replace(
        row,
        relation=relation,
        proof=Proof.AUTOMATA if by_automata else Proof.SEARCH,
        exact=exact,
        only_old=_witness(gone),
        only_new=_witness(come),
        note="" if exact else "; ".join(_remarks(languages, symbols)),
    )


def _with_prose(word: Word, symbols: Symbols) -> str:
    """A string with prose in it, written as ABNF."""
    parts: list[str] = []
    for code in word:
        char = chr(max(code, 0))
        if code < 0:
            parts.append(f"<{symbols.name(code)}>")
        elif not " " <= char <= "~" or char == '"':
            parts.append(f"%x{code:02X}")
        elif parts and parts[-1].endswith('"'):
            parts[-1] = f'{parts[-1][:-1]}{char}"'
        else:
            parts.append(f'"{char}"')
    return " ".join(parts) or '""'


def _witness(direction: Direction) -> Witness | None:
    return None if direction.word is None else Witness(direction.word, direction.shortest)


def _remarks(languages: Languages, symbols: Symbols) -> Iterator[str]:
    """What is known and what is not of a rule that is not decided in both directions."""
    found = languages.found
    sides = {"old": found.only_old, "new": found.only_new}
    if languages.reason:
        yield languages.reason
    for side, each in sides.items():
        if each.proved:
            yield f"all that the {side} rule accepts the other accepts"
    supposed = [
        f"only the {side} rule would accept {_with_prose(each.supposed, symbols)}"
        for side, each in sides.items()
        if each.supposed is not None and each.word is None
    ]
    if supposed:
        yield f"if prose stood for itself, {' and '.join(supposed)}"
    searched = [side for side, each in sides.items() if not each.settled and each.supposed is None]
    if searched and found.strings:
        what = "no difference found"
        if len(searched) == 1:
            what = f"no string found that only the {searched[0]} rule accepts"
        unit = "octets" if languages.octets else "characters"
        bound = f"up to {found.complete} {unit} / " if found.complete >= 0 else "in "
        yield f"{what} {bound}{found.strings} strings"
