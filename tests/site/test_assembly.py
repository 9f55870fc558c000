"""The generated pages say what the tables, the grammar and the parser say, each time the same."""

import dataclasses
import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from types import FunctionType

import pytest

import abnf_compiler
import reply_metadata
from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.annotation_forms import FORMS
from build_pages import assemble
from site_assembly.api_pages import api_page
from site_assembly.command_pages import CommandError, subcommands
from site_assembly.draft_files import Draft, DraftError, draft_html, read_draft
from site_assembly.inserts import InsertError, ProjectFacts, complete_page
from site_assembly.key_pages import KeyPageError, KeyPageInput, key_page, snippet
from site_assembly.limit_tables import limit_reasons
from site_assembly.navigation import missing_from_navigation, pages_in_navigation
from site_assembly.session_states import session_states
from site_assembly.tables import GRAMMAR_FILE, PROJECT, load_key_examples, load_keys, load_limits

KEYS = load_keys()
EXAMPLES = load_key_examples()
DRAFT = Draft(
    "draft-x-00", "Title", ("Abstract.",), {"why": "Why?"}, {}, '<p id="why">', "text", b"<rfc/>"
)


@pytest.fixture(scope="module")
def grammar():
    return load_resolved(GRAMMAR_FILE)


@pytest.fixture(scope="module")
def facts(grammar) -> ProjectFacts:
    return ProjectFacts(grammar, KEYS, EXAMPLES, load_limits(), DRAFT)


def page_input(grammar, name: str, **changes) -> KeyPageInput:
    (key,) = (key for key in KEYS if key.name == name)
    return KeyPageInput(grammar, key, dataclasses.replace(EXAMPLES[name], **changes), "d.html")


def test_every_key_has_examples_and_no_other_name_has():
    assert list(EXAMPLES) == [key.name for key in KEYS]


@pytest.mark.parametrize("name", [key.name for key in KEYS])
def test_a_key_page_has_its_parts_and_what_its_snippet_prints(grammar, name):
    text = key_page(page_input(grammar, name))
    for part in ("#meaning", "#syntax", "#security", "#python", "#ignored"):
        assert f"{{ {part} }}" in text
    assert snippet(page_input(grammar, name)).rstrip() in text
    assert re.search(r'```text title="Output"\n.+\n```', text)


def test_a_reply_whose_group_is_used_cannot_be_listed_as_ignored(grammar):
    wrong = (("450 4.4.4 [REFERRAL smtp://backend2/] Go", "said to be ignored"),)
    with pytest.raises(KeyPageError, match="was to be ignored"):
        key_page(page_input(grammar, "REFERRAL", ignored=wrong))


def test_a_sample_the_parser_does_not_use_stops_the_build(grammar):
    page = page_input(grammar, "REFERRAL")
    sample = "250 2.1.5 [REFERRAL smtp://backend2/] OK"
    page = dataclasses.replace(page, key=dataclasses.replace(page.key, sample=sample))
    with pytest.raises(KeyPageError, match="does not use the group"):
        key_page(page)


def test_every_limit_stands_in_the_table_with_its_reason():
    table = limit_reasons(load_limits())
    assert all(f"`{limit.name}`" in table and limit.reason in table for limit in load_limits())


def test_an_unknown_insert_is_an_error(facts):
    with pytest.raises(InsertError, match="'key-tabel'"):
        complete_page("<!-- insert: key-tabel -->\n", "index.md", facts)


def test_a_section_of_the_draft_is_named_by_its_title_and_must_exist(facts):
    page = complete_page("<!-- insert: draft-section why -->\n", "rationale/a.md", facts)
    assert page == "In the draft: [Why?](../draft/draft-x-00.html#why).\n"
    with pytest.raises(DraftError, match="'how'"):
        complete_page("<!-- insert: draft-section how -->\n", "rationale/a.md", facts)


def test_every_annotation_the_reader_knows_has_a_section_with_a_run(facts, site_folder):
    text = (site_folder / "pages" / "reference" / "annotations.md").read_text("utf-8")
    assert re.findall(r"^## @([a-z]+) ", text, re.M) == list(FORMS)
    for word in FORMS:
        section = text.split(f"\n## @{word} {{ #{word} }}\n")[1].split("\n## ")[0]
        assert f"; @{word} " in section
        assert "```console" in section
    page = complete_page(text, "reference/annotations.md", facts)
    assert all(f"`{each.form}`" in page for each in FORMS.values())


def test_links_of_an_insert_start_at_the_folder_of_the_page(facts):
    page = "<!-- insert: key-table -->\n"
    assert "](keys/referral.md)" in complete_page(page, "index.md", facts)
    assert "](../keys/referral.md)" in complete_page(page, "learn/five.md", facts)


def test_the_home_page_shows_the_reply_as_the_parser_reads_it(facts, site_folder):
    page = complete_page((site_folder / "pages" / "index.md").read_text("utf-8"), "index.md", facts)
    assert "transient failure: this decides" in page
    assert "REFERRAL</a>, used" in page
    assert "<!-- insert" not in page
    assert "```dialogue" not in page


def test_the_python_page_names_every_public_name_and_no_address():
    text = api_page(reply_metadata, lambda anchor: f"d.html#{anchor}")
    assert all(f"## {name} {{ #{name} }}" in text for name in reply_metadata.__all__)
    assert not re.search(r"0x[0-9a-f]{6}", text)


def test_the_compiler_page_names_every_public_name_with_its_methods(facts, site_folder):
    page = (site_folder / "pages" / "reference" / "abnf-compiler.md").read_text("utf-8")
    text = complete_page(page, "reference/abnf-compiler.md", facts)
    assert all(f"## {name} {{ #{name} }}" in text for name in abnf_compiler.__all__)
    assert "### Grammar.from_file { #Grammar.from_file }\n\n```python\nGrammar.from_file(" in text
    assert "Rule.match(" in text
    assert "(self" not in text
    assert not re.search(r"0x[0-9a-f]{6}", text)


@pytest.mark.parametrize("package", [abnf_compiler, reply_metadata])
def test_every_public_name_and_every_public_method_has_a_docstring(package):
    for name in package.__all__:
        value = getattr(package, name)
        members = vars(value).items() if isinstance(value, type) else ()
        documented = [value] if callable(value) else []
        documented += [m for n, m in members if not n.startswith("_") and hasattr(m, "__doc__")]
        kinds = (FunctionType, property, classmethod, cached_property, type)
        for each in documented:
            assert not isinstance(each, kinds) or (each.__doc__ or "").strip(), (name, each)


def test_subcommands_are_read_from_the_help_of_a_program():
    text = "usage: x\n\ncommands:\n  COMMAND\n    one       does one\n    long-name\n        two\n"
    assert subcommands(text) == ("one", "long-name")
    with pytest.raises(CommandError):
        subcommands("usage: x\n")


def test_the_draft_on_the_site_asks_no_other_host_and_leads_back():
    html = (
        "<head><style>@import url('https://example.org/f.css');p{}</style>"
        "<script>async function addMetadata(){fetch('https://example.org')}</script></head>"
        '<body class="x"><p id="s"><a href="#e" class="x"></a></p><pre>x</pre></body>'
    )
    shown = draft_html(dataclasses.replace(DRAFT, html=html))
    assert "https://" not in shown
    assert 'href="../draft.html"' in shown
    assert '<pre tabindex="0">' in shown
    assert 'id="s"' in shown
    assert '<a href="#e" class="x"></a>' not in shown


def test_a_missing_draft_is_named(tmp_path):
    with pytest.raises(DraftError, match="make draft"):
        read_draft(tmp_path)


def test_a_page_the_navigation_lacks_is_named(tmp_path):
    configuration = tmp_path / "mkdocs.yml"
    configuration.write_text("nav:\n  - Home: index.md\n  - Keys:\n    - keys/index.md\n", "utf-8")
    pages = frozenset({"index.md", "keys/index.md", "keys/new.md"})
    assert missing_from_navigation(configuration, pages) == ("      - new: keys/new.md",)


def test_the_navigation_has_at_most_seven_tabs_and_names_no_page_twice(site_folder):
    text = (site_folder / "mkdocs.yml").read_text("utf-8")
    navigation = text[text.index("\nnav:") :]
    assert len(re.findall(r"^  - ", navigation, re.M)) <= 7
    assert len(pages_in_navigation(navigation)) == len(re.findall(r"\.md\"?$", navigation, re.M))


def test_no_builder_has_to_run_code_for_the_pages(site_folder):
    text = (site_folder / "mkdocs.yml").read_text("utf-8")
    assert "hooks:" not in text
    assert "use_directory_urls: false" in text
    assert re.findall(
        r"^  - (\w+)", text[text.index("plugins:") :].split("\nmarkdown")[0], re.M
    ) == [
        "search",
        "offline",
    ]


def test_a_fresh_assembly_is_the_one_the_site_was_built_from(built_site):
    fresh = assemble(PROJECT / "build" / "draft")
    folder = PROJECT / "build" / "site-docs"
    present = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    assert sorted(present) == sorted(fresh)
    assert [name for name, path in present.items() if path.read_bytes() != fresh[name]] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [("# T\n\n## Here\n\n[ok](#here)\n", 0), ("# T\n\n[bad](#nowhere)\n", 1), ("[no](x.md)\n", 1)],
)
def test_the_strict_build_fails_on_a_broken_link_or_anchor(site_folder, tmp_path, body, status):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(body, "utf-8")
    text = (site_folder / "mkdocs.yml").read_text("utf-8")
    text = re.sub(r"(?m)^(docs|site)_dir: .*$", r"\1_dir: \1", text[: text.index("\nnav:")])
    (tmp_path / "mkdocs.yml").write_text(text, "utf-8")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("mkdocs")), "build", "--strict"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr


def test_the_page_of_states_needs_the_figure_of_the_draft():
    with pytest.raises(DraftError, match="states-figure"):
        session_states(DRAFT)
