"""Which findings `abnfc check` shows: `--select` and `--ignore`, by code or by the start of codes.

Rule: an error is always shown, for without it nobody would know why the grammar is refused; only
warnings can be chosen.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from abnf_compiler.diagnostics import Diagnostic

_LETTERS: Final = "ABNF"
_LENGTH: Final = len("ABNF101")


def add_choice_arguments(parser: ArgumentParser) -> None:
    """--select and --ignore."""
    for option, what in (("--select", "show these warnings only"), ("--ignore", "hide these")):
        parser.add_argument(
            option,
            metavar="CODES",
            type=_codes,
            action="extend",
            default=[],
            help=f"{what}: codes or the first characters of codes, ABNF302,ABNF4; errors stay",
        )


def _codes(text: str) -> list[str]:
    """The prefixes in one argument, each the start of a known code."""
    from abnf_compiler.diagnostics import CODES

    prefixes = [part.strip().upper() for part in text.split(",")]
    for prefix in prefixes:
        if len(prefix) <= len(_LETTERS) or not any(code.startswith(prefix) for code in CODES):
            near = get_close_matches(prefix, CODES, 1) if len(prefix) == _LENGTH else ()
            hint = f"did you mean {near[0]}?" if near else "ABNF302 is one, ABNF3 all of 3xx"
            raise ArgumentTypeError(f"no code begins with {prefix!r}; {hint}")
    return prefixes


def chosen(findings: Iterable[Diagnostic], arguments: Namespace) -> tuple[Diagnostic, ...]:
    """The findings to show, in their order."""
    from abnf_compiler.diagnostics import Severity

    selected, ignored = tuple(arguments.select), tuple(arguments.ignore)
    return tuple(
        found
        for found in findings
        if found.severity is Severity.ERROR
        or (found.code.startswith(selected or _LETTERS) and not found.code.startswith(ignored))
    )


def stubborn(findings: Iterable[Diagnostic], arguments: Namespace) -> tuple[str, ...]:
    """Codes of errors that were to be ignored by their full names, in order."""
    from abnf_compiler.diagnostics import CODES, Severity

    errors = {found.code for found in findings if found.severity is Severity.ERROR}
    return tuple(sorted(errors & {code for code in arguments.ignore if code in CODES}))
