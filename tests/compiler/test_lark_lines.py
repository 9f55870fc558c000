"""The LALR grammar of a captured rule returns what the emitted Python parser returns."""

from itertools import islice
from pathlib import Path
from random import Random

import pytest
from lark import Lark, Token
from lark.exceptions import UnexpectedInput

from abnf_compiler.diagnostics import GrammarError
from abnf_compiler.emit.lark_lines import emit_lark_lines
from abnf_compiler.emit.python_module import emit_python
from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.resolve.resolver import resolve
from abnf_compiler.sentences.derive import derive
from abnf_compiler.source import Source

PIECES = (
    b"[A]",
    b"[A ",
    b"[REFERRAL smtp://b2/]",
    b"[a.b c=]",
    b"[a.b c=d",
    b"[1]",
    b"<a@b>",
    b'<"> [A]">',
    b"<",
    b">",
    b" ",
    b"  ",
    b"=",
    b"]",
    b"[",
    b"+5B",
    b"+5b",
    b"2.1.5",
    b"4.4.4444",
    b"\r",
    b"\n",
    b"\x00",
    b"\xff",
    b"250",
    b"-",
    b'"',
    b"\\",
    b"x" * 33 + b"=",
)


def lines_of(octets, parser):
    """What the emitted Python returns, made from Lark's tree as the header of the grammar says."""
    try:
        tree = parser.parse(octets.decode("latin-1"))
    except UnexpectedInput:
        return None
    wanted = (
        "received_code",
        "line_separator",
        "enhanced_status_code",
        "reply_path",
        "metadata_group",
        "remaining_text",
    )
    found = {name: [] for name in wanted}
    for child in tree.children:
        found[name_of(child)].append(child)
    result = [leaf(found[name]) for name in wanted]
    result[4] = [group(child) for child in found["metadata_group"]]
    return tuple(result)


def name_of(child):
    return child.type.lower() if isinstance(child, Token) else str(child.data)


def leaf(children):
    if not children or name_of(children[0]) == "metadata_group":
        return None
    (child,) = children
    text = child if isinstance(child, Token) else "".join(child.children)
    return text.encode("latin-1")


def group(tree):
    key, *arguments = tree.children
    return (key.encode("latin-1"), [argument(each) for each in arguments])


def argument(tree):
    parts = {name_of(part): part.encode("latin-1") for part in tree.children}
    return (parts.get("argument_name"), parts.get("argument_value"))


@pytest.fixture(scope="module")
def grammar(project: Path):
    return load_resolved(project / "grammar/reply-metadata.abnf")


@pytest.fixture(scope="module")
def parser(grammar):
    return Lark(emit_lark_lines(grammar), parser="lalr", start="received_line")


@pytest.fixture(scope="module")
def received_line(grammar):
    names: dict[str, object] = {}
    exec(emit_python(grammar, source_sha256="0" * 64, command="a test"), names)
    return names["received_line"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            b"450 4.4.4 [REFERRAL smtp://backend2/ a=b] Redirected",
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
        (b"250 2.1.5 [A]", (b"250", b" ", b"2.1.5", None, [(b"A", [])], None)),
        (b"250 2.1.5 [A] ", (b"250", b" ", b"2.1.5", None, [(b"A", [])], b"")),
        (b"250 2.1.5 [A]x", (b"250", b" ", b"2.1.5", None, [], b"[A]x")),
        (b"250 2.1.5 [A x=]", (b"250", b" ", b"2.1.5", None, [(b"A", [(b"x", None)])], None)),
        (b"250 2.1.5 <a> [A] b", (b"250", b" ", b"2.1.5", b"<a>", [(b"A", [])], b"b")),
        (b"250 2.1.5 <a b> c", (b"250", b" ", b"2.1.5", None, [], b"<a b> c")),
        (b"250 2.1.5x", (b"250", b" ", None, None, [], b"2.1.5x")),
        (b"250 a\x00", None),
        (b"25", None),
        (b"2500", None),
    ],
)
def test_both_parsers_read_a_line_as_the_draft_says(parser, received_line, line, expected) -> None:
    assert lines_of(line, parser) == expected
    assert received_line(line) == expected


def changed(octets, random):
    """`octets` with one to three pieces put in, taken out or put in place of others."""
    for _ in range(random.randint(1, 3)):
        at = random.randint(0, len(octets))
        end = min(len(octets), at + random.choice((0, 0, 1, 2, 5)))
        piece = random.choice(PIECES) if random.random() < 0.8 else b""
        octets = octets[:at] + piece + octets[end:]
    return octets


def test_both_parsers_agree_on_derived_and_on_changed_lines(grammar, parser, received_line) -> None:
    random = Random(20200410)
    derived = [
        line
        for seed in (1, 2)
        for line in islice(derive(grammar, "received-line", seed=seed, max_octets=120), 1200)
    ]
    lines = derived + [changed(random.choice(derived), random) for _ in range(6000)]
    lines += [
        b"450 4.4.4 " + random.choice((b"", b" ")).join(random.choices(PIECES, k=count))
        for count in (1, 2, 3, 4, 5, 6)
        for _ in range(1500)
    ]
    with_groups = refused = 0
    for line in lines:
        expected = received_line(line)
        assert lines_of(line, parser) == expected, line
        refused += expected is None
        with_groups += bool(expected and expected[4])
    assert len(lines) >= 10_000
    assert with_groups > 700
    assert refused > 1500


def test_a_line_of_a_thousand_groups_is_read_in_linear_time(parser) -> None:
    line = b"250 2.1.5 " + b"[A b=c] " * 1000 + b"[A b=c"
    found = lines_of(line, parser)
    assert len(found[4]) == 1000
    assert found[5] == b"[A b=c"


def test_the_header_tells_the_source_and_the_shape(grammar) -> None:
    text = emit_lark_lines(grammar, "received-line", source_sha256="0" * 64, command="make x")
    head = text.splitlines()[:6]
    assert head[0].startswith("// Generated from reply-metadata.abnf by make x; SHA-256")
    assert all(line.startswith("//") and len(line) <= 160 for line in head)
    assert '"received_line" has one child for each captured part' in text
    assert text.isascii()


def test_only_captured_parts_are_in_the_tree(grammar, parser) -> None:
    tree = parser.parse("450-4.4.4 <a> [A b=c] [D] text")
    names = {name_of(child) for child in tree.children}
    names |= {name_of(part) for sub in tree.iter_subtrees() for part in sub.children}
    captured = {item.rule for _, items in grammar.annotations.captures for item in items}
    assert names == {name.replace("-", "_") for name in captured}


def small(text):
    return resolve(read_grammar(Source("small.abnf", text)))


def test_the_grammar_is_made_from_the_annotations_of_any_file() -> None:
    text = (
        "; @start pairs\n; @capture pairs: *pair rest\n; @capture pair: name value\n\n"
        'pairs = *( pair ";" ) [ "#" rest ]\npair = name "=" value\n'
        "name = 1*ALPHA\nvalue = *DIGIT\nrest = *VCHAR\n"
    )
    parser = Lark(emit_lark_lines(small(text), "pairs"), parser="lalr", start="pairs")
    tree = parser.parse("ab=12;c=;#x=1;")
    shape = [
        (name_of(child), [str(each) for each in child.scan_values(lambda _: True)])
        for child in tree.children
    ]
    assert shape == [("pair", ["ab", "12"]), ("pair", ["c"]), ("rest", ["x=1;"])]
    with pytest.raises(UnexpectedInput):
        parser.parse("ab=x;")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('; @start a\n\na = "x"\n', "no @capture"),
        ('; @start a\n; @capture a: b\n\na = b\nb = "(" [ b ] ")"\n', "not regular"),
        (
            "; @start a\n; @prefer a\n; @capture a: *b\n; @capture b: c\n\n"
            'a = *( b / "x" )\nb = [ "y" ] c\nc = "z"\n',
            "must begin with a character of its own",
        ),
    ],
)
def test_what_this_form_cannot_carry_is_refused(text, message) -> None:
    with pytest.raises(GrammarError, match=message) as caught:
        emit_lark_lines(small(text), "a")
    assert caught.value.path == "small.abnf"


def test_an_unknown_rule_is_a_key_error(grammar) -> None:
    with pytest.raises(KeyError):
        emit_lark_lines(grammar, "no-such-rule")


def test_the_same_grammar_gives_the_same_bytes(project: Path, grammar) -> None:
    again = load_resolved(project / "grammar/reply-metadata.abnf")
    assert emit_lark_lines(again) == emit_lark_lines(grammar)
