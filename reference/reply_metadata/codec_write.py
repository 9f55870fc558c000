"""Values to octets: replies a server may send.

Rule 1: what is written is read back by the codec's own reader and must say the same.
Rule 2: text is never dropped; whole groups are, least needed first, and the reply says which.
Rule 3: text never looks like metadata: where it would, it gets a word in front.
Rule 4: no CR or NUL of a caller reaches the wire, and a line feed only divides lines, each with its
own reply code; text is never cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from reply_metadata._generated import reply_grammar
from reply_metadata.codec_read import FORWARD_PATH_CODES, parse_reply
from reply_metadata.errors import LocalProtocolError, shown
from reply_metadata.extension import allowed_in
from reply_metadata.groups import KeyValue, MetadataGroup
from reply_metadata.limits import DEFAULT_LIMITS, Limits
from reply_metadata.octets import encode_value
from reply_metadata.values import Reply

NOTE: Final = b"Note: "
"""The word put in front of text that would be read as metadata; Draft: #meaning."""

_TEXT: Final = re.compile(rb"[\t -~]*")  # RFC 5321, Section 4.2.1: textstring
_NOT_TEXT: Final = re.compile(rb"[^ -~]")


def build_reply(
    code: int,
    enhanced_code: str | None,
    text: str | Sequence[str],
    groups: Sequence[MetadataGroup | KeyValue] = (),
    *,
    negotiated: bool = True,
    path: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    command: str | None = None,
    lmtp: bool = False,
    multiline_failures: bool = False,
) -> Reply:
    """Build a reply for the wire.

    Draft: #syntax, #limits, #one-line.  ABNF: reply-with-metadata, line-text.

    Args:
        code: the reply code.
        enhanced_code: the enhanced status code, on every line; None only in replies that cannot
            carry metadata, or when it is not negotiated.
        text: what people read, never empty; a line feed divides lines, and so do the items of a
            sequence.  Blanks in front of a line go.
        groups: metadata, most needed first; a group that does not fit beside the text and the
            groups before it is left out and stands in `Reply.dropped`.
        negotiated: whether REPLYMETA was listed to this client; without it all groups are dropped.
        path: the path to echo before the text, with its "<" and ">"; left out when groups would
            not fit because of it; never in 251 and 551.
        limits: the draft's limits.
        command: what is answered, when known: a group that may not stand there is refused.
        lmtp: whether the connection speaks LMTP.
        multiline_failures: keep several lines on 4yz and 5yz with metadata, for a peer known to
            read them; otherwise their texts are joined into one line.

    Raises:
        LocalProtocolError: the reply cannot be sent, or would not be read back as the same.
    """
    lines = text if isinstance(text, str) else "\n".join(text)
    texts = [_line_text(line, negotiated=negotiated) for line in lines.split("\n")]
    wanted = [group if isinstance(group, MetadataGroup) else group.to_group() for group in groups]
    asked = command is not None and allowed_in(code, command)
    if negotiated and enhanced_code is None and (wanted or asked):
        raise LocalProtocolError("a reply that may carry metadata has an enhanced status code")
    head = _Head(_code_octets(code), _enhanced_code_octets(enhanced_code))
    echoed = None if path is None else _path_octets(path, code)
    sent = list(wanted) if negotiated else []
    plan = _planned(head, texts, sent, echoed, limits, multiline_failures)
    if echoed is not None and len(plan.kept) < len(sent):
        without_path = _planned(head, texts, sent, None, limits, multiline_failures)
        if len(without_path.kept) > len(plan.kept):
            plan = without_path
    octets = plan.octets()
    reply = parse_reply(octets, negotiated=negotiated, limits=limits, command=command, lmtp=lmtp)
    _check_read_back(reply, code, enhanced_code, plan)
    dropped = tuple(group for group in wanted if not any(group is kept for kept in plan.kept))
    return reply.with_dropped(dropped) if dropped else reply


def text_from_others(text: str | bytes) -> tuple[str, ...]:
    """Text of a milter, a DNS list or a next hop as lines fit for `build_reply`.

    Draft: #injection.  Octets outside printable ASCII become "?", as Postfix does for text of
    servers; blanks around lines and empty lines go.  `build_reply` puts "Note: " where needed.
    """
    octets = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    lines = []
    for line in re.split(rb"[\r\n]+", octets):
        printable = _NOT_TEXT.sub(b"?", line.replace(b"\t", b" ")).strip(b" ")
        if printable:
            lines.append(printable.decode("ascii"))
    return tuple(lines) or ("No text was given",)


def _code_octets(code: int) -> bytes:
    octets = b"%d" % code
    if not reply_grammar.match("received-line", octets) or len(octets) != 3:
        raise LocalProtocolError(f"{code} is no reply code")
    return octets


def _enhanced_code_octets(enhanced_code: str | None) -> bytes | None:
    if enhanced_code is None:
        return None
    octets = enhanced_code.encode("utf-8", "surrogateescape")
    read = reply_grammar.received_line(b"250 " + octets)
    if read is None or read[2] != octets:
        raise LocalProtocolError(f"{shown(octets)} is no enhanced status code")
    return octets


def _path_octets(path: str, code: int) -> bytes:
    octets = path.encode("utf-8", "surrogateescape")
    read = reply_grammar.received_line(b"250 2.0.0 " + octets + b" [A]")
    if read is None or read[3] != octets:
        raise LocalProtocolError(f"{shown(octets)} is no path a reply can echo")
    if code in FORWARD_PATH_CODES:
        raise LocalProtocolError(f"a {code} reply echoes no path: the first one is the new address")
    return octets


def _line_text(text: str, *, negotiated: bool) -> bytes:
    """The octets of one line of text; with a word in front where it would be read as metadata."""
    octets = text.encode("utf-8", "surrogateescape")
    if _TEXT.fullmatch(octets) is None:
        raise LocalProtocolError(f"the text of a reply line is printable ASCII: {shown(octets)}")
    if not negotiated or _is_plain_text(octets):
        return octets
    octets = octets.lstrip(b" \t")
    if octets and not _is_plain_text(octets):
        octets = NOTE + octets
    if not octets:
        raise LocalProtocolError("every line of a reply has words for people")
    return octets


def _is_plain_text(octets: bytes) -> bool:
    """Whether a server may send this as text, and no reader finds a group in it."""
    if not reply_grammar.match("line-text", octets):
        return False
    read = reply_grammar.received_line(b"250 2.0.0 " + octets)
    return read is not None and not read[4]


@dataclass(frozen=True, slots=True)
class _Head:
    """What every line begins with."""

    code: bytes
    enhanced_code: bytes | None

    def line(self, words: Sequence[bytes], *, last: bool) -> bytes:
        front = () if self.enhanced_code is None else (self.enhanced_code,)
        return self.code + (b" " if last else b"-") + b" ".join((*front, *words)) + b"\r\n"


@dataclass(slots=True)
class _Plan:
    """Lines with the groups that found room on them."""

    head: _Head
    texts: list[bytes]
    path: bytes | None
    kept: list[MetadataGroup] = field(default_factory=list)
    by_line: list[list[bytes]] = field(default_factory=list)

    def lines(self) -> list[bytes]:
        lines = []
        for number, text in enumerate(self.texts):
            words = [] if self.path is None or number else [self.path]
            words += self.by_line[number]
            words.append(text)
            lines.append(self.head.line(words, last=number == len(self.texts) - 1))
        return lines

    def octets(self) -> bytes:
        return b"".join(self.lines())


def _planned(
    head: _Head,
    texts: list[bytes],
    groups: Sequence[MetadataGroup],
    path: bytes | None,
    limits: Limits,
    multiline_failures: bool,
) -> _Plan:
    """Place groups in their order, each on the first line that has room, or on none.

    Draft: #one-line.  When none finds room on the one line of a failure, the text keeps its lines.
    """
    plain = _Plan(head, texts, path, by_line=[[] for _ in texts])
    joined = len(texts) > 1 and head.code[:1] in b"45" and not multiline_failures
    plan = _Plan(head, [b" ".join(texts)], path, by_line=[[]]) if joined else plain
    for group in groups:
        _place(plan, group, limits)
    if not plan.kept:
        plan = plain
    longest = max(len(line) for line in plan.lines())
    if longest > limits.max_line_octets:
        raise LocalProtocolError(f"a line of {longest} octets is over {limits.max_line_octets}")
    return plan


def _place(plan: _Plan, group: MetadataGroup, limits: Limits) -> None:
    sent = group.sent()
    if not _within_limits(group, sent, limits) or len(plan.kept) >= limits.max_groups:
        return
    if len(plan.texts) > limits.max_reply_lines:
        return
    lines = plan.lines()
    more = len(sent) + 1
    if sum(map(len, lines)) + more > limits.max_reply_octets:
        return
    first = max((number for number, placed in enumerate(plan.by_line) if placed), default=0)
    for number in range(first, len(lines)):
        if len(lines[number]) + more <= limits.max_line_octets:
            plan.by_line[number].append(sent)
            plan.kept.append(group)
            return


def _within_limits(group: MetadataGroup, sent: bytes, limits: Limits) -> bool:
    most = limits.max_private_key_octets if group.private else limits.max_registered_key_octets
    return (
        len(group.key) <= most
        and len(sent) <= limits.max_group_octets
        and len(group.arguments) <= limits.max_arguments
        and all(
            len(encode_value(argument.octets)) <= limits.max_value_octets
            for argument in group.arguments
        )
    )


def _check_read_back(reply: Reply, code: int, enhanced_code: str | None, plan: _Plan) -> None:
    for group in reply.metadata:
        if not group.used:
            raise LocalProtocolError(
                f"no client would use {shown(group.sent())} in this reply: {group.status.value}"
            )
    texts = [line.text for line in reply.lines]
    expected = list(plan.texts)
    if plan.path is not None and not plan.by_line[0]:
        expected[0] = plan.path + b" " + expected[0]  # without groups the path is text
    groups = [group.sent() for group in reply.metadata]
    if (
        reply.code != code
        or reply.enhanced_code != enhanced_code
        or texts != expected
        or groups != [sent for line in plan.by_line for sent in line]
        or reply.ignored
    ):
        raise LocalProtocolError(f"the reply would be read as another: {shown(reply.octets)}")
