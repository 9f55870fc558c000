"""The Internet-Draft on the site: its rendered files, and what the pages say of it.

Rule: the files are those `make draft` renders; the HTML gets the site's colours by a style sheet
of its own and loses what would ask another host, and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

DRAFT_NAME: Final = "draft-replymeta-smtp-reply-metadata-00"
LOCAL_STYLE: Final = "rfc-local.css"
_ASKS_A_HOST: Final = re.compile(
    r"@import\s+(?:url\()?[\"']?https?://[^;]*;\s*"
    r"|<script[^>]*>async function addMetadata.*?</script>\s*",
    re.DOTALL,
)
_DEFINITION: Final = re.compile(r"^ *([A-Za-z][A-Za-z0-9-]*) +=", re.MULTILINE)
_EMPTY_LINK: Final = re.compile(r"<a [^>]*></a>")
_HEAD: Final = (
    f'<link href="{LOCAL_STYLE}" rel="stylesheet" type="text/css">\n'
    '<link href="../assets/images/favicon.png" rel="icon" type="image/png">'
)
_WAY_BACK: Final = (
    '<nav class="site-back" aria-label="Site">'
    '<a href="../draft.html">SMTP Reply Metadata, documentation</a></nav>'
)


class DraftError(LookupError):
    """A file or a section of the draft that is not there; the text says which."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the site needs of the draft.

    `sections` has the title of every section by its anchor, `rule_sections` the anchor of the
    section that defines a rule by its lower-case name.
    """

    name: str
    title: str
    abstract: tuple[str, ...]
    sections: dict[str, str]
    rule_sections: dict[str, str]
    html: str
    text: str
    xml: bytes


def _words(element: ElementTree.Element) -> str:
    """The text of an element, blanks closed up."""
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip()


def _sections(root: ElementTree.Element) -> tuple[dict[str, str], dict[str, str]]:
    """Titles by anchor, and for each rule the innermost section that shows its ABNF first."""
    titles: dict[str, str] = {}
    rules: dict[str, str] = {}
    for section in root.iter("section"):
        name, anchor = section.find("name"), section.get("anchor")
        if name is None or anchor is None:
            continue
        titles[anchor] = _words(name)
        for code in section.findall("sourcecode[@type='abnf']"):
            for rule in _DEFINITION.findall("".join(code.itertext())):
                rules.setdefault(rule.lower(), anchor)
    return titles, rules


def read_draft(folder: Path, name: str = DRAFT_NAME) -> Draft:
    """The rendered draft in `folder`: HTML, text and XML."""
    paths = {kind: folder / f"{name}.{kind}" for kind in ("html", "txt", "xml")}
    for path in paths.values():
        if not path.is_file():
            raise DraftError(f"{path} is not there; run `make draft` first")
    xml = paths["xml"].read_bytes()
    root = ElementTree.fromstring(xml)
    title, abstract = root.find("front/title"), root.find("front/abstract")
    if title is None or abstract is None:
        raise DraftError(f"{paths['xml']} has no title or no abstract")
    titles, rules = _sections(root)
    return Draft(
        name=name,
        title=_words(title),
        abstract=tuple(_words(paragraph) for paragraph in abstract.iter("t")),
        sections=titles,
        rule_sections=rules,
        html=paths["html"].read_text("utf-8"),
        text=paths["txt"].read_text("utf-8"),
        xml=xml,
    )


def draft_html(draft: Draft) -> str:
    """The HTML for the site.

    It loses what would ask another host and links without words; it gets the site's style, a way
    back, a main landmark, and a keyboard's way into every block that scrolls.
    """
    html = _ASKS_A_HOST.sub("", draft.html)
    html = _EMPTY_LINK.sub("", html)
    html = re.sub(r"<pre(?=[ >])", '<pre tabindex="0"', html)
    html = html.replace("</head>", f"{_HEAD}\n</head>", 1)
    html = re.sub(r"(<body[^>]*>)", rf"\1\n{_WAY_BACK}\n<main>", html, count=1)
    return html.replace("</body>", "</main>\n</body>", 1)


def draft_link(draft: Draft, anchor: str, to: str) -> str:
    """The address of `anchor` in the HTML; of the whole draft when it has no such anchor."""
    page = f"{to}draft/{draft.name}.html"
    return f"{page}#{anchor}" if f'id="{anchor}"' in draft.html else page


def section_link(draft: Draft, anchor: str, to: str) -> str:
    """A Markdown link to a section by its title; an error when the draft has no such section."""
    if anchor not in draft.sections:
        raise DraftError(f"the draft has no section {anchor!r}")
    return f"[{draft.sections[anchor]}]({draft_link(draft, anchor, to)})"


def draft_files(draft: Draft, to: str) -> str:
    """The list of the rendered files."""
    forms = (
        ("html", "HTML", "with a link at every paragraph"),
        ("txt", "text", "as the archive has it"),
        ("xml", "XML", "expanded, for xml2rfc"),
    )
    return "\n".join(
        f"- [{name}]({to}draft/{draft.name}.{kind}), {words}" for kind, name, words in forms
    )
