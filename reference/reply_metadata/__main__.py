"""`replymeta` and `python -m reply_metadata`: hands over to one module of `programs`.

Rule: only the module of the subcommand asked for is imported; what is not installed is not shown.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol, cast

from reply_metadata import __version__

SHELLS: Final = ("bash", "zsh", "fish")
_MODULES: Final = {
    "parse": "parse",
    "keys": "keys",
    "demo": "demo",
    "serve": "serve",
    "send": "send",
    "proxy": "proxy",
}
"""Every subcommand there may be, with its module, in the order of the help text."""


class Program(Protocol):
    """What a module of `programs` offers."""

    NAME: str
    HELP: str

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments of the subcommand."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; gives the exit status."""
        ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; gives the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    asked = next((word for word in words if not word.startswith("-")), None)
    known = [name for name in _MODULES if find_spec(_module_path(name)) is not None]
    parser = _parser([asked] if asked in known else known)
    chosen = parser.parse_args(words)
    try:
        status: int = chosen.run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # the programs tell their own: this is the output
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stderr.write(f"replymeta: cannot write: {error.strerror or error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return status


def _module_path(name: str) -> str:
    return f"reply_metadata.programs.{_MODULES[name]}"


class _Completion(argparse.Action):
    """Prints the completion script of one shell, and ends."""

    def __call__(self, parser: argparse.ArgumentParser, *arguments: object) -> None:
        """Print the generated script (grammar/completions.py)."""
        shell = arguments[1]
        script = Path(__file__).with_name("_generated") / f"{parser.prog}.{shell}"
        sys.stdout.write(script.read_text("utf-8"))
        parser.exit()


def argument_parser() -> argparse.ArgumentParser:
    """What the command line may hold: every subcommand that is installed."""
    return _parser([name for name in _MODULES if find_spec(_module_path(name)) is not None])


def _parser(names: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="replymeta",
        description="Metadata in SMTP and LMTP replies: read it, send it, follow it.",
        epilog="example:\n  printf '250 2.0.0 [QUEUE-ID 4XyZ1] Ok\\r\\n' | replymeta parse",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"replymeta {__version__}")
    parser.add_argument(
        "--completion",
        choices=SHELLS,
        action=_Completion,
        help='print what completes commands in a shell, for eval "$(replymeta --completion bash)"',
    )
    commands = parser.add_subparsers(title="subcommands", metavar="SUBCOMMAND", required=True)
    for name in names:
        program = cast(Program, import_module(_module_path(name)))
        command = commands.add_parser(
            program.NAME,
            help=program.HELP,
            description=program.HELP,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        program.configure(command)
        command.set_defaults(run=program.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
