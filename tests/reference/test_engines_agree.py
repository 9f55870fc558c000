"""Three engines, one grammar: the compiled one, Lark LALR and Lark Earley never disagree.

The compiled engine and Lark LALR are compared on what `replymeta parse` prints, so that everything
above the engines is covered; character-level Earley, which is slow, on verdicts of short strings.
`REPLYMETA_ENGINE_SAMPLES` sets how many (2,000 unless set).
"""

import json
import os
import shutil
import sys
from importlib.util import module_from_spec, spec_from_file_location
from random import Random

import pytest

from abnf_compiler.engines import earley
from abnf_compiler.grammar import Grammar, load_resolved
from reply_metadata import ReplySyntaxError, lark_engine, parse_reply
from reply_metadata._generated import reply_grammar
from reply_metadata.framing import line_fault
from reply_metadata.programs.reply_json import reply_as_json

LINES = 10_000
EARLEY_SAMPLES = int(os.environ.get("REPLYMETA_ENGINE_SAMPLES", "2000"))


@pytest.fixture(scope="module")
def program(project):
    """The program that `make engines-agree` runs; its strings are used here too."""
    spec = spec_from_file_location("engines_agree", project / "tests/reference/engines_agree.py")
    module = module_from_spec(spec)
    sys.modules["engines_agree"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["engines_agree"]


@pytest.fixture(scope="module")
def grammar(project):
    return load_resolved(project / "grammar" / "reply-metadata.abnf")


@pytest.fixture(scope="module")
def lines(program, grammar):
    """Lines of every shape: derived, put together from derived parts, and changed."""
    made = program.reply_lines(grammar, LINES)
    assert len(made) == LINES
    return made


def printed(line, read_line, negotiated=True):
    """What `replymeta parse --json` shows of a reply whose last line is `line`."""
    data = line.replace(b"-", b" ", 1) if line[3:4] == b"-" else line
    try:
        reply = parse_reply(data + b"\r\n", negotiated=negotiated, read_line=read_line)
    except ReplySyntaxError as error:
        return error.fault, error.line, error.offset
    return json.dumps(reply_as_json(reply))


def test_compiled_and_lark_engines_give_the_same_captures(lines):
    accepted = with_groups = 0
    for line in lines:
        compiled = reply_grammar.received_line(line)
        assert compiled == lark_engine.read_line(line), line
        accepted += compiled is not None
        with_groups += compiled is not None and bool(compiled[4])
    assert accepted > LINES / 2
    assert with_groups > LINES / 5
    assert accepted < LINES


def test_compiled_and_lark_engines_give_the_same_json(lines):
    for line in lines:
        assert printed(line, reply_grammar.received_line) == printed(line, lark_engine.read_line)


def test_the_explanation_of_refusals_agrees_with_the_grammar(lines):
    for line in lines:
        assert (line_fault(line) is None) == (reply_grammar.received_line(line) is not None), line


def test_the_captures_of_a_line_put_together_are_the_line(program, lines):
    for line in lines:
        read = reply_grammar.received_line(line)
        assert read is None or program.put_together(read) == line


def test_engines_agree_on_real_replies(test_data):
    for record in (test_data / "replies.jsonl").read_text("utf-8").splitlines():
        data = json.loads(record)["reply"].encode("utf-8").replace(b"\n", b"\r\n") + b"\r\n"
        for line in data.split(b"\r\n"):
            assert reply_grammar.received_line(line) == lark_engine.read_line(line)
            for negotiated in (True, False):
                compiled = printed(line, reply_grammar.received_line, negotiated)
                assert compiled == printed(line, lark_engine.read_line, negotiated)


def test_engines_agree_on_every_vector(project):
    files = sorted((project / "tests" / "vectors").rglob("*.json"))
    records = [
        record
        for path in files
        if "vectors" in (document := json.loads(path.read_text("utf-8")))
        for record in document["vectors"]
    ]
    if not records:
        pytest.skip("tests/vectors holds no vectors: run make generate")
    for record in records:
        raw = record.get("raw")
        octets = bytes.fromhex(record["raw_hex"]) if raw is None else raw.encode("ascii")
        assert reply_grammar.match(record["rule"].lower(), octets) is record["accepted"]
        for line in octets.split(b"\r\n"):
            assert reply_grammar.received_line(line) == lark_engine.read_line(line)
            compiled = printed(line, reply_grammar.received_line)
            assert compiled == printed(line, lark_engine.read_line)


RULES = [
    "metadata-group", "line-text", "argument-value", "ehlo-line-metadata", "received-line",
    "referral-arguments", "forward-arguments", "stored-arguments", "referral-uri", "delta-seconds",
    "opaque-identifier", "reason-token", "help-uri", "free-text", "number32",
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_the_compiled_engine_agrees_with_character_level_earley(program, grammar, rule):
    random = Random(f"{program.SEED}/{rule}")
    oracle = earley.compile_rule(grammar, rule)
    count = max(1, EARLEY_SAMPLES // len(RULES) // 2)
    derived = program.sentences(grammar, rule, 4 * count, max_octets=30)
    random.shuffle(derived)
    refused = 0
    for sentence in derived[:count]:
        for octets in (sentence, program.changed(sentence, random)[:40]):
            verdict = bool(oracle.match(octets))
            assert reply_grammar.match(rule, octets) is verdict, octets
            refused += not verdict
    assert refused < 2 * count


@pytest.fixture(scope="module")
def javascript(program, grammar, tmp_path_factory):
    if shutil.which("node") is None:
        pytest.skip("node is not installed: the emitted JavaScript cannot be run")
    return program.JavaScript(grammar, tmp_path_factory.mktemp("javascript"))


def test_three_engines_give_the_same_parts_of_a_sample_of_lines(program, javascript, lines):
    tally = program.line_tally(lines[::5], javascript)
    assert tally.differ == []
    assert 0 < tally.accepted < tally.strings == LINES // 5


@pytest.mark.parametrize("rule", ["referral-arguments", "stored-arguments", "help-uri"])
def test_three_engines_give_the_same_verdicts_of_another_rule(program, javascript, project, rule):
    grammar = Grammar.from_file(project / "grammar/reply-metadata.abnf")
    strings = program.rule_strings(grammar.resolved, rule, 400)
    tally = program.rule_tally(grammar, rule, strings, javascript)
    program.ask_oracle(grammar.resolved, tally, strings, 10)
    assert tally.differ == []
    assert tally.oracle == 10
    assert tally.engines == "Python, JavaScript, Lark LALR"
    assert 150 < tally.accepted < 350
    assert "400 strings decided by Python, JavaScript and Lark" in program.summary([tally], 1)


def test_an_engine_that_reads_otherwise_is_found(program, javascript, lines):
    def shifted(line):
        read = reply_grammar.received_line(line)
        return None if read is None else (*read[:-1], read[-1] and read[-1][1:])

    tally = program.line_tally(lines[:50], javascript, shifted)
    assert any("Python and JavaScript differ" in line for line in tally.differ)
    assert any("Python and Lark differ" in line for line in tally.differ)
    assert any("Python and the line differ" in line for line in tally.differ)


def test_a_rule_that_is_wider_in_one_engine_is_found(program, javascript, project):
    text = (project / "grammar/reply-metadata.abnf").read_text("utf-8")
    wide = Grammar.from_text(
        text.replace("%x31-39 *9DIGIT", "%x30-39 *9DIGIT"), library=[project / "grammar/borrowed"]
    )
    tally = program.rule_tally(wide, "number32", [b"1", b"0"], javascript)
    assert tally.differ == ["number32: Python and Lark differ on b'0'"]
