"""Assemble the pages of the site: everything `mkdocs` reads, into build/site-docs.

    python site/build_pages.py                     write build/site-docs
    python site/build_pages.py --out DIR --draft DIR

Hand-written pages come from site/pages, looks from site/assets; key, limit, command, Python and
rule pages are made from the tables, the grammar and the installed programs; the draft is the one
`make draft` rendered.  Rule: every page is made before the first is written, and the folder then
holds those pages and nothing else.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import reply_metadata
from abnf_compiler.grammar import load_resolved
from site_assembly.api_pages import api_page
from site_assembly.command_pages import command_pages
from site_assembly.corpus_page import corpus_page
from site_assembly.diagnostic_pages import PATH as DIAGNOSTICS_PATH
from site_assembly.diagnostic_pages import diagnostics_page
from site_assembly.draft_files import Draft, draft_html, draft_link, read_draft
from site_assembly.grammar_pages import grammar_pages
from site_assembly.inserts import ProjectFacts, complete_page
from site_assembly.key_pages import KeyPageInput, key_page
from site_assembly.navigation import missing_from_navigation
from site_assembly.tables import (
    GRAMMAR_FILE,
    PROJECT,
    SITE,
    load_key_examples,
    load_keys,
    load_limits,
)


def generated_pages(facts: ProjectFacts) -> dict[str, str]:
    """The pages made from tables and programs, by path."""
    draft = facts.draft
    pages = {
        "reference/python.md": api_page(
            reply_metadata, lambda anchor: draft_link(draft, anchor, "../")
        ),
        DIAGNOSTICS_PATH: diagnostics_page(),
        "reference/changelog.md": (PROJECT / "CHANGELOG.md").read_text("utf-8"),
        "reference/rfc-grammars.md": corpus_page(),
    }
    for key in facts.keys:
        link = draft_link(draft, f"key-{key.name.lower()}", "../")
        page = KeyPageInput(facts.grammar, key, facts.key_examples[key.name], link)
        pages[f"keys/{key.page}"] = key_page(page)
    return pages | command_pages()


def written_pages(facts: ProjectFacts) -> dict[str, str]:
    """The hand-written pages, completed, by path."""
    root = SITE / "pages"
    return {
        (name := path.relative_to(root).as_posix()): complete_page(
            path.read_text("utf-8"), name, facts
        )
        for path in sorted(root.rglob("*.md"))
    }


def other_files(draft: Draft) -> dict[str, bytes]:
    """Style sheets, scripts and the rendered draft, by path."""
    assets = {
        f"assets/{path.name}": path.read_bytes()
        for path in sorted((SITE / "assets").iterdir())
        if path.name != "rfc-local.css"
    }
    return assets | {
        "draft/rfc-local.css": (SITE / "assets" / "rfc-local.css").read_bytes(),
        f"draft/{draft.name}.html": draft_html(draft).encode("utf-8"),
        f"draft/{draft.name}.txt": draft.text.encode("utf-8"),
        f"draft/{draft.name}.xml": draft.xml,
    }


def assemble(draft_folder: Path) -> dict[str, bytes]:
    """Every file of docs_dir, by path."""
    draft = read_draft(draft_folder)
    grammar = load_resolved(GRAMMAR_FILE)
    rules = grammar_pages(grammar, draft)
    facts = ProjectFacts(grammar, load_keys(), load_key_examples(), load_limits(), draft)
    pages = written_pages(facts)
    for made in (generated_pages(facts), rules):
        twice = sorted(pages.keys() & made.keys())
        if twice:
            raise ValueError(f"made twice: {', '.join(twice)}")
        pages |= made
    missing = missing_from_navigation(SITE / "mkdocs.yml", frozenset(pages))
    if missing:
        raise ValueError("site/mkdocs.yml does not name these pages:\n" + "\n".join(missing))
    return {path: text.encode("utf-8") for path, text in pages.items()} | other_files(draft)


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Make `folder` hold exactly `files`."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, data in sorted(files.items()):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def main() -> int:
    """Read the command line and write the pages; the exit status."""
    parser = argparse.ArgumentParser(description="Assemble the pages of the site.")
    parser.add_argument("--out", type=Path, default=PROJECT / "build" / "site-docs")
    parser.add_argument("--draft", type=Path, default=PROJECT / "build" / "draft")
    options = parser.parse_args()
    files = assemble(options.draft)
    write_folder(options.out, files)
    pages = sum(path.endswith(".md") for path in files)
    sys.stdout.write(f"{pages} pages and {len(files) - pages} other files in {options.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
