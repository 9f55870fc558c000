"""Test vectors for everybody: JSON files of strings each rule accepts and strings it refuses.

Rules: one file for each rule, one record on a line.  Accepted strings are the `@example`s and a
set that shows every decision of the rule; refused ones are near misses, one for each thing that can
be wrong in each rule.  Every record has been put to the engine that decides its rule before it is
written.  An id is made of the words of its record, so that it stays when others come or go.  The
form is fixed by tests/vectors/schema.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from abnf_compiler.emit.generated_line import DEFAULT_COMMAND, generated_line
from abnf_compiler.sentences.derive import Deriver
from abnf_compiler.sentences.judge import Judge, judge
from abnf_compiler.sentences.near_misses import Fault, near_misses
from abnf_compiler.tree import ResolvedGrammar

SEED: Final = 1
MAX_OCTETS: Final = 256
MAX_ID: Final = 100
SIGN: Final = re.compile(r"[^A-Za-z0-9 .*/:(),-]")
BREAK: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Vector:
    """A string, the verdict of `rule` on it, and what it shows or breaks."""

    rule: str
    octets: bytes
    accepted: bool
    reason: str


class EngineError(AssertionError):
    """The engine refuses what the grammar derives; a fault of the compiler."""


def _accepted(grammar: ResolvedGrammar, rule: str) -> Iterator[Vector]:
    """The examples of a rule, then a set of sentences that shows all of it."""
    name = grammar.rules[rule].name
    for owner, text in grammar.annotations.examples:
        if owner == rule:
            yield Vector(name, text.encode("latin-1"), True, f"{name}: an example of the grammar")
    deriver = Deriver(grammar, rule, seed=SEED, max_octets=MAX_OCTETS)
    for goal, derivation in deriver.covering():
        yield Vector(name, derivation.sentence(), True, deriver.shows(goal))


def _refused(grammar: ResolvedGrammar, rule: str, match: Judge) -> Iterator[Vector]:
    """One near miss for each thing that is wrong."""
    said: set[Fault] = set()
    misses = near_misses(
        grammar, rule, seed=SEED, max_octets=MAX_OCTETS, refused=lambda octets: not match(octets)
    )
    for miss in misses:
        if miss.fault in said:
            return
        said.add(miss.fault)
        reason = f"{miss.rule}: {miss.reason}"
        yield Vector(grammar.rules[rule].name, miss.octets, False, reason)


def vectors(grammar: ResolvedGrammar, rule: str, match: Judge) -> tuple[Vector, ...]:
    """The vectors of one rule (lower case), each string once.

    Raises:
        EngineError: the engine refuses a sentence of the rule.
    """
    found: dict[bytes, Vector] = {}
    for vector in _accepted(grammar, rule):
        if not match(vector.octets):
            raise EngineError(f"{rule} should accept {vector.octets!r}: {vector.reason}")
        found.setdefault(vector.octets, vector)
    for vector in _refused(grammar, rule, match):
        found.setdefault(vector.octets, vector)
    return tuple(found.values())


def _words(text: str) -> str:
    """`text` as words joined by "-"; signs become their code, so that `"<"` and `">"` differ."""
    bare = text.replace('"', "").replace("%", "")
    spelled = SIGN.sub(lambda match: f" x{ord(match[0]):02x} ", bare)
    return BREAK.sub("-", spelled.lower()).strip("-")


def identifiers(records: Sequence[Vector]) -> Iterator[str]:
    """An id for each record; a digest of the string is added where the words are not enough."""
    bases = [
        f"{vector.rule.lower()}-{'accepted' if vector.accepted else 'refused'}-"
        f"{_words(vector.reason.removeprefix(vector.rule + ': '))}"[:MAX_ID].rstrip("-")
        for vector in records
    ]
    for base, vector in zip(bases, records, strict=True):
        digest = sha256(vector.octets).hexdigest()[:8]
        yield base if bases.count(base) == 1 else f"{base}-{digest}"


def _record(identifier: str, vector: Vector) -> dict[str, object]:
    """One record as it stands in the file."""
    plain = all(0x20 <= octet <= 0x7E for octet in vector.octets)
    raw = {"raw": vector.octets.decode("ascii")} if plain else {"raw_hex": vector.octets.hex()}
    return {
        "id": identifier,
        "rule": vector.rule,
        **raw,
        "accepted": vector.accepted,
        "reason": vector.reason,
    }


def vector_file(first_line: str, records: Sequence[Vector]) -> str:
    """One file of vectors: a JSON object, one record on a line."""
    lines = ",\n".join(
        f"    {json.dumps(_record(identifier, vector), ensure_ascii=True)}"
        for identifier, vector in zip(identifiers(records), records, strict=True)
    )
    return f'{{\n  "generated": {json.dumps(first_line)},\n  "vectors": [\n{lines}\n  ]\n}}\n'


def emit_vectors(
    grammar: ResolvedGrammar,
    *,
    rules: Iterable[str] | None = None,
    engine: Callable[[ResolvedGrammar, str], Judge] = judge,
    source_sha256: str | None = None,
    command: str = DEFAULT_COMMAND,
) -> dict[str, str]:
    """The vector files by name, `<rule>.json`.

    Args:
        grammar: the rules.
        rules: which of them; the `@start` rules when None.
        engine: what confirms every record.
        source_sha256: see `generated_line`.
        command: see `generated_line`.

    Raises:
        EngineError: the engine refuses a sentence of a rule.
        KeyError: no such rule.
    """
    first_line = generated_line(grammar, source_sha256=source_sha256, command=command)
    names = grammar.annotations.starts if rules is None else rules
    return {
        f"{name.lower()}.json": vector_file(
            first_line, vectors(grammar, name.lower(), engine(grammar, name.lower()))
        )
        for name in names
    }
