"""ABNF out of XML, RFC text and Markdown: what is taken, what is not, and where it came from."""

import contextlib
import random
import time
from pathlib import Path
from typing import Any

import pytest

from abnf_compiler.read.extract import (
    Block,
    ExtractionError,
    Format,
    collect,
    decode,
    extract,
    guess_format,
)
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.source import Source

XML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE rfc [ <!ENTITY slash "/"> <!ENTITY both "&slash; <em>&#34;d&#34;</em>"> ]>
<rfc>
  <front><abstract><t>Überschrift &slash;</t></abstract></front>
  <middle>
    <section anchor="syntax"><name>Syntax</name>
      <sourcecode type="abnf" name="a.abnf"><![CDATA[
        a = "<" / "&amp;"
            / b  \t
      ]]></sourcecode>
      <section><sourcecode type="json">z = "z"</sourcecode>
        <artwork type="ABNF">b = "é &lt; " &slash; <xref target="c">c</xref> &both;</artwork>
      </section>
    </section>
    <section><section><section numbered="false">
      <artwork type="abnf">c = %x41</artwork></section></section></section>
  </middle>
  <back><section/><section><artwork type="abnf">d = "d"</artwork></section></back>
</rfc>
"""


def blocks_of(text: str, name: str = "doc.xml", **options: Any) -> tuple[Block, ...]:
    return extract(Source(name, text), **options)


def assert_every_character_is_where_it_is_said_to_be(block: Block) -> None:
    for offset, char in enumerate(block.text):
        original = block.source.text[block.offset(offset)]
        assert original in {char, "&"} or char == "\n", (offset, char, original)


def test_xml_gives_the_text_of_abnf_blocks_without_markup_and_margin() -> None:
    assert [block.text for block in blocks_of(XML)] == [
        'a = "<" / "&amp;"\n    / b\n',
        'b = "é < " / c / "d"\n',
        "c = %x41\n",
        'd = "d"\n',
    ]


def test_xml_blocks_know_their_section_and_file_name() -> None:
    assert [(block.section, block.name) for block in blocks_of(XML)] == [
        ("syntax", "a.abnf"),
        ("1.1", ""),
        ("2.1", ""),
        ("B", ""),
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_character_of_an_xml_block_is_found_in_the_document(line_end: str) -> None:
    text = XML.replace("\n", line_end)
    for block in blocks_of(text):
        assert_every_character_is_where_it_is_said_to_be(block)
        for rule in block.rules:
            line = block.source.line(rule.position.line)
            assert line[rule.position.column - 1 :].startswith(f"{rule.name} =")


def test_types_decide_which_blocks_are_taken() -> None:
    text = "<x><artwork>a = b</artwork><sourcecode type='abnf9110'>b = 1#c</sourcecode></x>"
    assert blocks_of(text) == ()
    assert [each.text for each in blocks_of(text, types={"abnf9110"})] == ["b = 1#c\n"]


def test_no_other_file_is_read_for_xml(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", "utf-8")
    dtd = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    assert blocks_of(f"{dtd}<x>&e;<artwork type='abnf'>a = b</artwork></x>")[0].text == "a = b\n"
    with pytest.raises(ExtractionError, match=r"^doc\.xml:2:33: the entity &e; is not declared"):
        blocks_of(f"{dtd}\n<x><artwork type='abnf'>a = b / &e;</artwork></x>")
    include = (
        f'<x xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{secret.as_uri()}"/>'
    )
    assert blocks_of(f"{include}</x>") == ()


def test_a_margin_may_be_of_several_pieces() -> None:
    text = "<artwork type='abnf'>\n&#32;  a = b&#32;\n <b> </b> c d\n\n   c\n   d = e</artwork>"
    (block,) = blocks_of(text)
    assert block.text == "a = b\nc d\n\nc\nd = e\n"
    assert [rule.name for rule in block.rules] == ["a", "d"]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 30))
WIDE = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 99}">' for n in range(1, 8))
DOUBLED = "".join(f'<!ENTITY l{n} "&l{n - 1};&l{n - 1};">' for n in range(1, 8))


@pytest.mark.parametrize("use", ["<y>&l29;</y>", "<y a='&l29;'/>", "<artwork type='abnf'>&l29;"])
@pytest.mark.parametrize(
    "entities",
    [
        f'<!ENTITY l0 "ha">{LAUGHS}',
        f'<!ENTITY l0 "">{LAUGHS}',
        f'{LAUGHS}<!ENTITY l0 "">',
        f'<!ENTITY l0 "{"a" * 20_000}">{DOUBLED}<!ENTITY l29 "&l7;">',
        f'<!ENTITY l29 "&l5;">{WIDE}<!ENTITY l0 "{"a" * 20_000}">',
        '<!ENTITY l29 "&l29;">',
        '<!ENTITY l0 "&l29;"><!ENTITY l29 "&l0;">',
    ],
)
def test_entities_that_explode_are_refused_at_once(entities: str, use: str) -> None:
    started = time.process_time()
    with pytest.raises(ExtractionError):
        blocks_of(f"<!DOCTYPE x [{entities}]><x>{use}</x>")
    assert time.process_time() - started < 1


def test_one_long_entity_cannot_be_used_without_end() -> None:
    entity = f'<!DOCTYPE x [<!ENTITY l "{"a" * 100_000}">]>'
    with pytest.raises(ExtractionError, match="too long"):
        blocks_of(f"{entity}<x><artwork type='abnf'>{'&l;' * 1000}</artwork></x>")


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("<rfc>\n <a></rfc>", "2:7", "mismatched tag; </a> is expected"),
        ("<rfc>\nü <a b=c/></rfc>", "2:8", "not well-formed (invalid token)"),
        ("<rfc>", "1:6", "no element found"),
        ("", "1:1", "no element found"),
        ("<rfc/>\n<rfc/>", "2:1", "junk after document element"),
        ("<rfc>&nbsp;</rfc>", "1:6", "undefined entity"),
        ("<rfc>\0</rfc>", "1:6", "not well-formed (invalid token)"),
        ("<rfc>\ud800</rfc>", "1:6", "not well-formed (invalid token)"),
    ],
)
def test_xml_that_is_not_well_formed_is_refused_with_its_place(
    text: str, place: str, reason: str
) -> None:
    with pytest.raises(ExtractionError) as raised:
        blocks_of(text, format=Format.XML)
    assert str(raised.value) == f"doc.xml:{place}: not well-formed XML: {reason}"


MARKDOWN = """---
title: Example
--- middle

# First Things! {#one}

``` abnf
a = "a"
```
{: #fig sourcecode-name="a.abnf" title="A"}

1. ```abnf
   b = "b"
     / "c"
   ```

{:listing: sourcecode-type="abnf"}

Second & Third
--------------

{:listing}
~~~~
c = "c"
~~~
~~~~

~~~ abnf
d = d
~~~
{: sourcecode-type="abnf9110"}

    e = "e"

    f = "f"
{:type="abnf"}

    code = "code"
    ~~~ abnf
    g = "g"
    ~~~

## Last {: .unnumbered}

```json
{ "g": 1 }
```

~~~ ABNF
h = "h"
"""


def test_markdown_gives_fenced_and_marked_code_blocks() -> None:
    found = blocks_of(MARKDOWN, "draft.md")
    assert [(block.text, block.section, block.name) for block in found] == [
        ('a = "a"\n', "one", "a.abnf"),
        ('b = "b"\n  / "c"\n', "one", ""),
        ('c = "c"\n~~~\n', "second-third", ""),
        ('e = "e"\n\nf = "f"\n', "second-third", ""),
        ('g = "g"\n', "second-third", ""),
        ('h = "h"\n', "last", ""),
    ]
    for block in found:
        assert_every_character_is_where_it_is_said_to_be(block)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.xml", "", Format.XML),
        ("a.TXT", "# x\n", Format.TEXT),
        ("a.md", "<p>x</p>", Format.MARKDOWN),
        ("a.txt", "<?xml version='1.0'?><rfc/>", Format.XML),
        ("<stdin>", "\ufeff\n<sourcecode type='abnf'>", Format.XML),
        ("<stdin>", "Text\n~~~ abnf\n", Format.MARKDOWN),
        ("<stdin>", "   a = b\n", Format.TEXT),
        ("a.abnf", "a = <b>\n", Format.TEXT),
    ],
)
def test_the_format_is_guessed_from_name_and_content(
    name: str, text: str, expected: Format
) -> None:
    assert guess_format(Source(name, text)) is expected


def test_octets_are_decoded_as_the_document_says() -> None:
    assert decode("a", "\ufeffé".encode()) == "é"
    assert decode("a", "é".encode("utf-16")) == "é"
    assert decode("a.txt", b"caf\xe9") == "café"
    latin = b'<?xml version="1.0" encoding="ISO-8859-1"?><x>\xe9</x>'
    assert decode("a", latin).endswith("<x>é</x>")
    for bad in (b"<x>\n\xe9</x>", latin.replace(b"ISO-8859-1", b"utf-7")):
        with pytest.raises(ExtractionError, match=r"^a:[12]:\d+: octet \d+ is not UTF-8$"):
            decode("a", bad)


def test_the_comment_before_a_block_is_never_an_annotation() -> None:
    blocks = extract(Source("@start x\n.md", '~~~ abnf\na = "a"\n~~~\n'))
    text = collect("", blocks).source.text
    assert text == '; ./@start x?.md:2\na = "a"\n'
    assert read_grammar(Source("", text)).annotations.starts == ()


def test_the_fragments_of_the_draft_hold_the_rules_of_the_grammar(project: Path) -> None:
    grammar = (project / "grammar" / "reply-metadata.abnf").read_text("utf-8")
    wanted = {each.name: each for each in read_grammar(Source("", grammar)).definitions}
    found = {
        each.name: each
        for path in sorted((project / "draft" / "_generated").glob("abnf-layer-*.xml"))
        for block in blocks_of(path.read_text("utf-8"))
        for each in read_grammar(Source("", block.text)).definitions
    }
    assert found == wanted


TEXT = """1.  One

   a = 1*b ; c
     / "d"

Doe                        Standards Track                      [Page 1]
\f
RFC 9999                       An Example                      May 2026

     / %x41
"""


@pytest.mark.parametrize("form", list(Format))
def test_damaged_documents_give_blocks_or_an_error_and_nothing_else(form: Format) -> None:
    documents = {Format.XML: XML, Format.MARKDOWN: MARKDOWN, Format.TEXT: TEXT}
    chance = random.Random(form.value)
    for _ in range(300):
        octets = bytearray(documents[form].encode())
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(octets))
            octets[at : at + chance.randint(0, 20)] = chance.randbytes(chance.randint(0, 4))
        with contextlib.suppress(ExtractionError):
            source = Source("doc", decode("doc", bytes(octets)))
            for block in extract(source, form):
                assert block.position(len(block.text)).line <= len(source.line_starts)
                assert all(rule.position.line for rule in block.rules)
