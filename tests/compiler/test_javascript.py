"""The emitted JavaScript says what the Python engine and the emitted Python module say.

Node runs the emitted files, one process for each question; without Node these tests are skipped.
`REPLYMETA_JAVASCRIPT_LINES` sets how many lines are read by both languages (10,000 unless set);
from 100,000 on the largest rules of the RFCs are matched too.
"""

import json
import os
import re
from itertools import islice
from random import Random

import pytest

from abnf_compiler.automata.expression import position_count
from abnf_compiler.automata.normal_form import AutomataError, to_regex
from abnf_compiler.emit.javascript import emit_javascript
from abnf_compiler.emit.javascript_pattern import javascript_pattern
from abnf_compiler.emit.python_module import emit_python
from abnf_compiler.engines.compiled import compile_rule
from abnf_compiler.grammar import Grammar, load_resolved
from abnf_compiler.pattern import ProofLabel
from abnf_compiler.sentences.derive import derive

SEED = 20200410
LINES = int(os.environ.get("REPLYMETA_JAVASCRIPT_LINES", "10000"))
EXHAUSTIVE = 100_000
LARGEST_RULE = 600
PIECES = [
    b"[", b"]", b"<", b">", b" ", b"  ", b"=", b"+", b"+4", b"+41", b"+4a", b'"', b"\\", b"-", b".",
    b"250", b"2.0.0", b"\t", b"\x00", b"\x7f", b"\xc3\xa9", b"\xff", b"\r", b"\n", b"[A]", b"<a@b>",
    b"smtp://", b"x" * 33 + b"=", b"; ", b",", b"/", b"#", b"1", b"",
]  # fmt: skip


@pytest.fixture(scope="module")
def grammar(project):
    return load_resolved(project / "grammar/reply-metadata.abnf")


@pytest.fixture(scope="module")
def parser(grammar):
    """The emitted Python module."""
    names = {"__name__": "emitted"}
    exec(compile(emit_python(grammar), "emitted", "exec"), names)
    return names


@pytest.fixture(scope="module")
def module(reply_javascript):
    return reply_javascript["esm"]


def grammar_of(*lines):
    return Grammar.from_text("\n".join(lines) + "\n").resolved


def call(name, octets, rule=None):
    return {"name": name, "hex": octets.hex()} | ({} if rule is None else {"rule": rule})


def as_json(value):
    """What Python returns, as it comes back from JavaScript."""
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return value.decode("latin-1") if isinstance(value, bytes) else value


def changed(octets, random):
    """The octets with one to three edits."""
    for _ in range(random.randint(1, 3)):
        at = random.randint(0, len(octets))
        octets = octets[:at] + random.choice(PIECES) + octets[at + random.choice((0, 0, 1, 2, 5)) :]
    return octets


def sentences(grammar, rule, count, max_octets=120):
    return list(islice(derive(grammar, rule, seed=SEED, max_octets=max_octets), count))


@pytest.fixture(scope="module")
def lines(grammar):
    """Lines of every shape: derived, put together from derived parts, and changed."""
    random = Random(SEED)
    heads = [b"250 2.0.0", b"450-4.4.4", b"551 5.1.6", b"250", b"354", b"250 5.1.1", b"250 2.0.0 "]
    paths = [b"<a@example.org>", b'<"a> [A] "@example.org>', b"<>", b"<a b>"]
    groups = sentences(grammar, "metadata-group", 500)
    texts = [*sentences(grammar, "line-text", 500), b"", b"Ok"]
    made = sentences(grammar, "received-line", LINES // 6)
    while len(made) < LINES // 2:
        words = [random.choice(heads), *random.choices(paths, k=random.choice((0, 0, 1)))]
        words += random.choices(groups, k=random.choice((0, 1, 1, 2, 3)))
        words += random.choices(texts, k=random.choice((0, 1, 1)))
        made.append(b" ".join(words))
    return made + [changed(random.choice(made), random) for _ in range(LINES - len(made))]


def test_received_line_returns_what_python_returns(ask, module, parser, lines) -> None:
    answers = ask(module, [call("receivedLine", line) for line in lines])
    accepted = with_groups = 0
    for line, answer in zip(lines, answers, strict=True):
        expected = parser["received_line"](line)
        assert answer == as_json(expected), line
        accepted += expected is not None
        with_groups += expected is not None and bool(expected[4])
    assert LINES / 2 < accepted < LINES
    assert with_groups > LINES / 6


def test_metadata_group_returns_what_python_returns(ask, module, parser, grammar) -> None:
    random = Random(SEED)
    groups = sentences(grammar, "metadata-group", 500)
    groups += [changed(group, random) for group in groups]
    answers = ask(module, [call("metadataGroup", group) for group in groups])
    assert answers == [as_json(parser["metadata_group"](group)) for group in groups]


def test_real_replies_are_read_as_in_python(ask, module, parser, test_data) -> None:
    records = (test_data / "replies.jsonl").read_text("utf-8").splitlines()
    lines = [
        line for record in records for line in json.loads(record)["reply"].encode().split(b"\n")
    ]
    answers = ask(module, [call("receivedLine", line) for line in lines])
    assert answers == [as_json(parser["received_line"](line)) for line in lines]
    assert len(lines) > 154


def vectors(project):
    for path in sorted((project / "tests/vectors/_generated").glob("*.json")):
        for record in json.loads(path.read_text("utf-8"))["vectors"]:
            raw = record.get("raw")
            octets = bytes.fromhex(record["raw_hex"]) if raw is None else raw.encode("ascii")
            yield record["rule"].lower(), octets, record["accepted"]


def test_every_vector_gets_its_verdict(ask, reply_javascript, project) -> None:
    records = list(vectors(project))
    if not records:
        pytest.skip("tests/vectors holds no vectors: run make generate")
    verdicts = [accepted for *_, accepted in records]
    calls = [call("match", octets, rule) for rule, octets, _ in records]
    assert ask(reply_javascript["esm"], calls) == verdicts
    assert ask(reply_javascript["script"], calls, "replyMetadataGrammar") == verdicts
    calls = [call("RegExp", octets, rule) for rule, octets, _ in records]
    assert ask(reply_javascript["esm"], calls) == verdicts


def test_refusals_are_those_of_the_python_engine(ask, module, grammar) -> None:
    random = Random(SEED)
    calls, expected = [], []
    for rule in grammar.annotations.starts:
        engine = compile_rule(grammar, rule)
        for sentence in [b"", *sentences(grammar, rule, 60)]:
            for octets in (sentence, sentence[:-1], changed(sentence, random)):
                match = engine.match(octets)
                answer = {"offset": match.position, "expected": list(match.expected)}
                calls.append(call("refusal", octets, rule))
                expected.append(None if match else answer)
    assert ask(module, calls) == expected
    assert 1000 < len(expected) - expected.count(None) < len(expected) - 1000


HEAD = b"250 2.0.0 "
PUMPS = [
    (HEAD, b"[a] ", b"\0"), (HEAD, b"[a b=c +41] ", b"\0"), (HEAD + b"[a", b" b", b""),
    (HEAD + b"[a ", b"b", b"\0"), (HEAD + b"[a", b" b=", b"\0"), (HEAD + b"[a ", b"+41", b"+4"),
    (HEAD + b"[a", b".a", b"\0"), (HEAD, b"[", b"\0"), (HEAD + b'<"', b"\\a", b"\0"),
    (HEAD + b"<", b'""', b"\0"), (HEAD, b"<a> ", b"\0"), (HEAD, b"[a b=c] ", b"x"),
    (b"", b"250-2.0.0 [a b=c] x\r\n", b"250 2.0.0 ["), (b"REPLYMETA", b" a", b" "),
    (b"smtp://", b"a-", b"!"), (b"smtp://", b"a.", b"!"), (b"smtp://[", b"1:", b"]"),
    (b"", b" a=b", b" "), (b" mailbox=", b"+41", b"+4"), (b"", b"\xf0\x90\x80\x80", b"\xf0"),
    (b"http://", b"%41", b"%4"), (b"", b"[a] ", b""), (b"", b"a", b"!"), (b"[a", b" b=c", b"]"),
]  # fmt: skip


@pytest.fixture(scope="module")
def slow_calls(node):
    """The calls that take over twenty times as long per octet on long strings as on short."""

    def run(path, small=16 * 1024, large=1024 * 1024):
        pumps = [
            {"prefix": prefix.hex(), "pump": pump.hex(), "suffix": suffix.hex()}
            for prefix, pump, suffix in PUMPS
        ]
        stdin = json.dumps({"sizes": [small, large], "pumps": pumps})
        *times, last = node("javascript_times.mjs", path, stdin=stdin)
        return [t for t in times if t["large"] > 20 * large / small * max(t["small"], 0.01)], last[
            "calls"
        ]

    return run


def test_pumped_strings_take_linear_time(slow_calls, module, grammar) -> None:
    slow, calls = slow_calls(module)
    assert slow == []
    assert calls == len(PUMPS) * (2 * len(grammar.annotations.starts) + 2)


def test_a_rule_that_slows_plain_patterns_is_made_anew(slow_calls, write) -> None:
    grammar = grammar_of(
        "; @start a b", "a = *( *ALPHA *ALPHA )", 'b = *ALPHA *( 1*ALPHA [ "!" ] )'
    )
    assert javascript_pattern(grammar, "b").label is ProofLabel.ELIMINATED
    text = emit_javascript(grammar)
    assert slow_calls(write(text)) == ([], 4 * len(PUMPS))
    slowed = re.sub('"b": ".*"', '"b": "^(?:[a-z]*[a-z]*)$"', text)
    slow, _ = slow_calls(write(slowed), 128, 16 * 1024)
    assert {each["call"] for each in slow} == {"RegExp b"}


def test_patterns_need_nothing_javascript_lacks(grammar) -> None:
    for rule in grammar.annotations.starts:
        pattern = javascript_pattern(grammar, rule)
        assert re.search(r"\(\?>|[*+?}]\+", pattern.source) is None
        assert pattern.label is not ProofLabel.COMMIT
    assert javascript_pattern(grammar, "received-line").label is ProofLabel.ELIMINATED


LISTS = [
    (["line: *item", "item: name value"],
     ['line = item *( ";" item )', 'item = name [ "=" value ]', "name = 1*ALPHA",
      "value = 1*DIGIT"], ["a=12;bc=3;d"]),
    (["line: name *digits"],
     ["line = name *( SP digits )", "name = 1*ALPHA", "digits = 1*DIGIT"], ["ab 1 23 4"]),
    (["line: *page", "page: title *row", "row: *cell"],
     ['line = *page', 'page = "#" title *row', "title = 1*ALPHA",
      'row = "/" cell *( "," cell )', "cell = 1*DIGIT"], ["#a/1,2/3#b", "#a/1#b/2,3"]),
    (["line: *group", "group: name *digits last"],
     ["line = *group", 'group = "<" name *( SP digits ) "|" last ">"', "name = 1*ALPHA",
      "digits = 1*DIGIT", "last = *ALPHA"], ["<a 1 2|z><b|>", "<a 1|z><b 2|y>"]),
    (["line: *name *digits"],
     ["line = *( name / digits )", 'name = "#" 1*ALPHA', "digits = DIGIT"], ["#a1#b", "12#a"]),
    (["line: left right"],
     ['line = "l" left / "r" right / "b" left "," right', "left = *ALPHA", "right = *DIGIT"],
     ["l", "lab", "r1", "b,", "bx,1"]),
    (["line: a"], ['line = a "," a', "a = *ALPHA"], ["a,b", ",b"]),
    (["line: name"], ['line = [ name ] ";"', "name = 1*ALPHA"], [";", "ab;"]),
    (["line: *item rest", "item: name"],
     ['line = *( item SP ) ( item / rest )', 'item = "[" name "]"', "name = 1*ALPHA",
      "rest = *( SP / VCHAR )", "; @prefer line"], ["[a]", "[a] [b] x", "[a]x", "[a] "]),
]  # fmt: skip


@pytest.mark.parametrize(("captures", "rules", "accepted"), LISTS)
def test_captures_of_other_grammars_are_those_of_python(
    ask, write, captures, rules, accepted
) -> None:
    grammar = grammar_of("; @start line", *(f"; @capture {each}" for each in captures), *rules)
    names = {"__name__": "emitted"}
    exec(compile(emit_python(grammar), "emitted", "exec"), names)
    random = Random(SEED)
    tried = [text.encode() for text in accepted]
    assert all(names["line"](octets) for octets in tried)
    tried += [changed(random.choice(tried), random) for _ in range(300)]
    answers = ask(write(emit_javascript(grammar)), [call("line", octets) for octets in tried])
    assert answers == [as_json(names["line"](octets)) for octets in tried]


PREFERRED = [
    ("a b", ["line = a [ b ] *ALPHA", "a = 1*2ALPHA", "b = 1*ALPHA"], "wxyz", ["wx", "yz"]),
    ("a b", ["line = [ a ] b *ALPHA", "a = ALPHA", "b = *ALPHA"], "x", ["x", ""]),
    ("a b", ["line = ( a / b a ) *ALPHA", "a = ALPHA", "b = ALPHA"], "xyz", ["x", None]),
    ("a b", ['line = ( a / b a ) *"z"', "a = ALPHA", "b = ALPHA"], "xyz", ["y", "x"]),
    ("*a *b", ["line = *( a / b )", "a = 2ALPHA", "b = ALPHA"], "xyz", [["xy"], ["z"]]),
    ("*a *b", ["line = *( b / a )", "a = 2ALPHA", "b = ALPHA"], "xy", [[], ["x", "y"]]),
    ("a b", ["line = *1a [ b ] *ALPHA", "a = *ALPHA", "b = ALPHA"], "xyz", ["xyz", None]),
    ("a b", ["line = [ b ] a", "a = *ALPHA", "b = ALPHA"], "", ["", None]),
    (
        "*a b",
        ["line = 1*3( a ) b", "a = 1*2ALPHA", "b = *ALPHA"],
        "abcdef",
        [["ab", "cd", "ef"], ""],
    ),
    ("*a b", ["line = *2a b", "a = 1*2ALPHA", "b = 1*ALPHA"], "abc", [["ab"], "c"]),
]


@pytest.mark.parametrize(("captures", "rules", "text", "parts"), PREFERRED)
def test_earlier_alternatives_and_longer_repetitions_come_first(
    ask, write, captures, rules, text, parts
) -> None:
    grammar = grammar_of("; @start line", "; @prefer line", f"; @capture line: {captures}", *rules)
    assert ask(write(emit_javascript(grammar)), [call("line", text.encode())]) == [parts]


def rfc_strings(test_data, file, rules, random, most=12):
    """(rule, text, verdict) of some strings of each rule."""
    for folder, verdict in (("accepted", True), ("rejected", False)):
        strings = json.loads((test_data / f"strings/{folder}/{file.stem}.json").read_text("utf-8"))
        for rule in rules:
            texts = strings.get(rule, [])
            for text in random.sample(texts, min(most, len(texts))):
                yield rule.lower(), text, verdict


def regular_rules(test_data, file, grammar):
    """The rules that have strings and an automaton, and the positions of each."""
    for name in sorted(json.loads((test_data / f"strings/accepted/{file.stem}.json").read_text())):
        try:
            size = position_count(to_regex(grammar, name))
        except AutomataError:
            continue
        if size < LARGEST_RULE or LINES >= EXHAUSTIVE:
            yield name, size


def test_regular_rules_of_rfcs_give_the_verdicts_other_tools_gave(ask, write, test_data) -> None:
    random = Random(SEED)
    rules_seen = patterns_seen = compared = 0
    for file in sorted((test_data / "strings/grammars").glob("*.abnf")):
        grammar = load_resolved(file)
        sizes = dict(regular_rules(test_data, file, grammar))
        small = [rule for rule, size in sizes.items() if 10 < size < 200]
        sampled = random.sample(small, min(3, len(small)))
        for name, rules in (("match", list(sizes)), ("RegExp", sampled))[: random.randint(1, 2)]:
            found = list(rfc_strings(test_data, file, rules, random))
            path = write(emit_javascript(grammar, rules=rules, patterns=name == "RegExp"))
            calls = [{"name": name, "rule": rule, "text": text} for rule, text, _ in found]
            assert ask(path, calls) == [verdict for *_, verdict in found], file.name
            compared += len(calls)
            patterns_seen += len(rules) if name == "RegExp" else 0
        rules_seen += len(sizes)
    assert rules_seen == (374 if LINES < EXHAUSTIVE else 433)
    assert patterns_seen > 12
    assert compared > 5000
