"""Dialogues of the draft: what the two ends decide, played through the reference's sessions.

Rule 1: a description names commands, reply codes, words and groups; every octet shown is what the
client session or the server session wrote.
Rule 2: the client session reads each reply the server session wrote.  When it does not find exactly
the groups that were meant, and all of them used, the dialogue does not run and the build fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reply_metadata.client_session import ClientSession
from reply_metadata.codec import build_reply
from reply_metadata.command_lines import parse_command
from reply_metadata.commands import Command, Hello, HelloVerb
from reply_metadata.events import NEED_DATA, CommandAnswer, Content, Greeting, Result
from reply_metadata.extension import KEYWORD
from reply_metadata.groups import Argument, MetadataGroup
from reply_metadata.server_rules import ServerSettings
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import Protocol, step_of
from reply_metadata.values import Reply


class DialogueError(Exception):
    """A dialogue does not run as described; the text says at which line."""


@dataclass(slots=True)
class Recorder:
    """Both ends of one connection, and what was seen between them.

    `parts` are the lines, each part with the prose that stands before it.
    """

    client: ClientSession
    server: ServerSession
    parts: list[tuple[str, list[str]]] = field(default_factory=lambda: [("", [])])
    replies: list[Reply] = field(default_factory=list)
    shown: bool = True

    def write(self, side: str, octets: bytes) -> None:
        """Keep what one side wrote, line by line."""
        if self.shown:
            lines = octets.decode("ascii").split("\r\n")[:-1]
            self.parts[-1][1].extend(f"{side}: {line}".rstrip(" ") for line in lines)

    def reply(self, event: Greeting | CommandAnswer | Result) -> None:
        """Let the server send a reply, and the client read it as it was meant."""
        octets = self.server.send(event)
        self.write("S", octets)
        self.client.receive_octets(octets)
        received = self.client.next_event()
        if not isinstance(received, Greeting | CommandAnswer | Result):
            raise DialogueError(f"the client takes {octets!r} for {received}")
        if any(not group.used for group in received.reply.metadata):
            verdicts = ", ".join(f"{g.key}: {g.status.value}" for g in received.reply.metadata)
            raise DialogueError(f"the client does not use all metadata of {octets!r}: {verdicts}")
        if received.reply.metadata != event.reply.metadata:
            raise DialogueError(f"the client reads other metadata in {octets!r} than was meant")
        if self.shown:
            self.replies.append(received.reply)

    def command(self, command: Command) -> None:
        """Let the client send a command, and the server read it."""
        octets = self.client.send(command)
        self.write("C", octets)
        self.server.receive_octets(octets)
        event = self.server.next_event()
        if event != command:
            raise DialogueError(f"the server takes {octets!r} for {event}")

    def content(self, text: str) -> None:
        """Let the client send the content of the message."""
        octets = self.client.send(Content(text.replace("\n", "\r\n").encode("ascii")))
        self.write("C", octets)
        self.server.receive_octets(octets)
        if not isinstance(self.server.next_event(), Content):
            raise DialogueError("the server did not take the content as one message")


def play(session: Mapping[str, Any]) -> Recorder:
    """Play one connection, as `draft/examples/README.md` describes it.

    Raises:
        DialogueError: it does not run as described.
    """
    protocol = Protocol(session["protocol"])
    settings = ServerSettings(session["server"], offer_metadata=session.get("offered", True))
    recorder = Recorder(ClientSession(protocol), ServerSession(protocol, settings))
    recorder.shown = session.get("opening", True)
    recorder.reply(recorder.server.greeting())
    verb = HelloVerb.LHLO if protocol is Protocol.LMTP else HelloVerb.EHLO
    hello = Hello(verb, session["client"])
    recorder.command(hello)
    recorder.reply(CommandAnswer(hello, recorder.server.usual_answer(hello)))
    if (KEYWORD in recorder.client.extensions) != session.get("offered", True):
        raise DialogueError("the keyword was not read as it was listed")
    for step in session["step"]:
        _play_step(recorder, step)
    recorder.client.receive_octets(b"")
    if recorder.server.next_event() is not NEED_DATA:
        raise DialogueError("the server read more than the client sent")
    return recorder


def _play_step(recorder: Recorder, step: Mapping[str, Any]) -> None:
    if "before" in step:
        recorder.parts.append((step["before"], []))
    shown = step.get("shown", True)
    recorder.shown = shown is True
    if "content" in step:
        recorder.content(step["content"])
        recorder.shown = shown is not False
        lmtp = recorder.server.protocol is Protocol.LMTP
        recipients = recorder.server.accepted if lmtp else (None,)
        for recipient, answer in zip(recipients, step["answers"], strict=True):
            recorder.reply(Result(recipient, _built(answer, "DATA", lmtp=lmtp)))
        return
    command = parse_command(step["command"].encode("ascii"))
    recorder.command(command)
    if "answer" in step:
        lmtp = recorder.server.protocol is Protocol.LMTP
        reply = _built(step["answer"], step_of(command).name, lmtp=lmtp)
    else:
        reply = recorder.server.usual_answer(command)
    recorder.reply(CommandAnswer(command, reply))


def _built(answer: Mapping[str, Any], command: str, *, lmtp: bool) -> Reply:
    groups = [described_group(group) for group in answer.get("groups", ())]
    return build_reply(
        answer["code"],
        answer["enhanced_code"],
        answer["text"],
        groups,
        command=command,
        lmtp=lmtp,
    )


def described_group(group: Mapping[str, Any]) -> MetadataGroup:
    """The group a description names: key, values without a name, values by name; all decoded."""
    values = [Argument(None, value) for value in group.get("values", ())]
    named = [Argument(name, value) for name, value in group.get("named", {}).items()]
    return MetadataGroup(group["key"], (*values, *named))
