"""The checker of the built site finds each kind of fault, and the built site has none."""

from pathlib import Path

import pytest

from check_site import Site

GOOD = '<html><body><h1 id="top">T</h1><a href="b.html#x">b</a></body></html>'
OTHER = '<html><body><p id="x">X</p><a href="index.html">home</a></body></html>'


def faults(folder: Path, index: str, **files: str) -> tuple[str, ...]:
    (folder / "index.html").write_text(index, "utf-8")
    (folder / "b.html").write_text(OTHER, "utf-8")
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, "utf-8")
    return Site(folder).faults()


def test_a_site_whose_links_all_lead_somewhere_has_no_faults(tmp_path):
    assert faults(tmp_path, GOOD) == ()


@pytest.mark.parametrize(
    ("seeded", "found"),
    [
        ('<a href="c.html">c</a>', "there is no such file"),
        ('<a href="b.html#y">y</a>', "no element has the id 'y'"),
        ('<a href="#nowhere">n</a>', "no element has the id 'nowhere'"),
        ('<svg><a href="c.html"><text>c</text></a></svg>', "there is no such file"),
        ('<img src="c.png">', "there is no such file"),
        ('<img src="https://example.org/c.png">', "from another host"),
        ('<script src="//example.org/c.js"></script>', "from another host"),
        ('<link rel="stylesheet" href="https://example.org/c.css">', "from another host"),
        ('<style>@import url("https://example.org/c.css");</style>', "from another host"),
        ('<p style="background: url(https://example.org/c.png)">x</p>', "from another host"),
        ('<p id="top">again</p>', "stands 2 times"),
        ("<p>try <forward-path>.</p>", "<forward-path> is no element"),
        ('<a href="../secret.html">up</a>', "there is no such file"),
    ],
)
def test_a_seeded_fault_is_found(tmp_path, seeded, found):
    site = tmp_path / "site"
    site.mkdir()
    (fault,) = faults(site, GOOD.replace("</body>", f"{seeded}</body>"))
    assert found in fault


def test_a_link_to_another_site_is_no_fault(tmp_path):
    assert faults(tmp_path, GOOD.replace("b.html#x", "https://example.org/")) == ()


def test_style_sheets_and_scripts_that_ask_another_host_are_found(tmp_path):
    found = faults(
        tmp_path,
        GOOD,
        a_css="p { background: url(https://example.org/c.png) }",
        a_js="fetch('https://example.org/data.json')",
    )
    assert len(found) == 2


def test_the_built_site_has_no_faults(built_site):
    site = Site(built_site)
    assert len(site.pages) > 50
    assert site.faults() == ()
