"""`abnfc`, also `python -m abnf_compiler`: see abnf_compiler.commands for its rules."""

from __future__ import annotations

import io
import os
import sys
from argparse import Action, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from abnf_compiler.commands import COMMANDS, FAILED, UNUSABLE, FailedError, UsageError
from abnf_compiler.diagnostics import GrammarError

SHELLS: Final = ("bash", "zsh", "fish")
_INTERRUPTED: Final = 130
_PACKAGES: Final = frozenset({"lark", "railroad"})
_INSTALL: Final = "pip install 'smtp-reply-metadata[compiler]'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parsed = argument_parser().parse_args(arguments)
    try:
        status: int = parsed.run(parsed)
        sys.stdout.flush()
    except UsageError as problem:
        return _complain(str(problem), UNUSABLE)
    except FailedError as problem:
        return _complain(str(problem), FAILED)
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] not in _PACKAGES:
            raise
        return _complain(f"{problem.name} is not installed: {_INSTALL}", UNUSABLE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNUSABLE
    except OSError as problem:  # a file that cannot be read is a UsageError: this is the output
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _complain(f"cannot write: {problem.strerror or problem}", UNUSABLE)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except GrammarError as problem:
        sys.stderr.write(f"{problem}\n")
        return UNUSABLE
    except RecursionError:
        return _complain("the rules nest too deep for this command", UNUSABLE)
    return status


def _complain(message: str, status: int) -> int:
    sys.stderr.write(f"abnfc: {message}\n")
    return status


class _Completion(Action):
    """Prints the completion script of one shell, and ends."""

    def __call__(self, parser: ArgumentParser, *arguments: object) -> None:
        """Print the generated script (grammar/completions.py)."""
        shell = arguments[1]
        script = Path(__file__).with_name("_generated") / f"{parser.prog}.{shell}"
        sys.stdout.write(script.read_text("utf-8"))
        parser.exit()


def argument_parser() -> ArgumentParser:
    """What the command line may hold: every command with its arguments."""
    parser = ArgumentParser(
        prog="abnfc",
        description="A compiler for grammars in ABNF (RFC 5234, RFC 7405).",
        epilog="Each command has its own --help, with an example.",
    )
    parser.add_argument(
        "--completion",
        choices=SHELLS,
        action=_Completion,
        help='print what completes commands in a shell, for eval "$(abnfc --completion bash)"',
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = import_module(f"abnf_compiler.commands.{name}")
        command = commands.add_parser(
            name,
            help=module.SUMMARY,
            description=f"{module.SUMMARY[0].upper()}{module.SUMMARY[1:]}.",
            epilog=f"{getattr(module, 'SEE_ALSO', '')}example:\n  {module.EXAMPLE}",
            formatter_class=RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
