"""The match table compares parsers of one grammar on strings all of which the rule accepts."""

import json
from importlib import import_module

import pytest


@pytest.fixture(scope="module")
def rules():
    return import_module("bench_rules").bench_rules()


@pytest.fixture(scope="module")
def bench_match():
    return import_module("bench_match")


@pytest.fixture(scope="module")
def node_peers():
    return import_module("node_peers")


def test_every_string_is_accepted_by_our_engine_and_by_pypi_abnf(rules, bench_match) -> None:
    assert len(rules) == 5
    for rule in rules:
        everything = list(range(len(rule.strings)))
        assert bench_match.our_matcher(rule).accepted == everything
        assert bench_match.pypi_matcher(rule).accepted == everything, rule.title


def test_a_text_for_other_parsers_has_the_rules_needed_and_no_more(rules) -> None:
    mailbox = next(rule for rule in rules if rule.rule == "Mailbox")
    names = [line.split()[0] for line in mailbox.text(core=True).splitlines() if "=" in line[:20]]
    assert names[0] == "Mailbox"
    assert {"atext", "ALPHA", "HEXDIG", "Ldh-str"} <= set(names)
    assert "Path" not in names
    assert "ALPHA " not in mailbox.text(core=False).replace("ALPHA /", "")
    assert mailbox.text(core=False, line_end="\r\n").count("\r\n") > 20


def test_a_refused_string_stops_the_benchmark(rules, bench_match) -> None:
    wrong = type(rules[3])("date", rules[3].source, rules[3].rule, ("1985-04-12 23:20Z",))
    with pytest.raises(AssertionError, match="is refused"):
        bench_match.our_matcher(wrong)
    assert bench_match.pypi_matcher(wrong).accepted == []


def test_the_table_has_ratios_and_says_what_is_missing(
    rules, bench_match, node_peers, monkeypatch, tmp_path
) -> None:
    monkeypatch.setattr(bench_match, "bench_rules", lambda: [rules[3]])
    monkeypatch.setattr(bench_match, "WARM_SECONDS", 0.01)
    found = bench_match.report(2, tmp_path)  # a folder without npm packages
    rows = {row["name"]: row for row in found["rules"][0]["parsers"]}
    assert rows["ours: Rule.match"]["ratio"] == 1
    assert rows["PyPI abnf (rust)"]["ratio"] > 0
    assert rows["PyPI abnf (rust)"]["aim"] == 10
    assert {"node-abnf", "apg-js"} <= set(found["missing"])
    text = bench_match.table(found)
    assert "node-abnf: left out, " in text
    assert json.dumps(found)
    with node_peers.Node(tmp_path) as node:
        assert ("ours: JavaScript module" in rows) is node.installed


def test_an_aim_that_is_missed_is_named(rules, bench_match) -> None:
    def row(name, ratio):
        matcher = bench_match.Matcher(name, lambda indices, turns: 1.0, [0, 1], 1, [ratio], [1.0])
        return bench_match.row(rules[3], matcher)

    rows = [row("PyPI abnf (rust)", 9.9), row("node-abnf", 1.1), row("apg-js", 0.1)]
    assert [each.get("met") for each in rows] == [False, True, None]
    found = {"rules": [{"title": "T", "grammar": "g", "rule": "r", "parsers": rows}], "missing": {}}
    missed = "T: PyPI abnf (rust) takes 9.9 times as long as ours, aimed at 10"
    assert bench_match.missed(found) == [missed]
    assert f"MISSED: {missed}" in bench_match.table(found)


def test_peers_in_node_are_asked_for_verdicts_and_times(rules, bench_match, node_peers, tmp_path):
    if not (node_peers.PACKAGES / "abnf").is_dir():
        pytest.skip("make bench-peers has not installed the parsers for Node")
    with node_peers.Node() as node:
        if not node.installed:
            pytest.skip("there is no node")
        for engine in node_peers.ENGINES:
            found, why = bench_match.node_matcher(rules[3], engine, node, tmp_path)
            assert why == ""
            assert found.accepted == list(range(len(rules[3].strings)))
            assert found.seconds(found.accepted, 3) > 0
        versions = node_peers.versions()
        assert versions["node-abnf"] == "5.0.4"


def test_the_lock_of_the_peers_names_no_registry(project) -> None:
    folder = project / "tests/bench/node"
    lock = (folder / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    assert "://" not in lock
    wanted = json.loads((folder / "package.json").read_text("utf-8"))["dependencies"]
    packages = json.loads(lock)["packages"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
