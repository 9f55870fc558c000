"""Vectors have the form the schema states, and a verdict two engines agree on."""

import json
import re
from pathlib import Path

import pytest

from abnf_compiler.emit.vectors import EngineError, emit_vectors
from abnf_compiler.engines.earley import compile_rule as oracle
from abnf_compiler.grammar import load_resolved

SCHEMA_WORDS = {"$schema", "$defs", "title", "description"}


def problems(value, schema, root, place="$"):
    """Where `value` is not as `schema` says; an unknown word of the schema is a problem too."""
    if "$ref" in schema:
        target = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return problems(value, target, root, place)
    found = []
    types = {"object": dict, "array": list, "string": str, "boolean": bool}
    for word, wanted in schema.items():
        if word in SCHEMA_WORDS:
            continue
        if word == "type":
            found += [] if isinstance(value, types[wanted]) else [f"{place}: not {wanted}"]
        elif word == "required":
            found += [f"{place}: {name} is missing" for name in wanted if name not in value]
        elif word == "additionalProperties":
            assert wanted is False
            surplus = value.keys() - schema["properties"].keys()
            found += [f"{place}: {name} is unknown" for name in sorted(surplus)]
        elif word == "properties":
            for name in value.keys() & wanted.keys():
                found += problems(value[name], wanted[name], root, f"{place}.{name}")
        elif word == "items":
            for number, item in enumerate(value):
                found += problems(item, wanted, root, f"{place}[{number}]")
        elif word == "minItems":
            found += [] if len(value) >= wanted else [f"{place}: fewer than {wanted} items"]
        elif word == "pattern":
            found += [] if re.search(wanted, value) else [f"{place}: not {wanted}"]
        elif word == "oneOf":
            fitting = [case for case in wanted if not problems(value, case, root, place)]
            found += [] if len(fitting) == 1 else [f"{place}: fits {len(fitting)} of oneOf"]
        else:
            found.append(f"the schema uses {word}, which this check does not know")
    return found


@pytest.fixture(scope="module")
def schema(project: Path):
    return json.loads((project / "tests/vectors/schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def grammar(project: Path):
    return load_resolved(project / "grammar/reply-metadata.abnf")


@pytest.fixture(scope="module")
def files(grammar):
    return emit_vectors(grammar)


def octets(record):
    return record["raw"].encode("ascii") if "raw" in record else bytes.fromhex(record["raw_hex"])


def test_every_start_rule_has_a_file_of_the_form_the_schema_states(grammar, files, schema) -> None:
    assert set(files) == {f"{name}.json" for name in grammar.annotations.starts}
    for text in files.values():
        assert problems(json.loads(text), schema, schema) == []


@pytest.mark.parametrize(
    "damage",
    [
        {"id": "Not Words"},
        {"accepted": "yes"},
        {"reason": ""},
        {"raw": "caf\u00e9"},
        {"raw_hex": "00"},
        {"raw_hex": "5B", "raw": None},
        {"surplus": 1},
        {"rule": None},
    ],
)
def test_a_damaged_record_does_not_pass_the_schema(schema, damage) -> None:
    record = {"id": "a", "rule": "a", "raw": "x", "accepted": True, "reason": "a: b"}
    good = {"generated": f"Generated from a by b; SHA-256 of the source: {'0' * 64}"}
    assert problems({**good, "vectors": [record]}, schema, schema) == []
    broken = {key: value for key, value in {**record, **damage}.items() if value is not None}
    assert problems({**good, "vectors": [broken]}, schema, schema) != []


def test_ids_are_unique_over_all_files(files) -> None:
    ids = [record["id"] for text in files.values() for record in json.loads(text)["vectors"]]
    assert len(ids) == len(set(ids))
    assert len(ids) > 1000


def test_no_string_stands_twice_and_both_verdicts_are_in_every_file(files) -> None:
    for text in files.values():
        records = json.loads(text)["vectors"]
        assert len({octets(record) for record in records}) == len(records)
        assert {record["accepted"] for record in records} == {True, False}


def test_every_example_of_the_grammar_is_a_vector(grammar, files) -> None:
    for rule, text in grammar.annotations.examples:
        records = json.loads(files[f"{rule}.json"])["vectors"]
        assert any(octets(r) == text.encode("latin-1") and r["accepted"] for r in records)


def test_the_oracle_agrees_with_every_short_vector(grammar, files) -> None:
    for rule in grammar.annotations.starts:
        engine = oracle(grammar, rule)
        for record in json.loads(files[f"{rule}.json"])["vectors"]:
            if len(octets(record)) <= 24:
                assert bool(engine.match(octets(record))) is record["accepted"], record


def test_the_same_grammar_gives_the_same_bytes(grammar, files) -> None:
    rules = grammar.annotations.starts[:3]
    again = emit_vectors(grammar, rules=rules)
    assert again == {name: files[name] for name in again}


def test_an_engine_that_refuses_a_derived_sentence_stops_the_generation(grammar) -> None:
    with pytest.raises(EngineError, match="delta-seconds"):
        emit_vectors(grammar, rules=["delta-seconds"], engine=lambda *_: lambda octets: False)
