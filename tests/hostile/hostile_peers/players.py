"""Every way a transcript is played, by name; each gives the list of what is not as it should be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hostile_peers import core_client, server_play
from hostile_peers.judge import client_problems, server_problems
from hostile_peers.socket_sides import (
    AsyncioClient,
    BlockingClient,
    play_asyncio_server,
    play_blocking_server,
    play_client,
)
from hostile_peers.transcript import Transcript

SOCKET_SCALE = 0.1
"""Ten seconds of a transcript are one second on a socket."""

Player = Callable[[Transcript], list[str]]


def on_core(transcript: Transcript) -> list[str]:
    """The sessions, in memory, with a clock that is told the time."""
    if transcript.role == "client":
        return client_problems(transcript, core_client.play(transcript))
    return server_problems(transcript, server_play.play(transcript))


def on_asyncio(transcript: Transcript) -> list[str]:
    """The asyncio adapter, over a socket."""
    scaled = replace(transcript, scale=SOCKET_SCALE)
    if transcript.role == "client":
        return client_problems(scaled, play_client(AsyncioClient, scaled))
    return server_problems(scaled, play_asyncio_server(scaled))


def on_blocking(transcript: Transcript) -> list[str]:
    """The blocking adapter, over a socket."""
    scaled = replace(transcript, scale=SOCKET_SCALE)
    if transcript.role == "client":
        return client_problems(scaled, play_client(BlockingClient, scaled))
    return server_problems(scaled, play_blocking_server(scaled))


PLAYERS: dict[str, Player] = {"core": on_core, "asyncio": on_asyncio, "blocking": on_blocking}
