"""One Markdown page for every rule of a grammar, and an index of them.

Rules: pages are for mkdocs-material with `use_directory_urls: false` and pass `--strict`; the
parts of a page have fixed ids (`abnf diagram uses used-by examples near-misses analysis`), which
other pages may link to for ever.  Nothing on a page is claimed: every example and every near miss
has been put to the engine when the page was made, and the caret stands where the engine stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from textwrap import fill
from typing import Final

from abnf_compiler.diagnostics import GrammarError
from abnf_compiler.emit.abnf_text import abnf_of
from abnf_compiler.emit.analysis_text import analysis_text
from abnf_compiler.emit.generated_line import DEFAULT_COMMAND, generated_line
from abnf_compiler.emit.page_html import (
    abnf_html,
    caret_column,
    code_html,
    expected_text,
    line_html,
    octets_text,
    preformatted,
    text_html,
)
from abnf_compiler.emit.railroad_svg import railroad_svg
from abnf_compiler.emit.railroad_text import railroad_text
from abnf_compiler.emit.rfcxml import origin_reference
from abnf_compiler.emit.rule_links import used_by, uses
from abnf_compiler.emit.sections import sections
from abnf_compiler.sentences.derive import derive
from abnf_compiler.sentences.judge import Judge, judge
from abnf_compiler.sentences.near_misses import NearMiss, near_misses
from abnf_compiler.tree import ResolvedGrammar, Rule

FOLDER: Final = "grammar"
CORE_PAGE: Final = "core-rules"
CORE_SOURCE: Final = "RFC 5234, Appendix B.1"
TAKEN: Final = frozenset(("index", CORE_PAGE))
SEED: Final = 1
MAX_EXAMPLE_OCTETS: Final = 72
MAX_EXAMPLES: Final = 6
SENTENCES_TRIED: Final = 40
MAX_COLUMNS: Final = 72
MAX_NEAR_MISSES: Final = 6
OWN_NEAR_MISSES: Final = 3
NEAR_MISSES_TRIED: Final = 60

Analysis = Callable[[ResolvedGrammar, str], str]
"""What decides a rule and why, as Markdown."""


class ExampleError(AssertionError):
    """An `@example` that the engine refuses."""


def page_name(rule: Rule) -> str:
    """The page a rule is described on, without suffix; core rules share one."""
    if rule.origin == "core":
        return CORE_PAGE
    return f"{rule.key}-rule" if rule.key in TAKEN else rule.key


def rule_address(grammar: ResolvedGrammar, name: str, *, suffix: str = ".html") -> str:
    """The address of a rule (any case) within the folder of the pages; empty when unknown."""
    rule = grammar.rules.get(name.lower())
    if rule is None:
        return ""
    return f"{page_name(rule)}{suffix}" + (f"#{rule.key}" if rule.origin == "core" else "")


@dataclass(frozen=True, slots=True)
class _Pages:
    """What every page needs."""

    grammar: ResolvedGrammar
    first_line: str
    users: dict[str, tuple[str, ...]]
    engine: Callable[[ResolvedGrammar, str], Judge]
    analysis: Analysis

    def address(self, key: str) -> str:
        """The address of a rule from another page of the folder; empty when it has none."""
        return rule_address(self.grammar, key)

    def link(self, key: str) -> str:
        """A Markdown link to a rule."""
        if key not in self.grammar.rules:
            return code_html(key)
        return f"[{self.grammar.rules[key].name}]({rule_address(self.grammar, key, suffix='.md')})"

    def links(self, keys: Iterable[str], nothing: str) -> str:
        """A list of links, or the sentence that says there are none."""
        return "".join(f"- {self.link(key)}\n" for key in keys) or f"{nothing}\n"

    def head(self, title: str, boost: int) -> str:
        """The front matter and the heading of a page."""
        return (
            f"---\n# {self.first_line}\ntitle: {json.dumps(title)}\n"
            f"search:\n  boost: {boost}\n---\n\n# {title}\n\n"
        )

    def abnf(self, rule: Rule) -> str:
        """The ABNF of a rule; every other rule it names is a link."""
        html = abnf_html(
            abnf_of(rule).rstrip(), lambda key: "" if key == rule.key else self.address(key)
        )
        return preformatted(html, "abnf")

    def diagram(self, rule: Rule) -> str:
        """The diagram as a picture, and as text in a closed fold."""
        picture = railroad_svg(self.grammar, rule.key, link=self.address)
        text = text_html(railroad_text(self.grammar, rule.key).rstrip("\n"))
        label = f"Railroad diagram of {rule.name}"
        return (
            f'<div class="railroad-box" role="region" aria-label="{label}" tabindex="0" '
            f"data-search-exclude>{picture}</div>\n\n"
            '<details class="railroad-text" data-search-exclude>'
            "<summary>The diagram as text</summary>\n"
            f"{preformatted(text, 'railroad-text')}</details>\n"
        )

    def examples(self, rule: Rule, match: Judge) -> str:
        """Accepted strings: those of the grammar file, else derived ones; all put to the engine."""
        given = [
            text.encode("latin-1")
            for owner, text in self.grammar.annotations.examples
            if owner == rule.key
        ]
        refused = next((example for example in given if not match(example)), None)
        if refused is not None:
            raise ExampleError(f"{rule.name} refuses its example {refused!r}")
        shown = given or _short_sentences(self.grammar, rule, match)
        source = "From the grammar file" if given else "Derived from the rule"
        if not shown:
            return "No short string matches this rule.\n"
        lines = "\n".join(text_html(octets_text(each) or "(the empty string)") for each in shown)
        return (
            f"{source}; each accepted when this page was made.\n\n{preformatted(lines, 'examples')}"
        )

    def near_misses(self, rule: Rule, match: Judge) -> str:
        """Refused strings with a caret where the engine stopped, and what is wrong."""
        found = near_misses(
            self.grammar,
            rule.key,
            seed=SEED,
            max_octets=MAX_EXAMPLE_OCTETS,
            refused=lambda octets: not match(octets),
        )
        blocks = [
            preformatted(text_html(_shown(miss, match)), "near-miss")
            for miss in _various(list(islice(found, NEAR_MISSES_TRIED)), rule)
        ]
        if not blocks:
            return "No near miss is known.\n"
        return "Each refused when this page was made.\n\n" + "\n".join(blocks)

    def origin(self, rule: Rule) -> str:
        """One sentence on where the rule stands."""
        if rule.origin:
            return f"Imported from {origin_reference(rule)}.\n"
        section = next(
            (each for each in sections(self.grammar) if rule.key in each.rule_keys), None
        )
        start = rule.key in self.grammar.annotations.starts
        place = (
            f"Rule of the section *{line_html(section.title)}*"
            if section and section.title
            else "Rule"
        )
        return f"{place}; {'an entry point of the parsers' if start else 'part of other rules'}.\n"

    def rule_page(self, rule: Rule) -> str:
        """The page of one rule."""
        key = rule.key
        try:
            match = self.engine(self.grammar, key)
        except GrammarError:
            examples = near_misses = "None: the rule rests on prose, which no engine can match.\n"
        else:
            examples, near_misses = self.examples(rule, match), self.near_misses(rule, match)
        analysis = self.analysis(self.grammar, key)
        return (
            f"{self.head(rule.name, 2)}{self.origin(rule)}\n"
            f"## ABNF {{#abnf}}\n\n{self.abnf(rule)}\n"
            f"## Diagram {{#diagram}}\n\n{self.diagram(rule)}\n"
            f"## Uses {{#uses}}\n\n{self.links(uses(rule), 'No other rule.')}\n"
            f"## Used by {{#used-by}}\n\n{self.links(self.users[key], 'No other rule.')}\n"
            f"## Examples {{#examples}}\n\n{examples}\n"
            f"## Near misses {{#near-misses}}\n\n{near_misses}\n"
            f"## Analysis {{#analysis}}\n\n{analysis.rstrip()}\n"
        )

    def core_page(self) -> str:
        """The core rules on one page."""
        rules = [rule for rule in self.grammar.rules.values() if rule.origin == "core"]
        parts = [self.head("Core rules", 1), f"The rules of {CORE_SOURCE} that are used here.\n"]
        for rule in sorted(rules, key=lambda rule: rule.key):
            parts.append(
                f"\n## {rule.name} {{#{rule.key}}}\n\n{self.abnf(rule)}\n"
                f"Used by:\n\n{self.links(self.users[rule.key], 'No other rule.')}"
            )
        return "".join(parts)

    def table(self, keys: Iterable[str]) -> str:
        """The rows of the index for some rules."""
        longest_first = sorted(self.grammar.annotations.examples, key=lambda each: -len(each[1]))
        examples = dict(longest_first)
        rows = ["| rule | entry point | example |", "| --- | --- | --- |"]
        for key in keys:
            start = "yes" if key in self.grammar.annotations.starts else ""
            text = examples.get(key)
            example = code_html(octets_text(text.encode("latin-1"))) if text is not None else ""
            rows.append(f"| {self.link(key)} | {start} | {example} |")
        return "\n".join(rows) + "\n"

    def index(self) -> str:
        """The list of all rules by section."""
        parts = [self.head("Grammar", 1)]
        for section in sections(self.grammar):
            note = f"{line_html(section.note)}\n\n" if section.note else ""
            title = line_html(section.title) or "Rules"
            parts.append(
                f"## {title} {{#{section.name}}}\n\n{note}{self.table(section.rule_keys)}\n"
            )
        imported = [r.key for r in self.grammar.rules.values() if r.origin not in ("", "core")]
        if imported:
            parts.append(f"## Imported rules {{#imported}}\n\n{self.table(imported)}\n")
        parts.append(
            "## Core rules {#core}\n\n"
            f"The [core rules]({CORE_PAGE}.md) are those of {CORE_SOURCE}.\n"
        )
        return "".join(parts)


def _unreadable(octets: bytes) -> int:
    """How many octets would have to be shown as escapes."""
    return len(octets_text(octets)) - len(octets)


def _short_sentences(grammar: ResolvedGrammar, rule: Rule, match: Judge) -> list[bytes]:
    """A few derived sentences that fit on a line, readable ones first."""
    found = derive(grammar, rule.key, seed=SEED, max_octets=MAX_EXAMPLE_OCTETS)
    tried = [sentence for sentence in islice(found, SENTENCES_TRIED) if match(sentence)]
    return sorted(tried, key=_unreadable)[:MAX_EXAMPLES]


def _various(misses: list[NearMiss], rule: Rule) -> list[NearMiss]:
    """Near misses of the rule's own text first, then one of each rule it uses, readable ones."""
    once: dict[tuple[str, str], NearMiss] = {}
    for miss in sorted(misses, key=lambda miss: _unreadable(miss.octets)):
        once.setdefault((miss.rule, miss.reason), miss)
    readable_first = list(once.values())
    own = [miss for miss in readable_first if miss.rule == rule.name][:OWN_NEAR_MISSES]
    others = {miss.rule: miss for miss in reversed(readable_first) if miss.rule != rule.name}
    return [*own, *reversed(others.values())][:MAX_NEAR_MISSES]


def _shown(miss: NearMiss, match: Judge) -> str:
    """A near miss: the string, a caret where the engine stopped, its message, what was changed."""
    refusal = match(miss.octets)
    at_end = refusal.position >= len(miss.octets)
    where = "at the end" if at_end else f"octet {refusal.position + 1}"
    caret = f"{' ' * caret_column(miss.octets, refusal.position)}^ {where}: "
    expected = f"expected {expected_text(refusal.expected)}"
    if len(caret + expected) > MAX_COLUMNS:
        caret, expected = f"{caret.rstrip(': ')}\n", fill(expected, MAX_COLUMNS)
    return f"{octets_text(miss.octets)}\n{caret}{expected}\n{miss.rule}: {miss.reason}"


def emit_rule_pages(
    grammar: ResolvedGrammar,
    *,
    analysis: Analysis = analysis_text,
    engine: Callable[[ResolvedGrammar, str], Judge] = judge,
    source_sha256: str | None = None,
    command: str = DEFAULT_COMMAND,
) -> dict[str, str]:
    """The pages by path: `grammar/index.md`, `grammar/<rule>.md`, `grammar/core-rules.md`.

    Args:
        grammar: the rules; those of the file and those imported get a page each.
        analysis: what stands under "Analysis".
        engine: what examples and near misses are put to.
        source_sha256: see `generated_line`.
        command: see `generated_line`.

    Raises:
        ExampleError: the engine refuses an `@example`.
    """
    first_line = generated_line(grammar, source_sha256=source_sha256, command=command)
    pages = _Pages(grammar, first_line, used_by(grammar), engine, analysis)
    found = {
        f"{FOLDER}/{page_name(rule)}.md": pages.rule_page(rule)
        for rule in grammar.rules.values()
        if rule.origin != "core"
    }
    found[f"{FOLDER}/index.md"] = pages.index()
    if any(rule.origin == "core" for rule in grammar.rules.values()):
        found[f"{FOLDER}/{CORE_PAGE}.md"] = pages.core_page()
    return dict(sorted(found.items()))
