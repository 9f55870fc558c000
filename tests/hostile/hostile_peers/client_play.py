"""What a client under test is told to do, on any side: core, asyncio or blocking."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Protocol, TypeVar

from hostile_peers.outcome import ClientOutcome, Gone
from hostile_peers.transcript import Transcript, octets_of
from reply_metadata.command_lines import parse_chunk_header, parse_command
from reply_metadata.commands import Chunk, Command
from reply_metadata.errors import LocalProtocolError, ReplyMetadataError

_Value = TypeVar("_Value")


class ClientSide(Protocol):
    """A client under test; `Gone` says that its session is over."""

    async def open(self) -> None: ...

    async def ask(self, commands: Sequence[Command]) -> Sequence: ...

    async def content(self, octets: bytes) -> Sequence: ...

    async def chunks(self, chunks: Sequence[bytes]) -> Sequence: ...

    async def auth(self, user: str, password: str) -> Sequence: ...

    async def close(self) -> None: ...


def run_now(work: Coroutine[object, object, _Value]) -> _Value:
    """The value of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("a side that does not wait has waited")


def commands_of(lines: Sequence[str]) -> list[Command]:
    """Commands to send, given as their lines."""
    made: list[Command] = []
    for line in lines:
        octets = line.encode("latin-1")
        header = parse_chunk_header(octets)
        made.append(parse_command(octets) if header is None else Chunk(b"", header.last))
    return made


async def play_told(side: ClientSide, transcript: Transcript, outcome: ClientOutcome) -> None:
    """Do what the transcript says until it is done or the session is over."""
    try:
        await side.open()
        for action in transcript.told:
            if "ask" in action:
                told = await side.ask(commands_of(action["ask"]))
            elif "content" in action:
                told = await side.content(octets_of(action["content"]))
            elif "chunks" in action:
                told = await side.chunks([octets_of(one) for one in action["chunks"]])
            else:
                told = await side.auth(*action["auth"])
            outcome.told.append(list(told))
    except Gone as gone:
        outcome.end, outcome.fault = gone.end, gone.fault
        outcome.shown.append(gone.shown)
    except LocalProtocolError as error:
        outcome.end = "caller-refused"
        outcome.shown.append(str(error))
    except ReplyMetadataError as error:
        outcome.end = "caller-refused"
        outcome.shown.append(str(error))
    finally:
        await side.close()
