"""Completion scripts for bash, zsh and fish, from the arguments that the programs themselves read.

    python grammar/completions.py FOLDER      write them below FOLDER, at their places

Rule: everything in a script is in the argparse tree of its program; what an argument takes is told
by its choices or its metavar (FILE, DIR, CODES), and nothing is looked up while completing.
"""

from __future__ import annotations

import shlex
import sys
from argparse import SUPPRESS, Action, ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SHELLS: Final = ("bash", "zsh", "fish")
PLACES: Final = {
    "abnfc": Path("grammar/abnf_compiler/_generated"),
    "replymeta": Path("reference/reply_metadata/_generated"),
}
HEAD: Final = (
    "# Completion for {program}; generated from its arguments by `make generate`, do not edit."
)
_FILES: Final = frozenset({"FILE", "OLD", "NEW", "STRINGS"})
_FOLDERS: Final = frozenset({"DIR", "DIRECTORY", "MAILDIR"})
_CODES: Final = frozenset({"CODE", "CODES"})


@dataclass(frozen=True, slots=True)
class Argument:
    """One option (with its flags) or positional (without): what it says and what it takes.

    takes: "" nothing, "files", "folders", "words" (those of `words`) or "text".
    """

    flags: tuple[str, ...]
    name: str
    help: str
    takes: str
    words: tuple[str, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand and its arguments."""

    name: str
    help: str
    arguments: tuple[Argument, ...]

    def options(self) -> tuple[Argument, ...]:
        """What begins with a hyphen."""
        return tuple(each for each in self.arguments if each.flags)

    def positionals(self) -> tuple[Argument, ...]:
        """What stands by its place."""
        return tuple(each for each in self.arguments if not each.flags)


@dataclass(frozen=True, slots=True)
class Program:
    """A program as a shell sees it: its own options and its subcommands."""

    name: str
    options: tuple[Argument, ...]
    commands: tuple[Command, ...]


def read_program(name: str, parser: ArgumentParser, codes: tuple[str, ...]) -> Program:
    """The tree of a parser with one level of subcommands; `codes` complete CODE and CODES."""
    options: list[Argument] = []
    commands: list[Command] = []
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            helps = {each.dest: each.help or "" for each in action._choices_actions}
            for word, inner in action.choices.items():
                arguments = tuple(_arguments(inner, codes))
                commands.append(Command(word, _plain(helps.get(word, "")), arguments))
        else:
            options.append(_argument(action, codes))
    return Program(name, tuple(options), tuple(commands))


def _arguments(parser: ArgumentParser, codes: tuple[str, ...]) -> Iterator[Argument]:
    return (_argument(each, codes) for each in parser._actions if each.help != SUPPRESS)


def _argument(action: Action, codes: tuple[str, ...]) -> Argument:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    words: tuple[str, ...] = ()
    if action.nargs == 0:
        takes = ""
    elif action.choices is not None:
        takes, words = "words", tuple(map(str, action.choices))
    elif metavar in _CODES:
        takes, words = "words", codes
    elif metavar in _FOLDERS:
        takes = "folders"
    else:
        takes = "files" if metavar in _FILES else "text"
    repeated = action.nargs in ("*", "+") or type(action).__name__ in (
        "_AppendAction",
        "_ExtendAction",
    )
    flags = tuple(action.option_strings)
    return Argument(flags, metavar, _plain(action.help or ""), takes, words, repeated)


def _plain(text: str) -> str:
    """A help text as one line that no shell reads anything into."""
    return " ".join(text.replace("%%", "%").split())


_BASH_TAKES: Final = {
    "files": 'mapfile -t COMPREPLY < <(compgen -f -- "$current")',
    "folders": 'mapfile -t COMPREPLY < <(compgen -d -- "$current")',
    "text": "COMPREPLY=()",
}


def _bash_takes(argument: Argument) -> str:
    if argument.takes == "words":
        return _bash_words(argument.words)
    return _BASH_TAKES[argument.takes]


def _bash_words(words: tuple[str, ...]) -> str:
    return f'mapfile -t COMPREPLY < <(compgen -W {shlex.quote(" ".join(words))} -- "$current")'


def _bash_command(command: Command) -> Iterator[str]:
    yield f"    {command.name})"
    yield '      case "$before" in'
    for each in command.options():
        if each.takes:
            yield f"        {'|'.join(each.flags)}) {_bash_takes(each)}; return ;;"
    yield "      esac"
    flags = tuple(flag for each in command.options() for flag in each.flags)
    yield f'      if [[ "$current" == -* ]]; then {_bash_words(flags)}; return; fi'
    first = next(iter(command.positionals()), None)
    if first is not None:
        yield f"      {_bash_takes(first)} ;;"
    else:
        yield "      COMPREPLY=() ;;"


def bash(program: Program) -> str:
    """The script for bash 4 or later; it needs no other package."""
    words = " ".join(each.name for each in program.commands)
    flags = tuple(flag for each in program.options for flag in each.flags)
    function = f"_{program.name}"
    lines = [
        HEAD.format(program=program.name),
        f"{function}() {{",
        '  local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"',
        '  local command="" word',
        '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
        f'    case " {words} " in *" $word "*) command="$word"; break ;; esac',
        "  done",
        '  case "$command" in',
        '    "")',
        '      case "$before" in',
        *(
            f"        {'|'.join(each.flags)}) {_bash_takes(each)}; return ;;"
            for each in program.options
            if each.takes
        ),
        "      esac",
        f'      if [[ "$current" == -* ]]; then {_bash_words(flags)}; return; fi',
        f"      {_bash_words(tuple(each.name for each in program.commands))} ;;",
        *(line for command in program.commands for line in _bash_command(command)),
        "  esac",
        "}",
        f"complete -o filenames -F {function} {program.name}",
    ]
    return "\n".join(lines) + "\n"


def _zsh_text(text: str) -> str:
    """A text inside an _arguments specification."""
    for char in "\\[]:":
        text = text.replace(char, f"\\{char}")
    return text


def _zsh_takes(argument: Argument) -> str:
    actions = {"files": "_files", "folders": "_files -/", "text": " "}
    action = f"({' '.join(argument.words)})" if argument.words else actions[argument.takes]
    return f":{_zsh_text(argument.name)}:{action}"


def _zsh_specifications(arguments: tuple[Argument, ...]) -> Iterator[str]:
    for each in arguments:
        if each.flags:
            taken = _zsh_takes(each) if each.takes else ""
            repeated = "*" if each.repeated else ""
            for flag in each.flags:
                yield shlex.quote(f"{repeated}{flag}[{_zsh_text(each.help)}]{taken}")
        else:
            place = "*" if each.repeated else ""
            yield shlex.quote(f"{place}{_zsh_takes(each)}")


def zsh(program: Program) -> str:
    """The script for zsh: as a file of $fpath, or evaluated after compinit."""
    function = f"_{program.name}"
    described = [
        "      " + shlex.quote(f"{each.name}:{each.help.replace(':', ' -')}")
        for each in program.commands
    ]
    lines = [
        f"#compdef {program.name}",
        HEAD.format(program=program.name),
        f"{function}() {{",
        "  local curcontext=$curcontext state line",
        "  local -a commands",
        "  _arguments -C \\",
        *(f"    {each} \\" for each in _zsh_specifications(program.options)),
        "    '1: :->command' '*:: :->rest'",
        "  case $state in",
        "  command)",
        "    commands=(",
        *described,
        "    )",
        f"    _describe -t commands '{program.name} command' commands ;;",
        "  rest)",
        "    case $words[1] in",
    ]
    for command in program.commands:
        specifications = " ".join(_zsh_specifications(command.arguments))
        lines.append(f"    {command.name}) _arguments {specifications} ;;")
    lines += [
        "    esac ;;",
        "  esac",
        "}",
        f'if [[ $funcstack[1] == {function} ]]; then {function} "$@"',
        f"else compdef {function} {program.name}; fi",
    ]
    return "\n".join(lines) + "\n"


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _fish_takes(argument: Argument) -> str:
    match argument.takes:
        case "":
            return ""
        case "words":
            return f" -x -a {_fish_quoted(' '.join(argument.words))}"
        case "folders":
            return " -x -a '(__fish_complete_directories)'"
        case "files":
            return " -r -F"
        case _:
            return " -x"


def _fish_option(start: str, condition: str, each: Argument) -> str:
    flags = "".join(
        f" -l {flag[2:]}" if flag.startswith("--") else f" -s {flag[1:]}" for flag in each.flags
    )
    return f"{start}{condition}{flags}{_fish_takes(each)} -d {_fish_quoted(each.help)}"


def fish(program: Program) -> str:
    """The script for fish 3 or later."""
    start = f"complete -c {program.name}"
    lines = [HEAD.format(program=program.name), f"{start} -f"]
    lines += [_fish_option(start, " -n __fish_use_subcommand", each) for each in program.options]
    for command in program.commands:
        lines.append(
            f"{start} -n __fish_use_subcommand -a {command.name} -d {_fish_quoted(command.help)}"
        )
        condition = f" -n '__fish_seen_subcommand_from {command.name}'"
        lines += [_fish_option(start, condition, each) for each in command.options()]
        for each in command.positionals():
            if each.takes == "words":
                lines.append(f"{start}{condition} -a {_fish_quoted(' '.join(each.words))}")
            elif each.takes in ("files", "folders"):
                lines.append(f"{start}{condition} -F")
                break
    return "\n".join(lines) + "\n"


def programs() -> tuple[Program, ...]:
    """Both programs of the project."""
    import abnf_compiler.__main__ as compiler
    import reply_metadata.__main__ as reference
    from abnf_compiler.diagnostics import CODES

    return (
        read_program("abnfc", compiler.argument_parser(), tuple(CODES)),
        read_program("replymeta", reference.argument_parser(), ()),
    )


def scripts() -> dict[Path, str]:
    """Every script by its place in the project."""
    writers = {"bash": bash, "zsh": zsh, "fish": fish}
    return {
        PLACES[program.name] / f"{program.name}.{shell}": writers[shell](program)
        for program in programs()
        for shell in SHELLS
    }


def main() -> int:
    """Write the scripts below the folder on the command line; the exit status."""
    folder = Path(sys.argv[1])
    for path, text in scripts().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
