"""The subcommands of `abnfc`, one module each.

Rules: a module holds SUMMARY, EXAMPLE, `add_arguments(parser)` and `run(arguments) -> status`. It
imports at its top what costs nothing; parsers, engines and emitters come in `run`, so that
`abnfc --help` is quick and a missing package stops only the commands that need it. Results go to
stdout, messages to stderr; 0 is well, 1 a check that failed, 2 usage or input that cannot be read.
"""

from __future__ import annotations

from typing import Final

COMMANDS: Final = (
    "check",
    "explain",
    "match",
    "parse",
    "extract",
    "fmt",
    "diff",
    "sentences",
    "coverage",
    "lark",
    "python",
    "javascript",
    "regex",
    "railroad",
)

FINE: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2


class UsageError(Exception):
    """What the caller has to change: a file that cannot be read, a rule that is not there."""


class FailedError(Exception):
    """What the compiler will not do for this grammar, such as a pattern it cannot prove linear."""
