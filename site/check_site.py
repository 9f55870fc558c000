"""Check the built site without a network: every link, every id, no other host.

    python site/check_site.py [build/site]

Exit 1 and a line for each fault: a link to a file or an id that is not there, an id that stands
twice in a page, words in angle brackets that were taken for an element, and anything a browser
would load from another host.  Pages, SVG in pages, style sheets and the draft are all read.
Rule: what is only a link to another site is fine; what is loaded from one is not.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from site_assembly.tables import PROJECT

LOADED_ATTRIBUTES: Final = frozenset({"src", "srcset", "poster", "data", "action", "formaction"})
"""Attributes a browser loads at once, on any element."""

SVG_ELEMENTS: Final = frozenset({"font-face", "color-profile", "missing-glyph"})
"""The elements with a hyphen a browser knows; any other was meant as words, `<forward-path>`."""

LOADED_LINKS: Final = frozenset(
    {
        "stylesheet",
        "icon",
        "preload",
        "prefetch",
        "preconnect",
        "dns-prefetch",
        "modulepreload",
        "manifest",
    }
)
"""Kinds of <link> a browser loads at once."""

_STYLE_LOADS: Final = re.compile(
    r"(?:url\(\s*|@import\s+)[\"']?((?:https?:)?//[^\"')\s;]+)", re.IGNORECASE
)
_SCRIPT_HOST: Final = re.compile(r"(?:fetch|importScripts|import)\(\s*[\"'](https?://[^\"']+)")
_EXTERNAL: Final = frozenset({"http", "https", "mailto", "data", "smtp", "javascript"})


@dataclass(slots=True)
class Page(HTMLParser):
    """One HTML file: its ids, its links and what it loads, each with its line."""

    path: Path
    ids: Counter[str] = field(default_factory=Counter)
    links: list[tuple[int, str]] = field(default_factory=list)
    loads: list[tuple[int, str]] = field(default_factory=list)
    unknown: list[tuple[int, str]] = field(default_factory=list)
    in_style: bool = False

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self.feed(self.path.read_text("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of the ids and addresses of one element."""
        values = {name: value or "" for name, value in attrs}
        line = self.getpos()[0]
        self.in_style = tag == "style"
        if "-" in tag and tag not in SVG_ELEMENTS:
            self.unknown.append((line, tag))
        if "id" in values:
            self.ids[values["id"]] += 1
        if tag == "a" and "name" in values and values.get("name") != values.get("id"):
            self.ids[values["name"]] += 1
        for name in ("href", "xlink:href"):
            if name in values:
                kinds = set(values.get("rel", "").lower().split())
                loaded = tag in {"use", "image"} or (tag == "link" and bool(kinds & LOADED_LINKS))
                (self.loads if loaded else self.links).append((line, values[name]))
        self.loads += [(line, values[name]) for name in LOADED_ATTRIBUTES & values.keys()]
        for found in _STYLE_LOADS.finditer(values.get("style", "")):
            self.loads.append((line, found.group(1)))

    def handle_data(self, data: str) -> None:
        """Take note of what a style element loads."""
        if self.in_style:
            found = _STYLE_LOADS.finditer(data)
            self.loads += [(self.getpos()[0], match.group(1)) for match in found]

    def handle_endtag(self, tag: str) -> None:
        """Leave a style element."""
        if tag == "style":
            self.in_style = False


def is_external(address: str) -> bool:
    """Whether an address leaves the site."""
    return address.startswith("//") or urlsplit(address).scheme.lower() in _EXTERNAL


class Site:
    """The pages of a folder, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.pages = {path: Page(path) for path in sorted(self.root.rglob("*.html"))}

    def target_fault(self, page: Page, address: str) -> str | None:
        """Why an address inside the site leads nowhere, if it does."""
        parts = urlsplit(address)
        target = page.path
        if parts.path:
            base = self.root if parts.path.startswith("/") else page.path.parent
            target = (base / unquote(parts.path).lstrip("/")).resolve()
        if target.is_dir():
            target /= "index.html"
        if not target.is_file():
            return "there is no such file"
        if self.root not in target.parents:
            return "it leads out of the site"
        fragment = unquote(parts.fragment)
        if fragment and target in self.pages and not self.pages[target].ids[fragment]:
            return f"no element has the id {fragment!r}"
        return None

    def page_faults(self, page: Page) -> Iterator[str]:
        """The faults of one page."""
        name = page.path.relative_to(self.root)
        for identity, count in page.ids.items():
            if count > 1:
                yield f"{name}: the id {identity!r} stands {count} times"
        for line, tag in page.unknown:
            yield f"{name}:{line}: <{tag}> is no element; words in angle brackets were lost"
        for line, address in page.loads:
            if is_external(address) and not address.startswith("data:"):
                yield f"{name}:{line}: loads {address} from another host"
        for line, address in [*page.links, *page.loads]:
            if not is_external(address) and (fault := self.target_fault(page, address)):
                yield f"{name}:{line}: {address}: {fault}"

    def other_faults(self) -> Iterator[str]:
        """The faults of style sheets and scripts."""
        for path in sorted(self.root.rglob("*")):
            pattern = {".css": _STYLE_LOADS, ".js": _SCRIPT_HOST}.get(path.suffix)
            if pattern is not None and path.is_file():
                for found in pattern.finditer(path.read_text("utf-8")):
                    yield f"{path.relative_to(self.root)}: loads {found.group(1)} from another host"

    def faults(self) -> tuple[str, ...]:
        """Every fault of the site, in the order of its files."""
        found = [fault for page in self.pages.values() for fault in self.page_faults(page)]
        return (*found, *self.other_faults())


def main() -> int:
    """Check the folder named on the command line; the exit status."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "build" / "site"
    site = Site(root)
    if not site.pages:
        sys.stdout.write(f"no pages in {root}\n")
        return 1
    faults = site.faults()
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    links = sum(len(page.links) for page in site.pages.values())
    sys.stdout.write(f"site: {len(site.pages)} pages, {links} links, {len(faults)} faults\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
