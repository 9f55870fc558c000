"""The source of the draft as one tree, with everything it includes, and the anchors in it.

Rule: anchors are the names by which docstrings, tests and the site point into the draft; those that
begin with "req-" are its requirements.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from xml.etree import ElementInclude, ElementTree

SOURCE: Final = Path(__file__).resolve().parent / "draft-replymeta-smtp-reply-metadata-00.xml"
REQUIREMENT: Final = "req-"


def read_source(path: Path = SOURCE) -> ElementTree.Element:
    """The root element, with every include replaced by what it names."""
    root = ElementTree.parse(path).getroot()
    ElementInclude.include(root, base_url=str(path))
    return root


def anchors(root: ElementTree.Element) -> dict[str, str]:
    """Every anchor and the tag of the element that carries it, in document order.

    Raises:
        ValueError: an anchor stands twice.
    """
    found: dict[str, str] = {}
    for element in root.iter():
        anchor = element.get("anchor")
        if anchor is None:
            continue
        if anchor in found:
            raise ValueError(f"the anchor {anchor!r} stands twice")
        found[anchor] = element.tag
    return found


def requirements(root: ElementTree.Element) -> list[str]:
    """The anchors of the requirements, in document order."""
    return [anchor for anchor in anchors(root) if anchor.startswith(REQUIREMENT)]
