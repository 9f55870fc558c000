"""The HTML inside rule pages: ABNF with links, strings with their octets visible, carets.

Rules: everything from a grammar or a sentence is escaped here and nowhere else; an octet outside
printable ASCII is shown as an escape, so that no page holds a control character.  Signs that
Markdown or its extensions read even inside HTML are written as character references.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Final

TOKEN: Final = re.compile(
    r"""(?P<literal>(?:%[sSiI])?"[^"\r\n]*")
      | (?P<comment>;[^\r\n]*)
      | (?P<prose><[^>\r\n]*>)
      | (?P<number>%[bBdDxX][0-9A-Fa-f]+(?:-[0-9A-Fa-f]+|(?:\.[0-9A-Fa-f]+)+)?)
      | (?P<name>[A-Za-z][A-Za-z0-9-]*)""",
    re.VERBOSE,
)
ESCAPES: Final = {0x09: r"\t", 0x0A: r"\n", 0x0D: r"\r", 0x5C: r"\\"}
MARKDOWN_SIGN: Final = re.compile(r"[\\`*_{}\[\]<>&|~#!]")
MAX_EXPECTED: Final = 8

Link = Callable[[str], str]
"""The address of a rule by lower-case name; empty when there is none."""


def text_html(text: str) -> str:
    """Text for the inside of an HTML block; no line of it can begin a fenced block."""
    return escape(text, quote=False).replace("`", "&#96;").replace("~", "&#126;")


def code_html(text: str) -> str:
    """Text as `<code>` within a line of Markdown, safe from every sign Markdown reads."""
    inner = "".join(
        character if character.isalnum() or character == " " else f"&#{ord(character)};"
        for character in text
    )
    return f"<code>{inner}</code>"


def line_html(text: str) -> str:
    """Text within a line of Markdown, the signs Markdown reads written as references."""
    return MARKDOWN_SIGN.sub(lambda match: f"&#{ord(match[0])};", text)


def octet_text(octet: int) -> str:
    """One octet as it is shown: itself, or an escape as `@example` has it."""
    if octet in ESCAPES:
        return ESCAPES[octet]
    return chr(octet) if 0x20 <= octet <= 0x7E else f"\\x{octet:02X}"


def octets_text(octets: bytes) -> str:
    """A string of octets on one line; a blank at either end is written `\\x20`."""
    shown = [octet_text(octet) for octet in octets]
    for end in {0, len(shown) - 1} if shown else ():
        if shown[end] == " ":
            shown[end] = r"\x20"
    return "".join(shown)


def caret_column(octets: bytes, position: int) -> int:
    """How many characters of `octets_text(octets)` stand before octet `position`."""
    shown = octets_text(octets)
    rest = octets[position:]
    if not rest:
        return len(shown)
    tail = octets_text(b"." + rest)[1:]
    return len(shown) - len(tail)


def expected_text(expected: tuple[str, ...]) -> str:
    """What could have stood at the caret: at most eight things by name."""
    named = expected[:MAX_EXPECTED]
    more = len(expected) - len(named)
    if more:
        return f"{', '.join(named)} and {more} more"
    return " or ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else list(named))


def abnf_html(abnf: str, link: Link) -> str:
    """ABNF as HTML: rule names are links; other tokens have classes."""
    parts = []
    done = 0
    for match in TOKEN.finditer(abnf):
        parts.append(text_html(abnf[done : match.start()]))
        parts.append(_token_html(str(match.lastgroup), match[0], link))
        done = match.end()
    return "".join(parts) + text_html(abnf[done:])


def _token_html(kind: str, text: str, link: Link) -> str:
    if kind == "name":
        target = link(text.lower())
        return f'<a href="{escape(target)}">{text_html(text)}</a>' if target else text_html(text)
    return f'<span class="abnf-{kind}">{text_html(text)}</span>'


def preformatted(html: str, kind: str) -> str:
    """A block of fixed-width lines."""
    return f'<pre class="{kind}"><code>{html}</code></pre>\n'
