"""The emitted module: what it accepts, what its capture functions return, and that it is linear."""

import random
import re
import subprocess
import sys
import time
from itertools import islice

import pytest

from abnf_compiler.automata.expression import Alt, Captured, Chars, Repeat, Seq
from abnf_compiler.automata.normal_form import AutomataError, CaptureError, to_regex
from abnf_compiler.emit.python_captures import ItemPlan, LevelPlan, capture_plan
from abnf_compiler.emit.python_module import emit_python
from abnf_compiler.engines.compiled import compile_rule
from abnf_compiler.grammar import Grammar, load_resolved
from abnf_compiler.pattern import AmbiguousCaptureError
from abnf_compiler.sentences.derive import derive


def grammar_of(text):
    return Grammar.from_text(text).resolved


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


# The reading of a rule by its definition: alternatives in order, longer repetitions first.


def readings(regex, text, at):
    """Every way to read `text` from `at`, preferred first: (end, captured parts) pairs."""
    match regex:
        case Chars(charset):
            if at < len(text) and text[at] in charset:
                yield at + 1, ()
        case Captured(name, _, item):
            for end, parts in readings(item, text, at):
                yield end, ((name, text[at:end], parts),)
        case Seq(items):
            yield from row(items, text, at)
        case Alt(items):
            for item in items:
                yield from readings(item, text, at)
        case Repeat(item, minimum, maximum):
            if maximum != 0:
                less = Repeat(item, max(minimum - 1, 0), None if maximum is None else maximum - 1)
                for end, parts in readings(item, text, at):
                    for last, more in readings(less, text, end):
                        yield last, parts + more
            if minimum == 0:
                yield at, ()
        case _:
            yield at, ()


def row(items, text, at):
    if not items:
        yield at, ()
        return
    for end, parts in readings(items[0], text, at):
        for last, more in row(items[1:], text, end):
            yield last, parts + more


def reading(grammar, rule, text):
    """What the capture function of `rule` has to return."""
    regex = to_regex(grammar, rule, captures=True)
    found = next((parts for end, parts in readings(regex, text, 0) if end == len(text)), None)
    return None if found is None else returned(grammar, rule, found)


def returned(grammar, rule, parts):
    captures = dict(grammar.annotations.captures)
    fields = []
    for capture in captures[rule]:
        own = [(text, inner) for name, text, inner in parts if name == capture.rule]
        if capture.repeated and capture.rule in captures:
            fields.append([returned(grammar, capture.rule, inner) for _, inner in own])
        elif capture.repeated:
            fields.append([text for text, _ in own])
        else:
            fields.append(own[0][0] if own else None)
    return tuple(fields)


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


def test_received_line_is_the_preferred_reading_of_the_grammar(grammar, module) -> None:
    chance = random.Random(3)
    lines = list(islice(derive(grammar, "received-line", seed=5), 400))
    lines += [REPLY, b"250 2.1.5 [A] [B c=d e=] [F", b'550 5.7.1 <"a b"@c> [A] [B c] x [D] y']
    read = module["received_line"]
    seen = 0
    for line in lines:
        if len(line) > 70:
            continue
        for _ in range(4):
            tried = changed(chance, line)[:70]
            assert read(tried) == reading(grammar, "received-line", tried), tried
            seen += 1
    assert seen > 500


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


def test_the_patterns_of_the_mapping_are_those_of_the_start_rules(grammar, module) -> None:
    assert tuple(module["RULES"]) == grammar.annotations.starts
    assert re.fullmatch(r"[0-9a-f]{64}", module["SOURCE_SHA256"])
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


@pytest.mark.parametrize(("prefix", "pump", "suffix"), PUMPS)
def test_hostile_strings_take_linear_time(module, prefix, pump, suffix) -> None:
    long, short = (prefix + pump * (size // len(pump)) + suffix for size in (256_000, 16_000))

    def seconds(call, data) -> float:
        best = 9.0
        for _ in range(2):
            started = time.thread_time()
            call(data)
            best = min(best, time.thread_time() - started)
        return best

    calls = [re.compile(pattern).fullmatch for pattern in module["RULES"].values()]
    for call in (*calls, module["received_line"], module["metadata_group"]):
        spent = seconds(call, long)
        if spent > 0.002:
            assert spent < 48 * seconds(call, short), call


LISTS = [
    # A list of items with captures of their own, told apart token by token.
    (
        "; @start line\n; @capture line: *item\n; @capture item: name value\n"
        'line = item *( ";" item )\nitem = name [ "=" value ]\n'
        "name = 1*ALPHA\nvalue = 1*DIGIT\n",
        [b"a", b"a=1;b", b"a=12;bc=3;d", b"a;", b""],
        ItemPlan,
    ),
    # A list of octets, and a part beside it.
    (
        "; @start line\n; @capture line: name *digits\n"
        'line = name *( SP digits )\nname = 1*ALPHA\ndigits = 1*DIGIT\n',
        [b"a", b"a 1", b"ab 1 23 4", b"a  1"],
        ItemPlan,
    ),
    # A list inside a list inside a list.
    (
        "; @start line\n; @capture line: *page\n; @capture page: title *row\n"
        "; @capture row: *cell\n"
        'line = *page\npage = "#" title *row\ntitle = 1*ALPHA\n'
        'row = "/" cell *( "," cell )\ncell = 1*DIGIT\n',
        [b"", b"#a", b"#a/1,2/3#b", b"#a/1#b/2,3", b"#"],
        None,
    ),
    # A part after the list: not told apart by tokens, so level by level.
    (
        "; @start line\n; @capture line: *group\n; @capture group: name *digits last\n"
        'line = *group\ngroup = "<" name *( SP digits ) "|" last ">"\n'
        "name = 1*ALPHA\ndigits = 1*DIGIT\nlast = *ALPHA\n",
        [b"", b"<a|>", b"<a 1 2|z><b|>", b"<a 1|z><b 2|y>", b"<a>"],
        LevelPlan,
    ),
    # Two lists that share a stretch.
    (
        "; @start line\n; @capture line: *name *digits\n"
        'line = *( name / digits )\nname = "#" 1*ALPHA\ndigits = "." 1*DIGIT\n',
        [b"", b"#a.12#b", b".1#a.2.3", b"#1"],
        None,
    ),
    # Parts in alternatives, optional and possibly empty.
    (
        '; @start line\n; @capture line: left right\n'
        'line = "l" left / "r" right / "b" left "," right\nleft = *ALPHA\nright = *DIGIT\n',
        [b"l", b"lab", b"r", b"r1", b"b,", b"bx,1", b"c"],
        None,
    ),
    # One part only.
    ("; @start line\n; @capture line: name\nline = [ name ] \";\"\nname = 1*ALPHA\n",
     [b";", b"ab;", b""], None),
    # A preference decides: as many items as there are, then the rest.
    (
        "; @start line\n; @prefer line\n; @capture line: *item rest\n; @capture item: name\n"
        'line = *( item SP ) ( item / rest )\nitem = "[" name "]"\nname = 1*ALPHA\n'
        "rest = *( SP / VCHAR )\n",
        [b"", b"[a]", b"[a] [b] x", b"[a]x", b"[a] [b", b"[a] "],
        ItemPlan,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "lines", "plan"), LISTS)
def test_captures_of_other_grammars_are_their_preferred_reading(text, lines, plan) -> None:
    grammar = grammar_of(text)
    function = module_of(grammar)["line"]
    chance = random.Random(1)
    for line in lines:
        for tried in [line, *(changed(chance, line) for _ in range(60))]:
            assert function(tried) == reading(grammar, "line", tried), tried
    assert any(function(line) for line in lines)
    if plan is not None:
        assert [type(items) for items in capture_plan(grammar, "line").cut.items] == [plan]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "; @start line\n; @capture line: name\nline = *name\nname = ALPHA\n",
            CaptureError,
        ),
        (
            "; @start line\n; @capture line: name\nline = [ name ] *ALPHA\nname = ALPHA\n",
            AmbiguousCaptureError,
        ),
        (
            '; @start line\n; @capture line: name\nline = "(" line ")" / name\nname = "x"\n',
            AutomataError,
        ),
        ("; @start line\nline = %x100\n", AutomataError),
        (
            "; @start line\n; @capture line: *item\n; @capture item: *name\n"
            "line = *item\nitem = 1*name\nname = ALPHA\n",
            AutomataError,
        ),
    ],
)
def test_what_cannot_be_emitted_is_refused(text, error) -> None:
    with pytest.raises(error):
        emit_python(grammar_of(text))


def test_a_proof_that_fails_keeps_a_token_pattern_from_being_used() -> None:
    text = (
        "; @start line\n; @capture line: *item\n; @capture item: name\n"
        'line = *( item "," *VCHAR ";" )\nitem = "[" name "]"\nname = 1*ALPHA\n'
    )
    with pytest.raises(AutomataError):
        emit_python(grammar_of(text))
