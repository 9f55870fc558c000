"""Rule pages are whole, linked, safe, and say only what the engine confirmed."""

import re
from html.parser import HTMLParser
from pathlib import Path

import markdown
import pytest

from abnf_compiler.emit.page_html import (
    abnf_html,
    caret_column,
    code_html,
    expected_text,
    octets_text,
    preformatted,
    text_html,
)
from abnf_compiler.emit.rule_links import uses
from abnf_compiler.emit.rule_pages import ExampleError, emit_rule_pages, rule_address
from abnf_compiler.engines.compiled import compile_rule
from abnf_compiler.engines.refusal import Match
from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.resolve.resolver import resolve
from abnf_compiler.source import Source

PARTS = ["abnf", "diagram", "uses", "used-by", "examples", "near-misses", "analysis"]
EXTENSIONS = ["attr_list", "md_in_html", "tables", "toc", "pymdownx.superfences"]


def grammar_of(text):
    return resolve(read_grammar(Source("<text>", text)), fragment=True)


class Page(HTMLParser):
    """The ids, addresses, elements and text of a rendered page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.addresses, self.elements, self.headings = [], [], [], []
        self.text = ""
        self._in_heading = False
        body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
        self.html = markdown.markdown(body, extensions=EXTENSIONS)
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "h2":
            self.headings.append(values.get("id"))
        if tag == "a":
            self.addresses.append(values["href"])

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def grammar(project: Path):
    return load_resolved(project / "grammar/reply-metadata.abnf")


@pytest.fixture(scope="module")
def pages(grammar):
    return emit_rule_pages(grammar)


@pytest.fixture(scope="module")
def rendered(pages):
    return {path: Page(text) for path, text in pages.items()}


def test_every_rule_has_a_page_and_core_rules_share_one(grammar, pages) -> None:
    own = {f"grammar/{rule.key}.md" for rule in grammar.rules.values() if rule.origin != "core"}
    assert set(pages) == own | {"grammar/index.md", "grammar/core-rules.md"}


def test_a_rule_page_has_its_parts_in_order_under_fixed_ids(grammar, rendered) -> None:
    for rule in grammar.rules.values():
        if rule.origin != "core":
            assert rendered[f"grammar/{rule.key}.md"].headings == PARTS


def test_no_id_stands_twice_in_a_page(rendered) -> None:
    for path, page in rendered.items():
        assert len(page.ids) == len(set(page.ids)), path


def test_every_link_leads_to_a_page_and_an_id_that_exist(rendered) -> None:
    links = 0
    for path, page in rendered.items():
        for address in page.addresses:
            links += 1
            name, _, anchor = address.partition("#")
            target = rendered[f"grammar/{name.removesuffix('.html').removesuffix('.md')}.md"]
            assert not anchor or anchor in target.ids, (path, address)
    assert links > 600


def test_links_in_text_are_to_sources_and_links_in_html_to_pages(pages) -> None:
    for text in pages.values():
        assert all(
            target.endswith(".md") or ".md#" in target
            for target in re.findall(r"\]\(([^)]*)\)", text)
        )
        assert all(".html" in target for target in re.findall(r'<a [^>]*href="([^"]*)"', text))


def test_the_front_matter_holds_the_generated_line_and_the_title(pages) -> None:
    for text in pages.values():
        lines = text.splitlines()
        assert lines[0] == "---"
        assert lines[1].startswith("# Generated from reply-metadata.abnf by make generate; SHA-256")
        assert lines[2].startswith("title: ")
    assert '\ntitle: "IPv6address"\n' in pages["grammar/ipv6address.md"]
    assert "\n# IPv6address\n" in pages["grammar/ipv6address.md"]


def test_a_page_shows_the_abnf_with_every_other_rule_linked(pages, rendered) -> None:
    text = pages["grammar/metadata-group.md"]
    assert '<a href="metadata-key.html">metadata-key</a>' in text
    assert '<a href="core-rules.html#sp">SP</a>' in text
    assert '<a href="metadata-group.html">metadata-group</a>' not in text
    as_written = 'metadata-group       = "[" metadata-key *( SP metadata-argument ) "]"\n'
    assert as_written in rendered["grammar/metadata-group.md"].text


def test_the_examples_of_the_grammar_are_shown(pages) -> None:
    text = pages["grammar/metadata-group.md"]
    assert "From the grammar file" in text
    assert "[STORED mailbox=INBOX uidvalidity=7 uid=42]" in text
    assert "Derived from the rule" in pages["grammar/private-key.md"]


def test_uses_and_used_by_mirror_each_other(grammar, pages) -> None:
    def part(path, name):
        text = pages[path].split(f"{{#{name}}}\n\n")[1].split("\n## ")[0]
        return re.findall(r"\[[^]]+\]\(([a-z0-9-]+)\.md\)", text)

    for rule in grammar.rules.values():
        if rule.origin == "core":
            continue
        for name in part(f"grammar/{rule.key}.md", "uses"):
            assert rule.key in part(f"grammar/{name}.md", "used-by")


def test_the_page_of_core_rules_says_who_uses_each(grammar, pages) -> None:
    part = pages["grammar/core-rules.md"].split("\n## SP {#sp}\n")[1].split("\n## ")[0]
    users = re.findall(r"\(([a-z0-9-]+)\.md\)", part)
    assert "metadata-group" in users
    assert set(users) == {key for key, rule in grammar.rules.items() if "sp" in uses(rule)}


def test_no_line_of_a_block_can_open_a_fence() -> None:
    text = "```python\n~~~\n```\n<&>"
    html = text_html(text)
    assert not re.search(r"[`~<>]", html)
    assert (
        Page(preformatted(f"first\n{html}\nlast", "examples")).text.strip()
        == f"first\n{text}\nlast"
    )


def test_a_near_miss_shows_string_caret_message_and_reason(rendered) -> None:
    text = rendered["grammar/metadata-group.md"].text
    assert "[]\n ^ octet 2: expected a letter\nmetadata-group: metadata-key is missing" in text


def test_an_example_the_engine_refuses_stops_the_pages() -> None:
    grammar = grammar_of('; @start a\n; @example a: x\n\na = "x"\n')

    def refusing(grammar, rule):
        return lambda octets: Match(False, "none", 0, ("nothing",))

    with pytest.raises(ExampleError, match="refuses its example b'x'"):
        emit_rule_pages(grammar, engine=refusing)


def test_rules_that_are_not_regular_or_rest_on_prose_have_pages_too() -> None:
    pages = emit_rule_pages(grammar_of('a = "(" [ a ] ")"\nb = <prose> a\n'))
    assert "Decided by Lark's Earley parser" in pages["grammar/a.md"]
    assert "Not regular: a → a" in pages["grammar/a.md"]
    assert '<pre class="examples">' in pages["grammar/a.md"]
    assert "rests on prose" in pages["grammar/b.md"]
    assert Page(pages["grammar/b.md"]).headings == PARTS


def test_hostile_text_stays_text() -> None:
    grammar = grammar_of(
        '; Part <script>: *a* [b](c) `d`\n\na = "<script>alert(1)</script>" / %s"```" / "~~~" / b\n'
        'b = "</code></pre>" ; </pre><img src=x onerror=alert(1)>\n'
    )
    for text in emit_rule_pages(grammar).values():
        page = Page(text)
        assert "script" not in page.elements
        assert "img" not in page.elements
    page = Page(emit_rule_pages(grammar)["grammar/a.md"])
    assert page.headings == PARTS
    assert "<script>alert(1)</script>" in page.text


def test_no_page_holds_a_control_character_or_a_machine_path(pages) -> None:
    for text in pages.values():
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
        assert "/grammar/reply-metadata.abnf" not in text


def test_rules_named_like_our_own_pages_get_another_file() -> None:
    grammar = grammar_of('index = core-rules\ncore-rules = "x" DIGIT\n')
    found = emit_rule_pages(grammar)
    assert set(found) == {
        "grammar/index.md",
        "grammar/core-rules.md",
        "grammar/index-rule.md",
        "grammar/core-rules-rule.md",
    }
    assert rule_address(grammar, "Core-Rules") == "core-rules-rule.html"
    assert rule_address(grammar, "digit", suffix=".md") == "core-rules.md#digit"
    assert rule_address(grammar, "unknown") == ""


def test_every_shown_string_has_the_verdict_it_is_shown_with(grammar, pages) -> None:
    path = pages["grammar/delta-seconds.md"]
    match = compile_rule(grammar, "delta-seconds").match
    for example in re.search(r'<pre class="examples"><code>(.*?)</code>', path)[1].splitlines():
        assert match(example.encode())
    for miss in re.findall(r'<pre class="near-miss"><code>(.*)\n', path):
        assert not match(miss.encode().decode("unicode_escape").encode("latin-1"))


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (b"a b", "a b"),
        (b" a ", r"\x20a\x20"),
        (b" ", r"\x20"),
        (b"\r\n\t\\", r"\r\n\t\\"),
        (b"\x00\x7f\xff", r"\x00\x7F\xFF"),
        (b"", ""),
    ],
)
def test_strings_show_every_octet(octets, shown) -> None:
    assert octets_text(octets) == shown


@pytest.mark.parametrize(
    ("octets", "position", "column"),
    [
        (b"abc", 1, 1),
        (b" abc", 1, 4),
        (b"\x00\n b", 3, 7),
        (b"ab", 2, 2),
        (b"a ", 1, 1),
        (b"", 0, 0),
    ],
)
def test_a_caret_stands_under_its_octet(octets, position, column) -> None:
    assert caret_column(octets, position) == column


def test_a_long_list_of_expectations_is_cut_with_its_count() -> None:
    assert expected_text(("a",)) == "a"
    assert expected_text(("a", "b", "c")) == "a, b or c"
    assert expected_text(tuple("abcdefghij")) == "a, b, c, d, e, f, g, h and 2 more"


def test_code_in_a_line_is_safe_from_markdown() -> None:
    html = markdown.markdown(f"| {code_html('*a* |_b_| [c](d) `e` <f> &lt;')} |")
    assert "<em>" not in html
    assert Page(code_html("*a* <b> |")).text == "*a* <b> |"


def test_strings_and_comments_hold_no_links() -> None:
    html = abnf_html('a = "b" b ; b\n  %x41-5A <b>', lambda key: f"{key}.html")
    assert html.count('<a href="b.html">') == 1


def test_the_same_grammar_gives_the_same_bytes(project: Path) -> None:
    borrowed = project / "grammar/borrowed/rfc3986.abnf"
    assert emit_rule_pages(load_resolved(borrowed)) == emit_rule_pages(load_resolved(borrowed))
