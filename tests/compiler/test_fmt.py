"""The canonical layout: what it looks like, and the laws it keeps on every grammar there is."""

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from abnf_compiler import fmt
from abnf_compiler.diagnostics import GrammarError
from abnf_compiler.fmt import LayoutError, format_grammar
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.source import Source

TOKEN = re.compile(r'(?:[0-9*]*)(?:(?:%[si])?"[^"]*"|<[^>]*>|[^\s"<>]+)')
FORMATTED = """\
; @start a

a    = b / "c"            ; first
                          ; and more
long = 1*( a / b ) [ c ]  ; second

; alone
d =  %x41
d =/ %x42
"""


def formatted(text: str, width: int = 69) -> str:
    return format_grammar(Source("a.abnf", text), width=width)


def comments_of(text: str) -> list[str]:
    """The comments in their order, found without the code under test."""
    pattern = r'"[^"\n]*"|<[^>\n]*>|(;[^\n]*)'
    lines = text.replace("\r\n", "\n").split("\n")
    return [
        match[1].rstrip(" \t")
        for line in lines
        for match in re.finditer(pattern if not line.lstrip().startswith(";") else "(;.*)", line)
        if match[1] is not None
    ]


def is_one_token(line: str) -> bool:
    """Whether a line too long is so for one token or comment, as far left as it may stand."""
    indent = len(line) - len(line.lstrip())
    text = line.strip()
    if text.startswith(";"):
        return indent <= 1
    return (TOKEN.fullmatch(text) is not None and indent <= 1) or bool(
        re.fullmatch(r"[A-Za-z][A-Za-z0-9-]* =/?", line)
    )


def assert_laws(text: str, width: int = 69) -> str:
    """Format a text and hold the result against the laws; the formatted text."""
    new = formatted(text, width)
    before, after = (read_grammar(Source("a.abnf", each)) for each in (text, new))
    assert after.definitions == before.definitions
    assert after.annotations == before.annotations
    assert (after.imports, after.mentions) == (before.imports, before.mentions)
    assert comments_of(new) == comments_of(text)
    assert formatted(new, width) == new
    long_lines = [line for line in new.splitlines() if len(line) > width]
    assert all(map(is_one_token, long_lines)), long_lines
    assert not re.search(r"[ \t]\r?\n|\n\r?\n\r?\n|\A\s|\n\r?\n\Z", new)
    return new


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=b", "a = b\n"),
        ("a = b\nlonger = c", "a      = b\nlonger = c\n"),
        ("a = b\n\n\n\nlonger = c\n\n", "a = b\n\nlonger = c\n"),
        ("\n   a = b\n   cc = d", "a  = b\ncc = d\n"),
        ("a = (b/c)\n", "a = ( b / c )\n"),
        ("a = *[b]", "a = *[ b ]\n"),
        ("a = 1*2(b *(c))", "a = 1*2( b *( c ) )\n"),
        ("a = b /\n  c", "a = b / c\n"),
        ("a =/ b\ncc = d", "a  =/ b\ncc =  d\n"),
        ('a = %S"x" %X4a <p  q> "  "', 'a = %S"x" %X4a <p  q> "  "\n'),
        ("a = b ;c\n ;d\n;e", "a = b  ;c\n       ;d\n;e\n"),
        ("a = b\n ; @prefer a\n ; c", "a = b\n    ; @prefer a\n    ; c\n"),
        ("a = b ; c\n ; @prefer a\n ; d", "a = b  ; c\n    ; @prefer a\n    ; d\n"),
        ("a = b / ; c\n d ; e", "a = b  ; c\n  / d  ; e\n"),
        ("a = ; c\n b", "a =  ; c\n    b\n"),
        ("a ; c\n = b", "a =  ; c\n    b\n"),
        ("a = ( ; c\n b )", "a = (  ; c\n      b )\n"),
        ("a = ( b ; c\n )", "a = ( b  ; c\n    )\n"),
        ("a = b\n\n  / c\n; d\n  / e", "a = b / c\n    ; d\n  / e\n"),
        (FORMATTED, FORMATTED),
    ],
)
def test_the_layout_of_short_rules(text: str, expected: str) -> None:
    assert assert_laws(text) == expected


LONG = """\
a = first-alternative / second-alternative third / ( fourth / fifth )
a = aaaaaaaa / bbbbbbbb / cccccccc / dddddddd / eeeeeeee / ffffffff / gggggggg
a = aaaaaaaa bbbbbbbb cccccccc dddddddd eeeeeeee ffffffff gggggggg
a = aaaaaaaa ( bbbbbbbb cccccccc / dddddddd *( eeeeeeee "ffffffff" ) [ hh ] ) g
a-name-too-long-to-move-the-others = bbbbbbbb / cccccccc dddddddd eeeeeeee
another-name-that-is-too-long = bbbbbbbb
a = bbbbbbbb cccccccc dddddddd eeeeeeee ; a comment that does not fit there
"""

LONG_AT_50 = """\
a = first-alternative
  / second-alternative third
  / ( fourth / fifth )
a = aaaaaaaa / bbbbbbbb / cccccccc / dddddddd
  / eeeeeeee / ffffffff / gggggggg
a = aaaaaaaa bbbbbbbb cccccccc dddddddd eeeeeeee
    ffffffff gggggggg
a = aaaaaaaa
    ( bbbbbbbb cccccccc
    / dddddddd *( eeeeeeee "ffffffff" ) [ hh ] ) g
a-name-too-long-to-move-the-others =
    bbbbbbbb
  / cccccccc dddddddd eeeeeeee
another-name-that-is-too-long = bbbbbbbb
a = bbbbbbbb cccccccc dddddddd eeeeeeee
    ; a comment that does not fit there
"""


def test_the_layout_of_rules_that_do_not_fit_on_a_line() -> None:
    assert assert_laws(LONG, 50) == LONG_AT_50
    assert assert_laws(LONG_AT_50, 50) == LONG_AT_50


def test_a_token_too_long_for_its_column_moves_to_the_left() -> None:
    x, y, z = (f'"{char * length}"' for char, length in (("x", 50), ("y", 64), ("z", 66)))
    assert assert_laws(f"a-name-of-some-length = {x} / b ( {y} ) / {z}\n").splitlines() == [
        "a-name-of-some-length =",
        " " * 17 + x,
        " " * 22 + "/ b",
        " " * 24 + "(",
        "   " + y,
        " " * 24 + ")",
        " " * 22 + "/",
        " " + z,
    ]
    assert assert_laws(f'a = "{"q" * 200}" b\n').splitlines()[1] == f' "{"q" * 200}"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a = bbbbbbbbbb ( cccccccccc ( ddddddd eeee ) ) f",
            "a = bbbbbbbbbb\n    ( cccccccccc ( ddddddd eeee ) ) f\n",
        ),
        (
            "a = ( bbbbbbbb cccccccc dddddddd ( e f ) )",
            "a = ( bbbbbbbb cccccccc dddddddd\n      ( e f ) )\n",
        ),
        (
            f'a = ( ( "{"b" * 29}" ) ) c',
            f'a = ( ( "{"b" * 29}"\n      ) ) c\n',
        ),
        (
            "a = bbbbbbbb ( cccccccc dddddddd / eeeeeeee ffffffffff ) g",
            "a = bbbbbbbb\n    ( cccccccc dddddddd\n    / eeeeeeee ffffffffff ) g\n",
        ),
        (
            "a = ( ( bbbbbbbb cccccccc dddddddd eeeeee fffff ) )",
            "a = ( ( bbbbbbbb cccccccc dddddddd\n        eeeeee fffff ) )\n",
        ),
        (
            "a = ( ( bbbbbbbb cccccccc dddddddd eeeee ) )",
            "a = ( ( bbbbbbbb cccccccc dddddddd\n        eeeee ) )\n",
        ),
        (
            f'a = bbbbbbbb cc / "{"d" * 33}" / e f',
            f'a = bbbbbbbb cc\n  / "{"d" * 33}"\n  / e f\n',
        ),
        (
            f'aaaaaaaaaaaa = bbbbbbbb cc / "{"d" * 33}" / e f',
            f'aaaaaaaaaaaa = bbbbbbbb cc\n   / "{"d" * 33}"\n             / e f\n',
        ),
        (
            "aaaaaaaaaaaa = b\n ; 34567890123456789012345678901\n ; 3",
            "aaaaaaaaaaaa = b\n         ; 34567890123456789012345678901\n         ; 3\n",
        ),
        (
            f"aaaa = b ; 3\n ; 34\n ; {'3' * 31}",
            f"aaaa = b  ; 3\n       ; 34\n       ; {'3' * 31}\n",
        ),
        (
            "a = bbbbbbbb cccccccc ; @not so\n ddddd ; @no",
            "a = bbbbbbbb cccccccc  ; @not so\n    ddddd              ; @no\n",
        ),
        (
            "a = bbbbbbbb cccccccc ddddddddd ; @not so",
            "a = bbbbbbbb cccccccc\n    ddddddddd  ; @not so\n",
        ),
    ],
)
def test_what_belongs_together_stays_on_one_line(text: str, expected: str) -> None:
    assert assert_laws(text, 40) == expected


def test_comments_on_neighbouring_lines_share_a_column_where_they_fit() -> None:
    assert formatted("a = b ; 1\ncc = dd ee ; 2\n\nf = g ; 3\n") == (
        "a  = b      ; 1\ncc = dd ee  ; 2\n\nf = g  ; 3\n"
    )
    wide = f"a = b ; {'1' * 55}\ncc = dddddddd ; 2\n"
    assert formatted(wide) == f"a  = b  ; {'1' * 55}\ncc = dddddddd  ; 2\n"
    widest = f"a = b ; {'1' * 61}\n"
    assert formatted(widest) == widest
    assert formatted(f"a = b ; {'1' * 62}\n") == f"a = b\n    ; {'1' * 62}\n"
    assert formatted(f"a = b ; {'1' * 66}\n") == f"a = b\n ; {'1' * 66}\n"


def test_a_comment_that_would_become_an_annotation_stays_beside_its_token() -> None:
    text = f"a = bbbb ; @start {'c' * 52}\nbbbb = d /; @prefer {'e' * 52}\n  f\n"
    assert read_grammar(Source("", text)).annotations.starts == ()
    assert assert_bound(text).count("@") == 2
    assert_bound("a = b ; c\n / ; @prefer a\n d\n")
    assert_bound("a = b ; c\n ; d\n / ; @prefer a\n ; @prefer a\n d\n")


def assert_bound(text: str) -> str:
    new = formatted(text)
    tree = read_grammar(Source("", new))
    assert tree.annotations == read_grammar(Source("", text)).annotations
    assert formatted(new) == new
    return new


def test_groups_nested_as_deep_as_the_reader_allows_are_laid_out() -> None:
    for inner in ("a", '"a" / b c'):
        assert_laws(f"a = {'(' * 190} {inner} {') d ' * 190}\nb = a\nc = a\nd = a\n")
        assert_laws(f"a = {'*( [ ' * 60} {inner} {'] / d ) ' * 60}\n", 40)


def test_line_ends_stay_what_they_were() -> None:
    unix = "a = b\nb = c ; d\n"
    assert formatted(unix.replace("\n", "\r\n")) == "a = b\r\nb = c  ; d\r\n"
    assert formatted("a = b\r\nb = c\nc = d\r\n").count("\r\n") == 3
    assert formatted("a = b\r\nb = c\nc = d\n").count("\r\n") == 0


def project_grammars(project: Path) -> list[Path]:
    grammar = project / "grammar"
    core = grammar / "abnf_compiler" / "resolve" / "core.abnf"
    return [grammar / "reply-metadata.abnf", core, *sorted((grammar / "borrowed").glob("*.abnf"))]


@pytest.mark.parametrize("width", [40, 69, 72])
def test_the_laws_hold_for_the_grammars_of_the_project(project: Path, width: int) -> None:
    for path in project_grammars(project):
        assert_laws(path.read_text("utf-8"), width)


@pytest.mark.parametrize(("folder", "count"), [("rfc-abnf", 56), ("strings/grammars", 14)])
def test_the_laws_hold_for_the_grammars_of_rfcs(test_data: Path, folder: str, count: int) -> None:
    paths = sorted((test_data / folder).glob("*.abnf"))
    assert len(paths) == count
    for path in paths:
        for width in (69, 72):
            assert_laws(path.read_text("utf-8"), width)
    assert_laws(paths[0].read_text("utf-8"), 40)


def scattered(text: str, chance: Random) -> str:
    """The same grammar with other blanks and line breaks between its tokens."""
    result = ""
    for part in re.split(r"(?m)^(?=[A-Za-z])", text):
        rule = re.match(r"[A-Za-z].*\n(?:[ \t]+\S.*\n)*", part)
        if rule is None:
            result += part
            continue
        words = re.findall(r'"[^"\n]*"|<[^>\n]*>|;[^\n]*|\s+|[^\s";<]+', rule.group().strip())
        for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
            if not word.isspace():
                result += word
            elif before.startswith(";") or (after.startswith(";") and "\n" in word):
                result += chance.choice(["\n ", "\n        ", "\n\t"])
            else:
                breaks = [] if after.startswith(";") else ["\n  ", "\n\t "]
                result += chance.choice([" ", "   ", "\t", *breaks])
        result += "\n" + part[rule.end() :]
    return result


def test_blanks_and_line_breaks_of_the_text_do_not_change_the_layout(project: Path) -> None:
    for path in project_grammars(project):
        text = path.read_text("utf-8")
        other = scattered(text, Random(path.name))
        assert other != text
        assert formatted(other) == formatted(text), path.name


NAMES = st.sampled_from(["a", "b1", "rule-name", "x" * 30, "y" * 75])
LEAVES = NAMES | st.sampled_from(
    ['"a"', '";"', '%s"Q"', '""', f'"{"z" * 66}"', "%x41", "%d13.10", "%b0-1", "<p ; q>", "<>"]
)
COMMENTS = st.sampled_from([";", "; c", ";; d  e\t;", f"; {'f' * 60}", f";{'g' * 80}"])
BREAKS = st.sampled_from([" ", "\t", "\n ", "\n\n   ", "\n;m\n "]) | st.builds(
    lambda comment, gap: f"{gap}{comment}\n  ", COMMENTS, st.sampled_from([" ", "\n    "])
)
REPEATS = st.sampled_from(["", "*", "1*", "3", "*7", "2*31"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    parts: list[str] = []
    for number in range(draw(st.integers(1, 4))):
        if number:
            parts += (draw(BREAKS), "/") if draw(st.booleans()) else ()
            parts.append(draw(BREAKS))
        kind = draw(st.integers(0, 4)) if depth else 0
        if kind < 3:
            parts.append(draw(REPEATS) + draw(LEAVES))
        else:
            opening, closing = ("[", "]") if kind == 3 else ("(", ")")
            inner = draw(elements(depth - 1))
            parts += (draw(REPEATS), opening, draw(BREAKS), inner, draw(BREAKS), closing)
    return "".join(parts)


@st.composite
def grammars(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(["", "\n", "; head\n", "; @start a\n"]))
    for _ in range(draw(st.integers(1, 4))):
        sign = draw(st.sampled_from(["=", "=/"]))
        text += f"{draw(NAMES)}{draw(BREAKS)}{sign}{draw(BREAKS)}{draw(elements())}"
        text += draw(
            st.sampled_from(["\n", " ; end\n", "\n  ; under\n", "\n\n\n", "\n; between\n"])
        )
    return text


@settings(max_examples=150, deadline=None)
@given(grammars(), st.sampled_from([40, 69, 72]))
@example('a = ( "a" ;\n / ;\n ;x\n b )\n', 69)
def test_the_laws_hold_for_any_grammar(text: str, width: int) -> None:
    assert_laws(text, width)


@pytest.mark.parametrize(
    "text", ['a = "b', "a = (b", "; only a comment\n", "", "a = b\n; @start\n"]
)
def test_a_text_with_errors_is_refused(text: str) -> None:
    with pytest.raises(GrammarError):
        formatted(text)


def test_a_width_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 40"):
        formatted("a = b", 39)


@pytest.mark.parametrize(("old", "new"), [("b", "c"), ("; d", "; e"), ("; d", "")])
def test_a_layout_that_changes_the_meaning_is_never_handed_out(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    lines = fmt._lines

    def wrong(*arguments):
        return [line.replace(old, new) for line in lines(*arguments)]

    monkeypatch.setattr(fmt, "_lines", wrong)
    with pytest.raises(LayoutError):
        formatted("a = b ; d\n")
