"""Addresses other people may have linked to: each one ever listed still leads somewhere.

`permalinks.txt` has a line for each page, `page.html: id id ...`.  Add lines; never take one away.
"""

import re
from pathlib import Path

LIST = Path(__file__).with_name("permalinks.txt")


def permalinks() -> dict[str, list[str]]:
    lines = LIST.read_text("utf-8").splitlines()
    return {page: ids.split() for page, _, ids in (line.partition(":") for line in lines)}


def test_every_permalink_ever_listed_still_exists(built_site):
    lost = []
    for page, ids in permalinks().items():
        path = built_site / page
        html = path.read_text("utf-8") if path.is_file() else ""
        present = set(re.findall(r'\bid="?([^"\s>]+)', html))
        lost += [f"{page}#{name}" for name in ids if name not in present]
        lost += [page] if not html else []
    assert lost == []


def test_every_rule_and_key_page_of_the_site_is_listed(built_site):
    pages = {
        path.relative_to(built_site).as_posix()
        for folder in ("grammar", "keys")
        for path in (built_site / folder).glob("*.html")
    }
    assert pages <= permalinks().keys()
