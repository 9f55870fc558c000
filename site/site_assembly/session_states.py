"""The states of a session on a page: the draft's picture, its text and what the columns mean.

Rule: picture and words are those of the draft's appendix (Draft: #session-states), taken from its
XML, so that the site draws nothing of its own.
"""

from __future__ import annotations

import html
from typing import Final
from xml.etree import ElementTree

from site_assembly.draft_files import Draft, DraftError

_SVG: Final = "http://www.w3.org/2000/svg"
_FIGURE: Final = ".//figure[@anchor='states-figure']/artset/artwork[@type='{}']"


def session_states(draft: Draft) -> str:
    """The picture in a box that scrolls, the text behind a summary, and the list of columns.

    Raises:
        DraftError: the draft has no such figure.
    """
    root = ElementTree.fromstring(draft.xml)
    picture, text = root.find(_FIGURE.format("svg")), root.find(_FIGURE.format("ascii-art"))
    section = root.find(".//section[@anchor='session-states']/dl")
    svg = None if picture is None else picture.find(f"{{{_SVG}}}svg")
    if svg is None or text is None or section is None:
        raise DraftError("the draft has no figure 'states-figure' with its list of columns")
    svg.set("class", "session-states")
    svg.set("role", "img")
    ElementTree.register_namespace("", _SVG)
    drawing = "".join(line.strip() for line in ElementTree.tostring(svg, "unicode").splitlines())
    words = ["".join(each.itertext()).strip() for each in section]
    rows = (
        f"| {letter.rstrip(':')} | {event.replace('|', chr(92) + '|')} |"
        for letter, event in zip(words[::2], words[1::2], strict=True)
    )
    return (
        '<div class="railroad-box" tabindex="0" role="group" aria-label="The states of a session"'
        f" data-search-exclude>{drawing}</div>\n\n"
        '<details class="railroad-text"><summary>The diagram as text</summary>'
        '<pre class="railroad-text"><code>'
        f"{html.escape((text.text or '').strip(chr(10)))}</code></pre></details>\n\n"
        "| column | what happens |\n|---|---|\n" + "\n".join(rows)
    )
