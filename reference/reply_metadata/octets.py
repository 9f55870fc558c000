"""Octets to text and back: xtext, and the escaped form in which a peer's octets are shown.

Rule 1: `encode_value` writes the one canonical form: printable ASCII but `+ < = > [ ]` as is, every
other octet as "+" and two upper-case hexadecimal digits (RFC 3461, Section 4; Draft: #values).
Rule 2: `decode_value` takes what the grammar takes, needless encoding included, and nothing else.
Rule 3: nothing a peer sent reaches a terminal or a log but through `escaped`.
"""

from __future__ import annotations

import re
from typing import Final

from reply_metadata._generated import reply_grammar
from reply_metadata.errors import MetadataSyntaxError

_ENCODED_OCTET: Final = re.compile(rb"\+([0-9A-F]{2})")
_NOT_AS_IS: Final = re.compile(rb"[^!-*,-;?-Z\\^-~]")
_OUT_OF_PLACE: Final = re.compile(rb"\+(?![0-9A-F]{2})|[^!-;?-Z\\^-~]")
_SHOWN_AS_IS: Final = re.compile(r"[^ -\[\]-~]")


def encode_value(octets: bytes) -> bytes:
    """The canonical form of a value as sent.

    ABNF: argument-value.  The empty value has no form of its own: only `name=` can carry it.
    """
    return _NOT_AS_IS.sub(_encoded_octet, octets)


def decode_value(sent: bytes) -> bytes:
    """The octets a value as sent stands for.

    ABNF: argument-value.

    Raises:
        MetadataSyntaxError: an octet stands raw that must be encoded, or "+" lacks its two digits.
    """
    if not reply_grammar.match("argument-value", sent):
        found = _OUT_OF_PLACE.search(sent)
        position = found.start() if found else len(sent)
        raise MetadataSyntaxError(sent, position, "argument-value", ("a value octet or +XX",))
    return decode_matched_value(sent)


def decode_matched_value(sent: bytes) -> bytes:
    """As `decode_value`, for octets that have matched `argument-value` already."""
    return _ENCODED_OCTET.sub(_decoded_octet, sent)


def _encoded_octet(match: re.Match[bytes]) -> bytes:
    return b"+%02X" % ord(match[0])


def _decoded_octet(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),))


def escaped(data: bytes | str) -> str:
    r"""A form safe for terminals and logs: printable ASCII; all else, and "\", as `\xHH` and so on.

    Octets show as `\xHH`; characters of a text above U+00FF as `\uHHHH` or `\UHHHHHHHH`, so that
    no control character, bidirectional override or look-alike reaches a screen.
    """
    text = data.decode("latin-1") if isinstance(data, bytes) else data
    return _SHOWN_AS_IS.sub(_escaped_character, text)


def _escaped_character(match: re.Match[str]) -> str:
    point = ord(match[0])
    if point == 0x5C:
        return "\\\\"
    if 0xDC80 <= point <= 0xDCFF:  # an octet that was no UTF-8, see `Argument.value`
        point -= 0xDC00
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
