"""Whether the vectors notice every single edit of the grammar.

    python tests/compiler/grammar_mutants.py [--sample N] [--seed N]

Each edit (abnf_compiler.sentences.edits) is put to the vectors of every start rule that reaches
the edited rule.  It is killed when the edited rule gives another verdict on some vector; where it
does not, the languages are compared, and the edit is equal or survives.  Exit 1 on a survivor.
An edit of which nothing but the reading changes (received-line is ambiguous on purpose) counts as
equal: a vector is a verdict, not a reading.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from abnf_compiler.automata.compare import shortest_surplus
from abnf_compiler.automata.dfa import Nfa, determinise, position_nfa, refusal_of
from abnf_compiler.automata.normal_form import TooLargeError, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.grammar import load_resolved
from abnf_compiler.sentences.edits import Edit, edits, reached
from abnf_compiler.tree import ResolvedGrammar

PROJECT: Final = Path(__file__).resolve().parents[2]
GRAMMAR: Final = Path("grammar/reply-metadata.abnf")
VECTORS: Final = PROJECT / "tests/vectors/_generated"
KILLED, EQUAL, SURVIVED, UNDECIDED = "killed", "equal", "survived", "undecided"
SMALL: Final = 3_000
SECONDS_BETWEEN_SIGNS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an edit at each start rule that reaches it."""

    edit: Edit
    at: dict[str, str]

    @property
    def verdict(self) -> str:
        """Killed when some start rule kills it, equal when every one is proved equal."""
        for word in (KILLED, SURVIVED, UNDECIDED):
            if word in self.at.values():
                return word
        return EQUAL


Records = dict[str, list[tuple[bytes, bool]]]


def read_vectors(folder: Path = VECTORS) -> Records:
    """The strings and verdicts of every vector file, by rule in lower case."""
    records: Records = {}
    for path in sorted(folder.glob("*.json")):
        for record in json.loads(path.read_text("utf-8"))["vectors"]:
            plain = record.get("raw")
            octets = bytes.fromhex(record["raw_hex"]) if plain is None else plain.encode("ascii")
            records.setdefault(record["rule"].lower(), []).append((octets, record["accepted"]))
    return records


class Mutants:
    """The edits of a grammar, and the vectors they are put to."""

    def __init__(self, grammar: ResolvedGrammar, records: Records) -> None:
        self.grammar = grammar
        self.records = records
        self.reach = {rule: reached(grammar, rule) for rule in records}
        self.before = {rule: Positions(to_regex(grammar, rule)) for rule in records}
        self.edits = list(edits(grammar, frozenset().union(*self.reach.values())))

    def outcome(self, edit: Edit) -> Outcome:
        """Put one edit to the vectors."""
        grammar = edit.apply(self.grammar)
        starts = [rule for rule, reach in self.reach.items() if edit.rule.lower() in reach]
        return Outcome(edit, {rule: self._verdict(grammar, rule) for rule in starts})

    def _verdict(self, edited: ResolvedGrammar, rule: str) -> str:
        after, before = Positions(to_regex(edited, rule)), self.before[rule]
        if notices(position_nfa(after), self.records[rule]):
            return KILLED
        try:
            one, other = shortest_surplus(after, before), shortest_surplus(before, after)
        except TooLargeError:
            return UNDECIDED
        return EQUAL if one is None and other is None else SURVIVED


def notices(nfa: Nfa, records: Iterable[tuple[bytes, bool]]) -> bool:
    """Whether the automaton gives another verdict than some record."""
    try:
        accepts = determinise(nfa, cap=SMALL).accepts
    except TooLargeError:
        return any(
            (refusal_of(nfa, octets) is None) is not accepted for octets, accepted in records
        )
    return any(accepts(octets) is not accepted for octets, accepted in records)


def outcomes(mutants: Mutants, chosen: Sequence[Edit]) -> Iterator[Outcome]:
    """The outcome of each edit, with a sign of life on stderr."""
    signed = time.monotonic()
    for number, edit in enumerate(chosen):
        yield mutants.outcome(edit)
        if time.monotonic() - signed > SECONDS_BETWEEN_SIGNS:
            signed = time.monotonic()
            sys.stderr.write(f"{number + 1} of {len(chosen)} edits\n")


def report(found: Sequence[Outcome]) -> str:
    """The figures by kind of edit, then what survived."""
    words = (KILLED, EQUAL, SURVIVED, UNDECIDED)
    kinds = Counter((outcome.edit.kind.value, outcome.verdict) for outcome in found)
    total = Counter(outcome.verdict for outcome in found)
    at_starts = Counter(word for outcome in found for word in outcome.at.values())
    lines = [f"{'':22}" + "".join(f"{word:>11}" for word in words)]
    for kind in dict.fromkeys(outcome.edit.kind.value for outcome in found):
        lines.append(f"{kind:22}" + "".join(f"{kinds[kind, word]:11}" for word in words))
    lines.append(f"{'edits':22}" + "".join(f"{total[word]:11}" for word in words))
    lines.append(f"{'edit at a start rule':22}" + "".join(f"{at_starts[w]:11}" for w in words))
    for outcome in found:
        for rule, word in outcome.at.items():
            if word in (SURVIVED, UNDECIDED):
                lines.append(f"{word} at {rule}: {outcome.edit}")
    return "\n".join(lines) + "\n"


def sample(mutants: Mutants, count: int, seed: int) -> list[Edit]:
    """`count` edits drawn by chance, the same for the same seed, in the order written."""
    numbers = Random(f"mutants/{seed}").sample(range(len(mutants.edits)), count)
    return [mutants.edits[number] for number in sorted(numbers)]


def main() -> int:
    """Read the command line; 1 when an edit is not noticed anywhere."""
    parser = argparse.ArgumentParser(description="Put every single edit to the vectors.")
    parser.add_argument("--sample", type=int, metavar="N", help="only N edits, drawn by chance")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another sample (0)")
    parser.add_argument("--list-equal", action="store_true", help="name the equal edits too")
    arguments = parser.parse_args()
    os.chdir(PROJECT)
    mutants = Mutants(load_resolved(GRAMMAR), read_vectors())
    chosen = mutants.edits
    if arguments.sample is not None:
        chosen = sample(mutants, min(arguments.sample, len(chosen)), arguments.seed)
    found = list(outcomes(mutants, chosen))
    sys.stdout.write(report(found))
    if arguments.list_equal:
        sys.stdout.write("".join(f"equal: {o.edit}\n" for o in found if o.verdict == EQUAL))
    return int(any(outcome.verdict in (SURVIVED, UNDECIDED) for outcome in found))


if __name__ == "__main__":
    sys.exit(main())
