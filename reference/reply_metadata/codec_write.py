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
from dataclasses import dataclass, field, replace
from typing import Final

from reply_metadata._generated import reply_grammar
from reply_metadata.codec_read import FORWARD_PATH_CODES, parse_reply
from reply_metadata.errors import LocalProtocolError, ReplySyntaxError, shown
from reply_metadata.extension import allowed_in
from reply_metadata.groups import MetadataGroup, TypedKey
from reply_metadata.judgement import group_over_limit
from reply_metadata.limits import DEFAULT_LIMITS, Limits
from reply_metadata.octets import encode_value
from reply_metadata.values import ReadArgument, Reply

NOTE: Final = b"Note: "
"""The word put in front of text that would be read as metadata; Draft: #meaning."""

_TEXT: Final = re.compile(r"[\t -~]*")  # RFC 5321, Section 4.2.1: textstring
_NOT_TEXT: Final = re.compile(rb"[^ -~]")


def build_reply(
    code: int,
    enhanced_code: str | None,
    text: str | Sequence[str],
    groups: Sequence[MetadataGroup | TypedKey] = (),
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
    texts = [
        _line_text(line, negotiated=negotiated)
        for line in (text if isinstance(text, str) else "\n".join(text)).split("\n")
    ]
    wanted = [group if isinstance(group, MetadataGroup) else group.to_group() for group in groups]
    asked = command is not None and allowed_in(code, command)
    if negotiated and enhanced_code is None and (wanted or asked):
        raise LocalProtocolError("a reply that may carry metadata has an enhanced status code")
    front = [] if enhanced_code is None else [_octets(enhanced_code)]
    sent = wanted if negotiated else []
    echoed: list[list[bytes]] = [[]] if path is None else [[_path_octets(path, code)], []]
    plans = [_Plan(code, front, words, texts) for words in echoed]
    planned = [_planned(plan, sent, limits, multiline_failures) for plan in plans]
    plan = max(planned, key=lambda one: len(one.kept))  # the first of equals
    octets = b"".join(plan.lines())
    try:
        reply = parse_reply(
            octets, negotiated=negotiated, limits=limits, command=command, lmtp=lmtp
        )
    except ReplySyntaxError as error:
        raise LocalProtocolError(f"no reply: {shown(octets)}") from error
    _check_read_back(reply, code, enhanced_code, plan)
    dropped = tuple(group for group in wanted if not any(group is kept for kept in plan.kept))
    return replace(reply, dropped=dropped) if dropped else reply


def text_from_others(text: str | bytes) -> tuple[str, ...]:
    """Text of a milter, a DNS list or a next hop as lines fit for `build_reply`.

    Draft: #injection.  Octets outside printable ASCII become "?", as Postfix does for text of
    servers; blanks around lines and empty lines go.  `build_reply` puts "Note: " where needed.
    """
    octets = text.encode("utf-8", "replace") if isinstance(text, str) else text
    lines = [
        _NOT_TEXT.sub(b"?", line.replace(b"\t", b" ")).strip(b" ").decode("ascii")
        for line in re.split(rb"[\r\n]+", octets)
    ]
    return tuple(filter(None, lines)) or ("No text was given",)


def _octets(text: str) -> bytes:
    """The octets of a text of our caller that is printable ASCII, or it cannot be sent."""
    if _TEXT.fullmatch(text) is None:
        raise LocalProtocolError(f"a reply line is printable ASCII: {text!a}")
    return text.encode("ascii")


def _path_octets(path: str, code: int) -> bytes:
    octets = _octets(path)
    read = reply_grammar.received_line(b"250 2.0.0 " + octets + b" [A]")
    if read is None or read[3] != octets:
        raise LocalProtocolError(f"{shown(octets)} is no path a reply can echo")
    if code in FORWARD_PATH_CODES:
        raise LocalProtocolError(f"a {code} reply echoes no path: the first one is the new address")
    return octets


def _line_text(text: str, *, negotiated: bool) -> bytes:
    """The octets of one line of text; with a word in front where it would be read as metadata."""
    octets = _octets(text)
    if not negotiated:
        return octets
    octets = octets.lstrip(b" \t")
    if not octets:
        raise LocalProtocolError("every line of a reply has words for people")
    return octets if _is_plain_text(octets) else NOTE + octets


def _is_plain_text(octets: bytes) -> bool:
    """Whether a server may send this as text, and no reader finds a group in it."""
    if not reply_grammar.match("line-text", octets):
        return False
    read = reply_grammar.received_line(b"250 2.0.0 " + octets)
    return read is not None and not read[4]


@dataclass(slots=True)
class _Plan:
    """Lines of text, with what goes in front of each: code, enhanced code, path, groups."""

    code: int
    front: list[bytes]
    path: list[bytes]
    texts: list[bytes]
    groups: list[list[MetadataGroup]] = field(init=False)

    def __post_init__(self) -> None:
        self.groups = [[] for _ in self.texts]

    @property
    def kept(self) -> list[MetadataGroup]:
        """The groups that found room, in wire order."""
        return [group for groups in self.groups for group in groups]

    def lines(self) -> list[bytes]:
        """The octets of each line."""
        made = []
        for number, text in enumerate(self.texts):
            groups = [group.sent() for group in self.groups[number]]
            words = [*self.front, *(() if number else self.path), *groups, text]
            separator = b"-" if number < len(self.texts) - 1 else b" "
            made.append(b"%d%b%b\r\n" % (self.code, separator, b" ".join(words)))
        return made

    def place(self, group: MetadataGroup, limits: Limits) -> None:
        """Put a group on the first line that has room, behind those placed, or on none."""
        sent = group.sent()
        arguments: list[ReadArgument] = [
            (None, encode_value(one.octets)) for one in group.arguments
        ]
        lengths = [len(line) for line in self.lines()]
        more = len(sent) + 1
        if (
            group_over_limit(limits, (group.key.encode("ascii"), arguments), len(sent))
            or len(self.kept) >= limits.max_groups
            or len(lengths) > limits.max_reply_lines
            or sum(lengths) + more > limits.max_reply_octets
        ):
            return
        first = max((number for number, placed in enumerate(self.groups) if placed), default=0)
        for number in range(first, len(lengths)):
            if lengths[number] + more <= limits.max_line_octets:
                self.groups[number].append(group)
                return


def _planned(
    plan: _Plan, groups: Sequence[MetadataGroup], limits: Limits, multiline_failures: bool
) -> _Plan:
    """Place groups in their order, each on the first line that has room, or on none.

    Draft: #one-line.  When none finds room on the one line of a failure, the text keeps its lines.
    """
    plain = plan
    if plan.code >= 400 and not multiline_failures:
        plan = _Plan(plan.code, plan.front, plan.path, [b" ".join(plan.texts)])
    for group in groups:
        plan.place(group, limits)
    if not plan.kept:
        plan = plain
    longest = max(map(len, plan.lines()))
    if longest > limits.max_line_octets:
        raise LocalProtocolError(f"a line of {longest} octets is over {limits.max_line_octets}")
    return plan


def _check_read_back(reply: Reply, code: int, enhanced_code: str | None, plan: _Plan) -> None:
    for group in reply.metadata:
        if not group.used:
            raise LocalProtocolError(
                f"no client would use {shown(group.sent())} in this reply: {group.status.value}"
            )
    texts = list(plan.texts)
    if plan.path and not plan.groups[0]:
        texts[0] = plan.path[0] + b" " + texts[0]  # without groups the path is text
    meant = (code, enhanced_code, texts, plan.kept, ())
    texts_read = [line.text for line in reply.lines]
    if meant != (reply.code, reply.enhanced_code, texts_read, [*reply.metadata], reply.ignored):
        raise LocalProtocolError(f"the reply would be read as another: {shown(reply.octets)}")
