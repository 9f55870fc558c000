"""Three engines, one grammar: the compiled one, Lark LALR and Lark Earley never disagree.

The compiled engine and Lark LALR are compared on what `replymeta parse` prints, so that everything
above the engines is covered; character-level Earley, which is slow, on verdicts of short strings.
`REPLYMETA_ENGINE_SAMPLES` sets how many (2,000 unless set).
"""

import json
import os
from itertools import islice
from random import Random

import pytest

from abnf_compiler.engines import earley
from abnf_compiler.grammar import load_resolved
from abnf_compiler.sentences.derive import derive
from reply_metadata import ReplySyntaxError, lark_engine, parse_reply
from reply_metadata._generated import reply_grammar
from reply_metadata.framing import line_fault
from reply_metadata.programs.reply_json import reply_as_json

SEED = 20200410
LINES = 10_000
EARLEY_SAMPLES = int(os.environ.get("REPLYMETA_ENGINE_SAMPLES", "2000"))
PIECES = [
    b"[", b"]", b"<", b">", b" ", b"  ", b"=", b"+", b"+4", b"+41", b"+4a", b'"', b"\\", b"-", b".",
    b"250", b"2.0.0", b"\t", b"\x00", b"\x7f", b"\xc3\xa9", b"\xff", b"\r", b"\n", b"[A]", b"<a@b>",
    b"smtp://", b"x" * 40, b"",
]  # fmt: skip


@pytest.fixture(scope="module")
def grammar(project):
    return load_resolved(project / "grammar" / "reply-metadata.abnf")


def changed(octets, random):
    """The octets with one to three edits."""
    for _ in range(random.randint(1, 3)):
        at = random.randint(0, len(octets))
        until = at + random.choice((0, 0, 1, 1, 2, 5))
        octets = octets[:at] + random.choice(PIECES) + octets[until:]
    return octets


def sentences(grammar, rule, count, max_octets=120):
    return list(islice(derive(grammar, rule, seed=SEED, max_octets=max_octets), count))


@pytest.fixture(scope="module")
def lines(grammar):
    """Lines of every shape: derived, put together from derived parts, and changed."""
    random = Random(SEED)
    heads = [b"250 2.0.0", b"450-4.4.4", b"551 5.1.6", b"421 4.7.0", b"250", b"354", b"250 5.1.1"]
    groups = sentences(grammar, "metadata-group", 600)
    texts = [*sentences(grammar, "line-text", 600), b"", b"Ok"]
    paths = [b"<a@example.org>", b'<"a> [A] "@example.org>', b"<>", b"<a b>"]
    made = sentences(grammar, "received-line", 2500)
    while len(made) < 6000:
        words = [random.choice(heads)]
        words += random.choices(paths, k=random.choice((0, 0, 1)))
        words += random.choices(groups, k=random.choice((0, 1, 1, 2, 3)))
        words += random.choices(texts, k=random.choice((0, 1, 1)))
        made.append(b" ".join(words))
    made += [changed(random.choice(made), random) for _ in range(LINES - len(made))]
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


def test_the_captures_of_a_line_put_together_are_the_line(lines):
    for line in lines:
        read = reply_grammar.received_line(line)
        if read is None:
            continue
        code, separator, enhanced_code, path, groups, text = read
        words = [part for part in (enhanced_code, path) if part is not None]
        for key, arguments in groups:
            parts = [
                (b"" if name is None else name + b"=") + (value or b"") for name, value in arguments
            ]
            words.append(b"[" + b" ".join([key, *parts]) + b"]")
        if text is not None:
            words.append(text)
        assert code + (separator or b"") + b" ".join(words) == line


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
def test_the_compiled_engine_agrees_with_character_level_earley(grammar, rule):
    random = Random(f"{SEED}/{rule}")
    oracle = earley.compile_rule(grammar, rule)
    count = max(1, EARLEY_SAMPLES // len(RULES) // 2)
    derived = sentences(grammar, rule, 4 * count, max_octets=30)
    random.shuffle(derived)
    refused = 0
    for sentence in derived[:count]:
        for octets in (sentence, changed(sentence, random)[:40]):
            verdict = bool(oracle.match(octets))
            assert reply_grammar.match(rule, octets) is verdict, octets
            refused += not verdict
    assert refused < 2 * count
