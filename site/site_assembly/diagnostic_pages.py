"""The page of the compiler's findings: every code with its meaning, and a grammar run for each.

Rule: texts and grammars are those of `abnf_compiler/diagnostic_examples.toml`; what is printed
below a grammar is what `abnfc` printed while this page was made, and a grammar that does not get
its code, or a good one that gets any, stops the build.
"""

from __future__ import annotations

import re
from typing import Final

from abnf_compiler.commands.explain import what_it_prints
from abnf_compiler.diagnostics import PAGE, page_of
from abnf_compiler.explanations import Example, Explanation, explanations

PATH: Final = PAGE.removesuffix(".html") + ".md"
_CODE: Final = re.compile(r"^[^\s:]+:\d+:\d+: (ABNF\d{3}) ", re.MULTILINE)
_GROUPS: Final = {
    "1": ("syntax", "The text cannot be read"),
    "2": ("names", "Names"),
    "3": ("style", "Style"),
    "4": ("matching", "What rules can match"),
    "5": ("outputs", "What an output cannot carry"),
}
_HEAD: Final = """\
---
description: Every finding of abnfc - what it means, a grammar that gets it, and one that does not.
search: {boost: 1.5}
---
# Diagnostics

What `abnfc check` and the other commands say about a grammar.
Each finding has its place, `file:line:column`, a code that keeps its meaning for ever,
the line with a caret, what could stand there, and a hint where one helps.
One run reports every broken rule.

- An error makes the grammar unusable, and `abnfc check` exits 1;
  a warning does not, unless `--strict` is given.
- `--select ABNF3,ABNF401` shows these warnings only, `--ignore ABNF304` hides some;
  errors always show.
- `--json` gives the same as data; the `page` of a finding is its section here.
- `abnfc explain CODE` prints its section in a terminal, and runs its examples there.

Every grammar below is run when this page is made:
the text after a grammar is what was printed for it.

| code | kind | what |
|---|---|---|
"""


class ExampleError(ValueError):
    """An example that does not show what it is there to show; the text says which."""


def codes_in(printed: str) -> tuple[str, ...]:
    """The codes of the findings in what `abnfc` printed, in order."""
    return tuple(_CODE.findall(printed))


def checked_output(each: Explanation) -> str:
    """What is printed for the bad grammar of a code.

    Raises:
        ExampleError: the bad grammar gets another code, or the good one any.
    """
    _, printed = what_it_prints(each.bad)
    if set(codes_in(printed)) != {each.code}:
        raise ExampleError(f"the bad grammar of {each.code} gets {codes_in(printed)}:\n{printed}")
    status, silence = what_it_prints(each.good)
    if status or silence:
        raise ExampleError(f"the good grammar of {each.code} is not silent:\n{silence}")
    return printed


def _fence(language: str, text: str, title: str = "") -> str:
    named = f' title="{title}"' if title else ""
    return f"```{language}{named}\n{text.rstrip()}\n```\n"


def _documents(example: Example) -> list[str]:
    return [_fence("abnf", text, f"borrowed/{name}") for name, text in example.files.items()]


def _entry(each: Explanation) -> str:
    """The section of one code."""
    about = f"\nSee {each.about}.\n" if each.about else ""
    good_files = _documents(each.good) if each.good.files != each.bad.files else []
    return "\n".join(
        [
            f"### {each.code}: {each.title} {{ #{page_of(each.code).partition('#')[2]} }}\n",
            f"*{each.severity.value.capitalize()}.*\n{each.why}\n{about}",
            _fence("abnf", each.bad.shown, "Not so"),
            *_documents(each.bad),
            _fence("text", checked_output(each), f"abnfc {' '.join(each.bad.command)}"),
            _fence("abnf", each.good.shown, "But so"),
            *good_files,
        ]
    )


def diagnostics_page() -> str:
    """The page, from the table and from runs of the compiler."""
    known = explanations()
    rows = "".join(
        f"| [{each.code}](#{page_of(each.code).partition('#')[2]}) | {each.severity.value} |"
        f" {each.title} |\n"
        for each in known.values()
    )
    sections: list[str] = []
    for digit, (anchor, title) in _GROUPS.items():
        entries = [each for code, each in known.items() if code[4] == digit]
        sections += [f"## {title} {{ #{anchor} }}\n", *map(_entry, entries)]
    return f"{_HEAD}{rows}\n" + "\n".join(sections)
