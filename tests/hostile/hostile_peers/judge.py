"""Whether an outcome is what the transcript says: the list of what differs."""

from __future__ import annotations

from hostile_peers.outcome import (
    ClientOutcome,
    ServerOutcome,
    is_printable,
    lines_shown,
    reply_as_told,
    split_replies,
)
from hostile_peers.referral_verdict import verdicts
from hostile_peers.transcript import Transcript, octets_of

_FINE = frozenset({"open", "caller-refused"})


def client_problems(transcript: Transcript, outcome: ClientOutcome) -> list[str]:
    """What differs for a client under test."""
    expected = transcript.expected
    wanted = [list(replies) for replies in expected["replies"]]
    partial = any(None in replies for replies in wanted)
    if outcome.whole_actions:
        wanted = _without_lost(transcript, wanted)
    else:  # the session has no word for a reply that did not come; its caller has
        wanted = [[one for one in replies if one is not None] for replies in wanted]
    told = [[reply_as_told(reply) for reply in replies] for replies in outcome.told]
    wanted, told = ([one for one in both if one] for both in (wanted, told))
    found = []
    if told != wanted:
        found.append(f"replies {told}, expected {wanted}")
    # An adapter says by None that content was not answered, and ends then for whatever reason.
    if outcome.end != expected["end"] and not (
        outcome.whole_actions and partial and outcome.end == "ended"
    ):
        found.append(f"end {outcome.end} {outcome.shown}, expected {expected['end']}")
    fault = expected.get("fault", outcome.fault)
    if outcome.fault != fault and not (outcome.whole_actions and partial):
        found.append(f"fault {outcome.fault}, expected {fault}")
    if expected["end"] not in _FINE and not outcome.closed:
        found.append("the connection was not closed")
    if "referral" in expected:
        said = verdicts(transcript, outcome.told[1][0])  # MAIL, then RCPT
        if said != expected["referral"]:
            found.append(f"referral {said}, expected {expected['referral']}")
    found += _never_written(transcript, outcome.written)
    shown = list(outcome.shown)
    for segment in transcript.segments:
        shown += lines_shown(segment)
    found += [f"shown as is: {text!r}" for text in shown if not is_printable(text)]
    return found


def _without_lost(transcript: Transcript, wanted: list[list]) -> list[list]:
    """The replies without those that are lost with an `ask` of which one is missing."""
    return [
        [] if "ask" in action and len(replies) < len(action["ask"]) else replies
        for action, replies in zip(transcript.told, wanted, strict=True)
    ]


def server_problems(transcript: Transcript, outcome: ServerOutcome) -> list[str]:
    """What differs for a server under test."""
    expected = transcript.expected
    found = []
    codes = [int(reply[0][:3]) for reply in split_replies(outcome.written)]
    if codes != expected["codes"]:
        found.append(f"codes {codes}, expected {expected['codes']}")
    if outcome.end != expected["end"]:
        found.append(f"end {outcome.end}, expected {expected['end']}")
    wanted = [
        {**one, "content": octets_of(one["content"]).decode("latin-1")}
        for one in expected["delivered"]
    ]
    if outcome.delivered != wanted:
        found.append(f"delivered {outcome.delivered}, expected {wanted}")
    found += _never_written(transcript, outcome.written)
    there = expected.get("written", [])
    found += [f"did not write {text!r}" for text in there if text.encode() not in outcome.written]
    lines = outcome.written.split(b"\r\n")
    found += [f"written: {line!r}" for line in lines if not is_printable(line.decode("latin-1"))]
    found += [f"logged as is: {text!r}" for text in outcome.reasons if not is_printable(text)]
    return found


def _never_written(transcript: Transcript, written: bytes) -> list[str]:
    never = transcript.expected.get("never_written", [])
    return [f"wrote {text!r}" for text in never if text.encode("latin-1") in written]
