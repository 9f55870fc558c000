"""Transcripts as they are played: the JSON of a file, its octets made, and its files found."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from reply_metadata.limits import Limits
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ClientTimeouts, ServerTimeouts
from reply_metadata.transitions import Protocol

FOLDER = Path(__file__).resolve().parent.parent / "_generated"
CLASSES = tuple(f"A{number}" for number in range(1, 23))
DEADLINE_S = 10.0
"""Every time limit of the side under test, unless a transcript sets it."""


def octets_of(segment) -> bytes:
    """A string, or parts of which some are repeated; one character is one octet."""
    if isinstance(segment, str):
        return segment.encode("latin-1")
    parts = []
    for part in segment:
        if isinstance(part, str):
            parts.append(part.encode("latin-1"))
        else:
            parts.append(part["repeat"].encode("latin-1") * part["times"])
    return b"".join(parts)


@dataclass(frozen=True)
class Transcript:
    """One transcript, its settings made."""

    json: dict
    scale: float = field(default=1.0)

    def __getattr__(self, name: str):
        try:
            return self.json[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def protocol(self) -> Protocol:
        """SMTP or LMTP."""
        return Protocol[self.json["protocol"].upper()]

    @property
    def deadline_s(self) -> float:
        """How long the side under test waits, on its own clock."""
        return self.json.get("settings", {}).get("deadline_s", DEADLINE_S) * self.scale

    @property
    def has_clock(self) -> bool:
        """Whether time passes in it."""
        return any("pass_s" in step for step in self.json["steps"])

    @property
    def segments(self) -> list[bytes]:
        """All the peer writes."""
        sent = [step["send"] for step in self.json["steps"] if "send" in step]
        return [octets_of(segment) for segments in sent for segment in segments]

    def limits(self) -> Limits:
        """The limits of the side under test."""
        settings = self.json.get("settings", {})
        names = {name for name in settings if hasattr(Limits(), name)}
        return Limits(**{name: settings[name] for name in names})

    def client_timeouts(self) -> ClientTimeouts:
        """One deadline for every reply."""
        seconds = self.deadline_s
        return ClientTimeouts(10, seconds, seconds, seconds, seconds, seconds)

    def server_settings(self) -> ServerSettings:
        """The settings of a server under test."""
        settings = self.json.get("settings", {})
        rules = {
            name: settings[name] for name in ("max_recipients", "max_refused") if name in settings
        }
        offers = self.json.get("offers", [])
        return ServerSettings(
            "mx.example.org",
            offer_starttls="STARTTLS" in offers,
            offer_auth="AUTH" in offers,
            limits=self.limits(),
            timeouts=ServerTimeouts(self.deadline_s, self.deadline_s),
            **rules,
        )


def load() -> list[Transcript]:
    """All transcripts, in the order of the classes."""
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        found += [Transcript(one) for one in json.loads(path.read_text("utf-8"))["transcripts"]]
    return sorted(found, key=lambda one: (CLASSES.index(one.attack), one.id))
