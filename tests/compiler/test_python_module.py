"""The emitted module: what it accepts, what its capture functions return, and that it is linear."""

import gc
import random
import re
import subprocess
import sys
from itertools import islice

import pytest

from abnf_compiler.automata.pumps import PumpedFamily
from abnf_compiler.emit.python_module import emit_python
from abnf_compiler.engines.compiled import compile_rule
from abnf_compiler.grammar import load_resolved
from abnf_compiler.sentences.derive import derive


def module_of(grammar):
    names = {"__name__": "emitted"}
    exec(compile(emit_python(grammar), "emitted", "exec"), names)
    return names


@pytest.fixture(scope="module")
def grammar(project):
    return load_resolved(project / "grammar/reply-metadata.abnf")


@pytest.fixture(scope="module")
def module(grammar):
    return module_of(grammar)


REPLY = b"450 4.4.4 [REFERRAL smtp://backend2/ a=b] Redirected"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            REPLY,
            (
                b"450",
                b" ",
                b"4.4.4",
                None,
                [(b"REFERRAL", [(None, b"smtp://backend2/"), (b"a", b"b")])],
                b"Redirected",
            ),
        ),
        (b"250", (b"250", None, None, None, [], None)),
        (b"250 ", (b"250", b" ", None, None, [], b"")),
        (b"250-2.1.5", (b"250", b"-", b"2.1.5", None, [], None)),
        (b"250 2.1.5 ", (b"250", b" ", b"2.1.5", None, [], b"")),
        (b"250 2.1.5 [A b=]", (b"250", b" ", b"2.1.5", None, [(b"A", [(b"b", None)])], None)),
        (b"250 2.1.5 [A] ", (b"250", b" ", b"2.1.5", None, [(b"A", [])], b"")),
        (b"250 2.1.5 [A]x", (b"250", b" ", b"2.1.5", None, [], b"[A]x")),
        (b"250 2.1.5 <a@b> [A] x", (b"250", b" ", b"2.1.5", b"<a@b>", [(b"A", [])], b"x")),
        (b"250 2.1.5 <a@b>", (b"250", b" ", b"2.1.5", None, [], b"<a@b>")),
        (b"250 hi [A] x", (b"250", b" ", None, None, [], b"hi [A] x")),
        (b"250 2.1.5 [A b=c=d] x", (b"250", b" ", b"2.1.5", None, [], b"[A b=c=d] x")),
        (b"2500", None),
        (b"250 a\0b", None),
        (b"", None),
    ],
)
def test_received_line_returns_what_the_annotations_name(module, line, expected) -> None:
    assert module["received_line"](line) == expected


def changed(chance, line):
    """A line with up to three small changes."""
    octets = list(line)
    for _ in range(chance.randint(0, 3)):
        place = chance.randint(0, len(octets))
        match chance.randrange(3):
            case 0:
                octets[place:place] = chance.choice([b" ", b"[", b"] ", b"=", b"[A] ", b"<", b"."])
            case 1:
                del octets[place : place + chance.randint(1, 4)]
            case _:
                octets[place : place + 1] = [chance.randrange(256)]
    return bytes(octets)


def test_match_is_the_verdict_of_the_rule(grammar, module) -> None:
    chance = random.Random(8)
    for rule in grammar.annotations.starts:
        oracle = compile_rule(grammar, rule)
        assert oracle.dfa is not None
        for sentence in islice(derive(grammar, rule, seed=2), 60):
            assert module["match"](rule, sentence)
            tried = changed(chance, sentence)
            assert module["match"](rule, tried) == oracle.dfa.accepts(tried), (rule, tried)
    with pytest.raises(KeyError):
        module["match"]("no-such-rule", b"")


def test_the_mapping_holds_the_start_rules(grammar, module) -> None:
    assert tuple(module["RULES"]) == grammar.annotations.starts
    with pytest.raises(TypeError):
        module["RULES"]["x"] = b"y"


def test_the_text_is_the_same_each_time_and_names_its_source(grammar) -> None:
    text = emit_python(grammar, source_sha256="0" * 64, command="make it")
    assert text == emit_python(grammar, source_sha256="0" * 64, command="make it")
    first, second = text.splitlines()[:2]
    assert all(part in first for part in ("reply-metadata.abnf", "make it", "0" * 64))
    assert second == "# SPDX-License-Identifier: BSD-3-Clause"
    assert max(map(len, text.splitlines()[1:])) <= 100


def test_the_text_does_not_depend_on_hash_seeds(grammar, project) -> None:
    program = (
        "import hashlib\n"
        "from abnf_compiler.emit.python_module import emit_python\n"
        "from abnf_compiler.grammar import load_resolved\n"
        "grammar = load_resolved('grammar/reply-metadata.abnf')\n"
        "print(hashlib.sha256(emit_python(grammar).encode()).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=project,
            env={"PYTHONPATH": "grammar", "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(digests) == 1


def test_the_module_needs_the_standard_library_only(grammar, tmp_path) -> None:
    (tmp_path / "emitted.py").write_text(emit_python(grammar), encoding="ascii")
    program = (
        "import sys, emitted\n"
        "assert emitted.received_line(b'250') == (b'250', None, None, None, [], None)\n"
        "own = sys.stdlib_module_names | {'__main__', 'emitted'}\n"
        "print([name for name in sys.modules if name.split('.')[0] not in own])\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-W", "error", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


HEAD = b"250 2.0.0 "
PUMPS = [
    (HEAD, b"[a] ", b"\0"),
    (HEAD, b"[a b=c +41] ", b"\0"),
    (HEAD + b"[a", b" b", b""),
    (HEAD + b"[a ", b"b", b"\0"),
    (HEAD + b"[a", b" b=", b"\0"),
    (HEAD + b"[a ", b"+41", b"+4"),
    (HEAD + b"[a", b".a", b"\0"),
    (HEAD, b"[", b"\0"),
    (HEAD + b"<", b"a", b"\0"),
    (HEAD + b'<"', b"\\a", b"\0"),
    (HEAD + b"<", b'""', b"\0"),
    (HEAD, b"<a> ", b"\0"),
    (HEAD, b"[a b=c] ", b"x"),
    (b"", b"250-2.0.0 x\r\n", b""),
    (b"", b"250-2.0.0 [a b=c] x\r\n", b"250 2.0.0 ["),
    (b"REPLYMETA", b" a", b" "),
    (b"smtp://", b"a-", b"!"),
    (b"smtp://", b"a.", b"!"),
    (b"smtp://a", b"-", b"!"),
    (b"smtp://[", b"1:", b"]"),
    (b"", b" a=b", b" "),
    (b" mailbox=", b"+41", b"+4"),
    (b"", b"\xf0\x90\x80\x80", b"\xf0"),
    (b"http://", b"%41", b"%4"),
]
WORTH_A_SLOPE = 0.001  # seconds for 1 MiB: quicker calls stop near the beginning


@pytest.fixture
def _no_collector():
    """No passes of the collector over a growing result: they are not the function's time."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.timing
@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(("prefix", "pump", "suffix"), PUMPS)
def test_hostile_strings_take_linear_time(slopes, module, prefix, pump, suffix) -> None:
    calls = [re.compile(pattern).fullmatch for pattern in module["RULES"].values()]
    for call in (*calls, module["received_line"], module["metadata_group"]):
        refused = call(prefix + pump * 20_000 + suffix) is None
        family = PumpedFamily(tuple(prefix), tuple(pump), tuple(suffix), refused)
        prepare = slopes.in_python(call, octets=True)
        timer = prepare(family, slopes.LENGTHS[-1])
        if timer(1) > WORTH_A_SLOPE:
            slope = slopes.slope_of(prepare, family)
            assert slope.value <= slopes.LIMIT, (call, slopes.shown(family))
