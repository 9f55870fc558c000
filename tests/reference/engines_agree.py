"""Put the same strings of our grammar to every engine: `python tests/reference/engines_agree.py`.

Python (the generated module), JavaScript (the generated module, in Node) and Lark LALR decide
every string; character-level Earley, which is slow, decides a sample of short ones.  For
received-line the captured parts are compared too, and put together they must be the line, so equal
parts are equal spans.  Strings are derived from the rule, put together from derived parts, and
changed; the same seed gives the same strings.  Exit 1 when two engines differ, 2 without Node.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from abnf_compiler.emit.javascript import emit_javascript
from abnf_compiler.engines import earley
from abnf_compiler.grammar import Grammar
from abnf_compiler.sentences.derive import derive
from abnf_compiler.tree import ResolvedGrammar
from reply_metadata import lark_engine
from reply_metadata._generated import reply_grammar

PROJECT = Path(__file__).resolve().parents[2]
GRAMMAR = PROJECT / "grammar/reply-metadata.abnf"
CALLS = PROJECT / "tests/compiler/javascript_calls.mjs"
SEED = 20200410
STRINGS = 100_000
ORACLE = 2_000
OF_A_RULE = 2_000  # of a start rule other than received-line
BATCH = 20_000
SHORT = 40
LINE = "received-line"
PIECES = [
    b"[", b"]", b"<", b">", b" ", b"  ", b"=", b"+", b"+4", b"+41", b"+4a", b'"', b"\\", b"-", b".",
    b"250", b"2.0.0", b"\t", b"\x00", b"\x7f", b"\xc3\xa9", b"\xff", b"\r", b"\n", b"[A]", b"<a@b>",
    b"smtp://", b"x" * 40, b"",
]  # fmt: skip

Verdict = Callable[[bytes], bool]
Read = tuple[Any, ...]


def changed(octets: bytes, random: Random) -> bytes:
    """The octets with one to three edits."""
    for _ in range(random.randint(1, 3)):
        at = random.randint(0, len(octets))
        until = at + random.choice((0, 0, 1, 1, 2, 5))
        octets = octets[:at] + random.choice(PIECES) + octets[until:]
    return octets


def sentences(
    grammar: ResolvedGrammar, rule: str, count: int, max_octets: int = 120, seed: int = SEED
) -> list[bytes]:
    """Derived sentences of a rule."""
    return list(islice(derive(grammar, rule, seed=seed, max_octets=max_octets), count))


def reply_lines(grammar: ResolvedGrammar, count: int, seed: int = SEED) -> list[bytes]:
    """Lines of every shape: derived, put together from derived parts, and changed (two fifths)."""
    random = Random(seed)
    heads = [b"250 2.0.0", b"450-4.4.4", b"551 5.1.6", b"421 4.7.0", b"250", b"354", b"250 5.1.1"]
    groups = sentences(grammar, "metadata-group", 600, seed=seed)
    texts = [*sentences(grammar, "line-text", 600, seed=seed), b"", b"Ok"]
    paths = [b"<a@example.org>", b'<"a> [A] "@example.org>', b"<>", b"<a b>"]
    made = sentences(grammar, LINE, count // 4, seed=seed)
    while len(made) < count * 3 // 5:
        words = [random.choice(heads)]
        words += random.choices(paths, k=random.choice((0, 0, 1)))
        words += random.choices(groups, k=random.choice((0, 1, 1, 2, 3)))
        words += random.choices(texts, k=random.choice((0, 1, 1)))
        made.append(b" ".join(words))
    return made + [changed(random.choice(made), random) for _ in range(count - len(made))]


def rule_strings(grammar: ResolvedGrammar, rule: str, count: int, seed: int = SEED) -> list[bytes]:
    """Half of them derived from a rule, half changed."""
    random = Random(f"{seed}/{rule}")
    made = sentences(grammar, rule, count // 2, seed=seed)
    return made + [changed(random.choice(made), random) for _ in range(count - len(made))]


def put_together(read: Read) -> bytes:
    """The line whose captured parts these are."""
    code, separator, enhanced_code, path, groups, text = read
    words = [part for part in (enhanced_code, path) if part is not None]
    for key, arguments in groups:
        parts = [
            (b"" if name is None else name + b"=") + (value or b"") for name, value in arguments
        ]
        words.append(b"[" + b" ".join([key, *parts]) + b"]")
    if text is not None:
        words.append(text)
    return bytes(code + (separator or b"") + b" ".join(words))


def as_json(value: Any) -> Any:
    """Captured parts as the answers of JavaScript write them: octets as binary strings."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return value


class JavaScript:
    """The emitted module in Node, asked in batches."""

    def __init__(self, grammar: ResolvedGrammar, folder: Path) -> None:
        self._module = folder / "reply_grammar.mjs"
        self._module.write_text(emit_javascript(grammar), "utf-8")

    def answers(self, name: str, strings: Sequence[bytes], rule: str | None = None) -> list[Any]:
        """What the function `name` says of each string."""
        node = shutil.which("node")
        assert node is not None
        more = {} if rule is None else {"rule": rule}
        found: list[Any] = []
        for start in range(0, len(strings), BATCH):
            batch = strings[start : start + BATCH]
            calls = (json.dumps({"name": name, "hex": each.hex()} | more) for each in batch)
            done = subprocess.run(
                [node, str(CALLS), str(self._module)],
                input="\n".join(calls),
                capture_output=True,
                encoding="utf-8",
                check=True,
            )
            found += [json.loads(line) for line in done.stdout.split("\n") if line]
        assert len(found) == len(strings)
        return found


@dataclass
class Tally:
    """What the engines said of the strings of one rule."""

    rule: str
    strings: int
    accepted: int
    engines: str
    differ: list[str]
    oracle: int = 0
    seconds: float = 0.0


def line_tally(
    lines: Sequence[bytes],
    javascript: JavaScript,
    read_python: Callable[[bytes], Read | None] = reply_grammar.received_line,
) -> Tally:
    """Compare verdicts and captured parts of received-line."""
    tally = Tally(LINE, len(lines), 0, "Python, JavaScript, Lark LALR; spans", [])
    for line, theirs in zip(lines, javascript.answers("receivedLine", lines), strict=True):
        read = read_python(line)
        tally.accepted += read is not None
        for engine, other in (
            ("JavaScript", theirs == as_json(read)),
            ("Lark", lark_engine.read_line(line) == read),
            ("the line", read is None or put_together(read) == line),
        ):
            if not other:
                tally.differ.append(f"{LINE}: Python and {engine} differ on {line!r}")
    return tally


def lark_verdict(grammar: Grammar, rule: str) -> Verdict | None:
    """Lark's LALR parser of a rule where it is sound."""
    from lark.exceptions import UnexpectedInput

    found = grammar.to_lark(rule)
    if not found.reason.startswith("LALR"):
        return None

    def verdict(octets: bytes) -> bool:
        try:
            found.lark.parse(octets.decode("latin-1"))
        except UnexpectedInput:
            return False
        return True

    return verdict


def rule_tally(
    grammar: Grammar, rule: str, strings: Sequence[bytes], javascript: JavaScript
) -> Tally:
    """Compare verdicts of another start rule."""
    lalr = lark_verdict(grammar, rule)
    engines = "Python, JavaScript, Lark LALR" if lalr else "Python, JavaScript"
    tally = Tally(rule, len(strings), 0, engines, [])
    for string, theirs in zip(strings, javascript.answers("match", strings, rule), strict=True):
        ours = reply_grammar.match(rule, string)
        tally.accepted += ours
        if theirs is not ours:
            tally.differ.append(f"{rule}: Python and JavaScript differ on {string!r}")
        if lalr is not None and lalr(string) is not ours:
            tally.differ.append(f"{rule}: Python and Lark differ on {string!r}")
    return tally


def ask_oracle(
    grammar: ResolvedGrammar, tally: Tally, strings: Sequence[bytes], count: int
) -> None:
    """Compare with character-level Earley on some short strings."""
    oracle = earley.compile_rule(grammar, tally.rule)
    short = list(dict.fromkeys(each for each in strings if len(each) <= SHORT))
    for string in Random(f"oracle/{tally.rule}").sample(short, min(count, len(short))):
        tally.oracle += 1
        if bool(oracle.match(string)) is not reply_grammar.match(tally.rule, string):
            tally.differ.append(f"{tally.rule}: Python and Earley differ on {string!r}")


def tallies(strings: int, oracle: int, seed: int, folder: Path) -> Iterator[Tally]:
    """The rules one after the other; `strings` in all for those that three engines decide."""
    grammar = Grammar.from_file(GRAMMAR)
    resolved = grammar.resolved
    javascript = JavaScript(resolved, folder)
    others = [rule for rule in reply_grammar.RULES if rule != LINE]
    of_a_rule = min(OF_A_RULE, strings // (3 * len(others)))
    with_lark = sum(lark_verdict(grammar, rule) is not None for rule in others)
    share = oracle // (len(others) + 1)
    for rule in (LINE, *others):
        started = time.perf_counter()
        if rule == LINE:
            made = reply_lines(resolved, strings - with_lark * of_a_rule, seed)
            tally = line_tally(made, javascript)
        else:
            made = rule_strings(resolved, rule, of_a_rule, seed)
            tally = rule_tally(grammar, rule, made, javascript)
        ask_oracle(resolved, tally, made, oracle - share * len(others) if rule == LINE else share)
        tally.seconds = time.perf_counter() - started
        yield tally


def show(found: Iterable[Tally]) -> list[Tally]:
    """The table, line by line."""
    shown = []
    sys.stdout.write(f"{'rule':24}{'strings':>8}{'accepted':>9}{'oracle':>7}{'s':>7}  decided by\n")
    for each in found:
        figures = f"{each.strings:8,}{each.accepted:9,}{each.oracle:7,}{each.seconds:7.1f}"
        sys.stdout.write(f"{each.rule:24}{figures}  {each.engines}\n")
        sys.stdout.flush()
        shown.append(each)
    return shown


def summary(found: Sequence[Tally], seed: int) -> str:
    """The counts, and what differs."""
    three = [each for each in found if "Lark" in each.engines]
    two = [each for each in found if "Lark" not in each.engines]
    differ = [line for each in found for line in each.differ]
    counts = (
        f"{sum(each.strings for each in three):,} strings decided by Python, JavaScript and Lark "
        f"LALR, {sum(each.strings for each in two):,} more by Python and JavaScript, "
        f"{sum(each.oracle for each in found):,} of them by Earley (seed {seed}): "
        f"{len(differ)} differences"
    )
    return "\n".join([counts, *differ[:20]]) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strings", type=int, default=STRINGS, help="for all three engines")
    parser.add_argument("--oracle", type=int, default=ORACLE, help="of them for Earley")
    parser.add_argument("--seed", type=int, default=SEED, help="other strings")
    options = parser.parse_args(arguments)
    if shutil.which("node") is None:
        sys.stderr.write("engines_agree: there is no node\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        found = show(tallies(options.strings, options.oracle, options.seed, Path(folder)))
    sys.stdout.write(summary(found, options.seed))
    return 1 if any(each.differ for each in found) else 0


if __name__ == "__main__":
    sys.exit(main())
