"""ABNF out of RFC text: pages, blocks that read as ABNF and blocks that only look like it."""

import time
from pathlib import Path

import pytest

from abnf_compiler.read.extract import Block, collect, extract
from abnf_compiler.read.reader import read_grammar, read_leniently
from abnf_compiler.source import Source


def blocks_of(text: str) -> tuple[Block, ...]:
    return extract(Source("doc.txt", text))


def rules_of(text: str) -> list[str]:
    return [rule.name for block in blocks_of(text) for rule in block.rules]


def assert_every_character_is_where_it_is_said_to_be(block: Block) -> None:
    for offset, char in enumerate(block.text):
        original = block.source.text[block.offset(offset)]
        assert original in {char, "&"} or char == "\n", (offset, char, original)


def paged(lines: list[str], page_length: int = 20) -> str:
    """Lines as an RFC prints them, with a footer and a running header on every page."""
    pages = [lines[at : at + page_length] for at in range(0, len(lines), page_length)]
    text = "\n\n\n1.2.  Grammar\n\n"
    for number, page in enumerate(pages, 1):
        text += "".join(f"   {line}".rstrip() + "\n" for line in page)
        text += f"\n\n\nDoe{'Standards Track':^56}[Page {number}]\n\f\n"
        text += f"RFC 9999{'An Example':^52}May 2026\n\n\n"
    return text


@pytest.mark.parametrize("page_length", [7, 20, 1000])
def test_text_gives_the_rules_of_a_paged_rfc_unchanged(project: Path, page_length: int) -> None:
    path = project / "grammar" / "reply-metadata.abnf"
    before = read_grammar(Source("", path.read_text("utf-8"))).definitions
    document = paged(path.read_text("utf-8").splitlines(), page_length)
    found = blocks_of(document)
    assert {block.section for block in found} == {"1.2"}
    text = collect("", found).source.text
    assert read_grammar(Source("", text)).definitions == before
    assert not [mark for mark in ("\f", "[Page", "RFC 9999", "Standards") if mark in text]
    for block in found:
        assert_every_character_is_where_it_is_said_to_be(block)


OLD_STYLE = """
     Standard for Text

     a = 1*b
{}

     May 13, 1982               - {} -                      RFC #822
\f

     Standard for Text
     Second Line

         / *c
{}

     May 13, 1982               - {} -                      RFC #822
\f

     Standard for Text
     Second Line

     d = *e
"""


def test_furniture_of_any_form_goes_when_it_stands_on_many_pages() -> None:
    body = "\n".join(f"     r{number} = *s" for number in range(9))
    pages = OLD_STYLE.format("", "iii", body, "1") + OLD_STYLE.format("", "2", body, "3")
    found = blocks_of(pages)
    names = [f"r{number}" for number in range(9)]
    assert [rule.name for block in found for rule in block.rules] == ["a", *names, "d"] * 2
    assert found[0].text.startswith("a = 1*b\n    / *c\nr0 = *s\n")


@pytest.mark.parametrize("feed", ["\f\n", "\f", ""])
def test_one_page_break_is_known_by_its_form(feed: str) -> None:
    footer = f"Doe{'Standards Track':^56}[Page 1]"
    header = f"RFC 9999{'An Example':^52}May 2026"
    text = f"   a = *b\n\n{footer}\n{feed}{header}\n\n      / *c\n\n   Text.\n"
    assert [block.text for block in blocks_of(text)] == ["a = *b\n   / *c\n"]


def test_text_at_the_top_of_a_page_does_not_go_on_with_the_rule_before() -> None:
    text = "1.  A\n\n   a = *b\n\f\n      Note: this is text, in any column.\n"
    assert [block.text for block in blocks_of(text)] == ["a = *b\n"]
    text = '1.  A\n\n   a = *b\n\f\n2.  B\n\n   Text:\n\f\n   c = "d" *e\n\f\n   Text.\n'
    assert [(block.section, block.text) for block in blocks_of(text)] == [
        ("1", "a = *b\n"),
        ("2", 'c = "d" *e\n'),
    ]


def test_text_gives_the_rules_of_real_grammars(test_data: Path) -> None:
    for path in sorted((test_data / "strings" / "grammars").glob("*.abnf")):
        text = path.read_text("utf-8")
        wanted = [each.name for each in read_grammar(Source("", text)).definitions]
        assert rules_of(paged(text.splitlines())) == wanted, path.name


PROSE = [
    "   where n is given by\n   n = a / b\n   and b is not zero.\n",
    "   y = x\n",
    "   rank = hits / total\n",
    "   k = ( a / b ) c\n",
    "   S = (a + b) / 2\n",
    "       x = y / z;\n       x = *y;\n",
    '       char *s = "a";\n       s = "b";\n',
    '   title = "TOML Example"\n',
    '   Content-Type: text/plain;\n      charset="utf-8"\n      format="flowed"\n',
    "   boundary=x\n",
    "   a ::= b / c\n   b := c / d\n",
    "   i = These are lines of prose, with *( marks )\n",
    "   y = 2x\n",
    "   a = 1*b\n   c = d + e\n   f = g + h\n",
    f"   a = *b{' / c' * 6000}\n",
    "   v=  Version (plain-text; REQUIRED).  This tag\n",
    '   x = "a" /\n\n   Prose that begins in the column of the rule.\n',
    "",
    "\f\f\n\f",
]


@pytest.mark.parametrize("text", PROSE)
def test_text_that_only_looks_like_rules_is_left_alone(text: str) -> None:
    assert rules_of(text) == []


def test_rules_of_names_alone_count_beside_rules_that_show_abnf() -> None:
    text = '   foo = 1*bar / "x"\n\n   Text.\n\n   bar = baz / qux\n\n   Text.\n\n   baz = qux\n'
    assert rules_of(text) == ["foo", "bar"]
    assert rules_of(text + "\n   Text.\n\n     end = CR LF\n") == ["foo", "bar", "end"]


def test_a_string_counts_in_the_column_of_rules_that_show_abnf() -> None:
    text = '   foo = 1*bar\n\n   Text.\n\n{}Expect = "100-continue"\n'
    assert rules_of(text.format("   ")) == ["foo", "Expect"]
    assert rules_of(text.format("      ")) == ["foo"]


def test_comments_above_and_below_rules_belong_to_their_block() -> None:
    text = "   Text.\n\n   ; One\n\n   ; Two\n   a = *b\n\n   ; Three\n\n"
    text += "   c = *d\n   ; Four\n\n   Text."
    assert [block.text for block in blocks_of(text)] == [
        "; One\n\n; Two\na = *b\n\n; Three\n\nc = *d\n; Four\n"
    ]


def test_a_broken_rule_between_sound_ones_is_kept_for_check_to_show() -> None:
    text = "1.  A\n\n   a = 1*b\n   b = 1#c\n   c = %x41\n      / \n\n        %x42\n\n   Text.\n"
    (block,) = blocks_of(text)
    collected = collect("", [block])
    found = [collected.in_document(each) for each in read_leniently(collected.source).diagnostics]
    places = [(each.code, each.span.source.name, each.span.position.line) for each in found]
    assert places == [("ABNF101", "doc.txt", 4), ("ABNF113", "doc.txt", 7)]
    assert found[0].span.position.column == 9
    assert found[0].span.text == "#c"[: len(found[0].span.text)]


def test_two_rules_that_prose_touches_are_not_set_off_but_three_are() -> None:
    assert rules_of("   Text:\n   a = *b\n   c = *d\n") == []
    assert rules_of("   Text:\n   a = *b\n   c = *d\n   e = *f\n") == ["a", "c", "e"]
    assert rules_of("   Text:\n     a = *b\n     c = *d\n   Text.\n") == ["a", "c"]


TOO_DEEP = (
    "<section>" * 40_000 + "<artwork type='abnf'>a = &#65;\n</artwork>" + "</section>" * 40_000
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", paged(["A line of text.", "", 'a = *b / "c"', "", "  / d", ""] * 29_000)),
        ("a.txt", "   a = b\n" * 90_000),
        ("a.txt", "   a = b /\n\n      ( c\n\n" * 30_000),
        ("a.txt", "   a = b\n" + "      / c\n" * 90_000),
        ("a.txt", "\f" * 1_200_000 + "a [Page 1]\n" * 30_000),
        ("a.txt", "   ; a\n\n" * 90_000),
        ("a.txt", "".join(f"   a{number} = *b\n" for number in range(9000))),
        ("a.xml", TOO_DEEP),
        ("a.xml", "<artwork type='abnf'>" + "a = &lt;é&gt;\n" * 20_000 + "</artwork>"),
        ("a.md", "~~~ abnf\na = b\n~~~\n{: #x}\n\n    a\n\n\n" * 10_000),
        ("a.md", "~~~\n" * 200_000),
        ("a.md", "    a\n\n" * 100_000 + "- " * 200_000),
        ("a.md", "".join(f"# {mark * 200_000}\n" for mark in ("{#a", "{1", "{:a}", "a='", " #"))),
        ("a.md", "{" + "1" * 200_000 + "}\n~~~ abnf\na = b\n"),
    ],
)
def test_large_documents_take_linear_time(name: str, text: str) -> None:
    started = time.process_time()
    blocks = extract(Source(name, text))
    sum(len(block.rules) for block in blocks)
    assert time.process_time() - started < 20
