"""The yardstick of the benchmark does the same work as what it is compared with."""

import runpy
from itertools import islice
from random import Random

import pytest

from abnf_compiler.grammar import load_resolved
from abnf_compiler.sentences.derive import derive
from reply_metadata._generated import reply_grammar


@pytest.fixture(scope="module")
def received_line(project):
    return runpy.run_path(str(project / "tests" / "bench" / "hand_written.py"))["received_line"]


@pytest.mark.parametrize("rule", ["received-line", "line-text", "metadata-group"])
def test_the_hand_written_parser_gives_what_the_generated_one_gives(project, received_line, rule):
    grammar = load_resolved(project / "grammar" / "reply-metadata.abnf")
    random = Random(rule)
    for sentence in islice(derive(grammar, rule, seed=1, max_octets=100), 1000):
        line = sentence if rule == "received-line" else b"250 2.0.0 " + sentence
        at = random.randrange(len(line))
        changed = line[:at] + random.choice((b"[", b"]", b" ", b"=", b"+", b"")) + line[at + 1 :]
        for octets in (line, line + b" ", line + b" [A]", changed):
            assert received_line(octets) == reply_grammar.received_line(octets), octets


def test_the_benchmark_runs_and_writes_its_figures(project, tmp_path):
    bench = runpy.run_path(str(project / "tests" / "bench" / "bench.py"))
    variants, missing = bench["measured"](1)
    document = bench["report"](variants, {"python alone": 1.0})
    assert {row["name"] for row in document["variants"]} >= {"hand-written re", "parse_reply"}
    assert all(row["median_us"] > 0 and row["ratio"] > 0 for row in document["variants"])
    assert "generated received_line" in bench["table"](document, missing)
