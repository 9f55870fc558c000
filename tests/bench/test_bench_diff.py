"""The times of grammar comparisons are left out aloud without data, and an aim missed is named."""

from importlib import import_module


def test_without_test_data_the_part_says_so(monkeypatch) -> None:
    monkeypatch.delenv("REPLYMETA_TEST_DATA", raising=False)
    bench_diff = import_module("bench_diff")
    found = bench_diff.report()
    assert "RFC grammars: left out, REPLYMETA_TEST_DATA is not set" in bench_diff.table(found)


def test_a_pair_is_timed_and_an_aim_missed_is_named(monkeypatch, test_data) -> None:
    bench_diff = import_module("bench_diff")
    monkeypatch.setenv("REPLYMETA_TEST_DATA", str(test_data))
    monkeypatch.setattr(bench_diff, "PAIRS", bench_diff.PAIRS[1:])
    found = bench_diff.report()
    (row,) = found["pairs"]
    assert (row["old"], row["new"]) == ("rfc7230", "rfc9110")
    assert row["exact"] == row["rules"] > 200
    assert bench_diff.missed({"pairs": [row | {"met": False}]}) == [
        f"diff rfc7230 rfc9110: {row['seconds']} s"
    ]
