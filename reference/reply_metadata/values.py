"""The values of a reply: frozen, and made by the codec only.

Rule 1: what costs time and is not always asked for (lines, groups, statuses) is made on first use;
nothing that can fail is put off.
Rule 2: a reply keeps its octets; `to_octets` gives its canonical form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol, TypeAlias

from reply_metadata.errors import LocalProtocolError, shown
from reply_metadata.groups import Metadata, MetadataGroup
from reply_metadata.octets import escaped


class IgnoredReason(Enum):
    """Why all metadata of a reply is ignored; its code still counts; Draft: #errors."""

    ENHANCED_CODE_MISSING = "enhanced-code-missing"
    ENHANCED_CODES_DIFFER = "enhanced-codes-differ"
    CLASSES_DISAGREE = "classes-disagree"
    LINE_TOO_LONG = "line-too-long"
    REPLY_TOO_LONG = "reply-too-long"
    TOO_MANY_LINES = "too-many-lines"
    TOO_MANY_GROUPS = "too-many-groups"
    TOO_MANY_ARGUMENTS = "too-many-arguments"
    GROUP_TOO_LONG = "group-too-long"
    VALUE_TOO_LONG = "value-too-long"
    KEY_TOO_LONG = "key-too-long"


@dataclass(frozen=True, slots=True)
class Ignored:
    """One reason why the metadata of a reply is ignored, and where: line from 1, octet from 0."""

    reason: IgnoredReason
    line: int
    offset: int


Verdict: TypeAlias = tuple[Metadata, tuple[Ignored, ...]]
"""The groups of a reply with their statuses, and the reasons for ignoring them all."""

ReadArgument: TypeAlias = tuple[bytes | None, bytes | None]
ReadGroup: TypeAlias = tuple[bytes, list[ReadArgument]]
ReadLine: TypeAlias = tuple[
    bytes, bytes | None, bytes | None, bytes | None, list[ReadGroup], bytes | None
]
"""What an engine gives for one line: the captures of the rule received-line, in order."""


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """One line of a reply; the parts and the octets they were read from.

    RFC 5321, Section 4.2.1; ABNF: received-line.

    Args:
        octets: the line without its CRLF.
        separator: b" ", b"-" or, on a line that is only a code, None.
        enhanced_code: its enhanced status code (RFC 2034), or None.
        path: the path before its groups, "<" and ">" included, or None.
        groups: its groups.
        text: its human text, octets.
    """

    octets: bytes
    separator: bytes | None
    enhanced_code: str | None
    path: bytes | None
    groups: tuple[MetadataGroup, ...]
    text: bytes

    @property
    def after_code(self) -> bytes:
        """All octets after the reply code and its separator."""
        return self.octets[4:]


class ReplyReader(Protocol):
    """What a reply was read with; it makes the rest when that is first asked for."""

    def judge(self, reply: Reply, read_lines: tuple[ReadLine, ...], /) -> Verdict:
        """The groups with their statuses, and the reasons for ignoring them all."""
        ...

    def parse(self, data: bytes, /) -> Reply:
        """Another reply, read in the same way."""
        ...


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reply:
    """One reply; made by `parse_reply` and `build_reply` only.

    Two replies are equal when code, enhanced code, text, groups with their statuses, and the
    reasons for ignoring are equal; needless encoding and the case of keys do not count.

    Args:
        code: the reply code, 200 to 559.
        enhanced_code: the enhanced status code of all lines that have one, None when there is
            none, when they differ, or when its class is not that of the reply code (RFC 2034).
        octets: the reply exactly as received or as built, with its CRLFs.
        dropped: of a built reply, the groups that did not fit and were left out.
    """

    code: int
    enhanced_code: str | None
    octets: bytes
    _reader: ReplyReader
    _read_lines: tuple[ReadLine, ...]
    dropped: tuple[MetadataGroup, ...] = ()
    _judged: Verdict = field(init=False)
    _lines: tuple[ReplyLine, ...] = field(init=False)

    @property
    def lines(self) -> tuple[ReplyLine, ...]:
        """The lines with all their parts."""
        lines: tuple[ReplyLine, ...] | None = getattr(self, "_lines", None)
        if lines is None:
            octets = self.octets.split(b"\r\n")
            lines = tuple(
                _line(
                    octets[number], read, [one for one in self.metadata if one.line == number + 1]
                )
                for number, read in enumerate(self._read_lines)
            )
            object.__setattr__(self, "_lines", lines)
        return lines

    def _verdict(self) -> Verdict:
        verdict: Verdict | None = getattr(self, "_judged", None)
        if verdict is None:
            verdict = self._reader.judge(self, self._read_lines)
            object.__setattr__(self, "_judged", verdict)
        return verdict

    @property
    def metadata(self) -> Metadata:
        """All groups in wire order; empty when metadata was not negotiated."""
        return self._verdict()[0]

    @property
    def ignored(self) -> tuple[Ignored, ...]:
        """Why all metadata of this reply is ignored; empty when it is not."""
        return self._verdict()[1]

    @property
    def text_octets(self) -> bytes:
        """The human text of all lines, joined by LF."""
        return b"\n".join([line.text for line in self.lines])

    @property
    def text(self) -> str:
        r"""The human text of all lines, joined by a line feed; what is no UTF-8 as `\xHH`."""
        return self.text_octets.decode("utf-8", "backslashreplace")

    @property
    def positive(self) -> bool:
        """Whether the code is 2yz (RFC 5321, Section 4.2.1)."""
        return self.code < 300

    @property
    def intermediate(self) -> bool:
        """Whether the code is 3yz."""
        return 300 <= self.code < 400

    @property
    def transient(self) -> bool:
        """Whether the code is 4yz."""
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """Whether the code is 5yz."""
        return self.code >= 500

    def to_octets(self) -> bytes:
        """The canonical form of this reply, line by line, with its CRLFs.

        Draft: #syntax. The reader of `parse_reply` finds the same in it as in this reply.

        Raises:
            LocalProtocolError: the reply holds what may be received but not sent.
        """
        octets = b"".join([_sent_line(self.code, line) for line in self.lines])
        if _NOT_SENDABLE.search(octets) is not None:
            raise LocalProtocolError(f"a reply is sent in ASCII without controls: {shown(octets)}")
        if octets != self.octets and self._reader.parse(octets) != self:
            raise LocalProtocolError(f"the reply would be read as another: {shown(octets)}")
        return octets

    def _compared(self) -> tuple[object, ...]:
        ignored = tuple((item.reason, item.line) for item in self.ignored)
        return (self.code, self.enhanced_code, self.text_octets, self.metadata, ignored)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reply) and self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash(self._compared())

    def __repr__(self) -> str:
        return f"<Reply {escaped(self.octets)}>"


_NOT_SENDABLE: Final = re.compile(rb"[^\r\n\t -~]")  # RFC 5321, Section 4.2.1: textstring


def _line(octets: bytes, read: ReadLine, groups: list[MetadataGroup]) -> ReplyLine:
    _, separator, enhanced_code, path, _, text = read
    code = None if enhanced_code is None else enhanced_code.decode("ascii")
    if groups:
        return ReplyLine(octets, separator, code, path, tuple(groups), text or b"")
    # Without groups all after the enhanced code is text, a path included.
    start = 4 if enhanced_code is None else 5 + len(enhanced_code)
    return ReplyLine(octets, separator, code, None, (), octets[start:])


def _sent_line(code: int, line: ReplyLine) -> bytes:
    words = [] if line.enhanced_code is None else [line.enhanced_code.encode("ascii")]
    if line.path is not None:
        words.append(line.path)
    words += [group.sent() for group in line.groups]
    if line.text:
        words.append(line.text)
    separator = b" " if line.separator is None else line.separator
    return b"%d" % code + separator + b" ".join(words) + b"\r\n"
