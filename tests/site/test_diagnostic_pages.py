"""The page of findings shows what `abnfc` prints, and a wrong example stops its making."""

import dataclasses

import pytest

from abnf_compiler.commands.explain import what_it_prints
from abnf_compiler.diagnostics import CODES, page_of
from abnf_compiler.explanations import explanations
from site_assembly.diagnostic_pages import PATH, ExampleError, checked_output, diagnostics_page
from site_assembly.fences import find_fences

KNOWN = explanations()


def test_every_code_has_a_section_with_what_was_printed() -> None:
    page = diagnostics_page()
    bodies = {fence.body.strip() for fence in find_fences(page)}
    for code, each in KNOWN.items():
        assert f"{{ #{page_of(code).partition('#')[2]} }}" in page
        assert what_it_prints(each.bad)[1].strip() in bodies
        assert {each.bad.shown.strip(), each.good.shown.strip()} <= bodies
    assert page.count("\n### ") == len(CODES)
    assert page_of("ABNF101").partition("#")[0].removesuffix(".html") + ".md" == PATH


def test_an_example_that_does_not_get_its_code_stops_the_build() -> None:
    good = KNOWN["ABNF303"].good
    with pytest.raises(ExampleError, match="bad grammar of ABNF303"):
        checked_output(dataclasses.replace(KNOWN["ABNF303"], bad=good))
    with pytest.raises(ExampleError, match="good grammar of ABNF303 is not silent"):
        checked_output(dataclasses.replace(KNOWN["ABNF303"], good=KNOWN["ABNF303"].bad))


def test_the_json_of_a_finding_leads_to_a_section_of_the_built_site(built_site) -> None:
    for code in CODES:
        path, _, anchor = page_of(code).partition("#")
        assert f'id="{anchor}"' in (built_site / path).read_text("utf-8"), code
