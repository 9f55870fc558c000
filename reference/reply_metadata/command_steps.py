"""Which step of the table of states a command is, and how the codec names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reply_metadata.commands import (
    Authenticate,
    AuthResponse,
    Chunk,
    Command,
    Hello,
    HelloVerb,
    Help,
    MailFrom,
    Noop,
    Quit,
    RcptTo,
    Reset,
    StartData,
    StartTls,
    Verify,
)
from reply_metadata.extension import LAST_CHUNK
from reply_metadata.transitions import Step

_STEP_OF_COMMAND: Final[Mapping[type[Command], Step]] = {
    StartTls: Step.STARTTLS,
    Authenticate: Step.AUTH,
    AuthResponse: Step.AUTH_RESPONSE,
    MailFrom: Step.MAIL,
    RcptTo: Step.RCPT,
    StartData: Step.DATA,
    Reset: Step.RSET,
    Noop: Step.NOOP,
    Verify: Step.VRFY,
    Help: Step.HELP,
    Quit: Step.QUIT,
}
_STEP_OF_VERB: Final = {verb: Step[verb.name] for verb in HelloVerb}
_COMMAND_NAMES: Final = {
    Step.BDAT_LAST: LAST_CHUNK,
    Step.AUTH_RESPONSE: "AUTH",
    Step.RESULT: "DATA",
    Step.LAST_RESULT: "DATA",
}


def step_of(command: Command) -> Step:
    """The step a command is."""
    if isinstance(command, Hello):
        return _STEP_OF_VERB[command.verb]
    if isinstance(command, Chunk):
        return Step.BDAT_LAST if command.last else Step.BDAT
    return _STEP_OF_COMMAND[type(command)]


def command_name(step: Step) -> str:
    """The command a step belongs to, as the codec names it (`extension.allowed_in`)."""
    return _COMMAND_NAMES.get(step, step.name)
