"""What the shells complete: commands, options, values, files; from scripts the programs print."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from argparse import ArgumentParser, _SubParsersAction
from pathlib import Path

import pytest

import abnf_compiler.__main__ as compiler
import reply_metadata.__main__ as reference
from abnf_compiler.diagnostics import CODES

PROGRAMS = {"abnfc": compiler.argument_parser(), "replymeta": reference.argument_parser()}
BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C"}


def commands(parser: ArgumentParser) -> dict[str, ArgumentParser]:
    (action,) = (each for each in parser._actions if isinstance(each, _SubParsersAction))
    return dict(action.choices)


def flags(parser: ArgumentParser) -> set[str]:
    return {flag for each in parser._actions for flag in each.option_strings}


def in_shell(shell: str, text: str, folder: Path) -> list[str]:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    start = {"bash": ["--noprofile", "--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [path, *start, "-c", text],
        cwd=folder,
        env={**ENVIRONMENT, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


def completed(folder: Path, *lines: str) -> list[set[str]]:
    """What bash offers for the last word of each line, asked in one shell."""
    program = [f'eval "$({name} --completion bash)"' for name in PROGRAMS]
    for line in lines:
        words = shlex.split(line) + ([""] if line.endswith(" ") else [])
        program += [
            f"COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}",
            f'COMPREPLY=(); _{words[0]}; printf "%s\\n" "${{COMPREPLY[@]}}"; echo =',
        ]
    answers = "\n".join(in_shell("bash", "\n".join(program), folder)).split("\n=")
    return [set(each.split("\n")) - {""} for each in answers[: len(lines)]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a b.abnf").write_text('a = "x"\n', "utf-8")
    (tmp_path / "library").mkdir()
    return tmp_path


def test_bash_completes_commands_options_values_codes_and_files(folder: Path) -> None:
    lines = ["abnfc ", "abnfc ch", "abnfc check --s", "abnfc check --ignore ABNF30"]
    lines += [
        "abnfc check --library ",
        "abnfc check ",
        "abnfc match --engine e",
        "abnfc explain ABNF5",
    ]
    lines += ["abnfc --completion ", "abnfc fmt --width ", "replymeta pa", "replymeta parse --neg"]
    assert completed(folder, *lines) == [
        set(commands(PROGRAMS["abnfc"])),
        {"check"},
        {"--select", "--strict"},
        {code for code in CODES if code.startswith("ABNF30")},
        {"library"},
        {"a b.abnf", "library"},
        {"earley"},
        {"ABNF501", "ABNF502"},
        {"bash", "zsh", "fish"},
        set(),
        {"parse"},
        {"--negotiated"},
    ]


@pytest.mark.parametrize("name", PROGRAMS)
def test_bash_offers_every_option_of_every_command(name: str, folder: Path) -> None:
    known = commands(PROGRAMS[name])
    found = completed(folder, f"{name} -", *(f"{name} {command} -" for command in known))
    assert found == [flags(PROGRAMS[name]), *(flags(each) for each in known.values())]


@pytest.mark.parametrize("name", PROGRAMS)
def test_fish_completes_commands_and_options(name: str, folder: Path) -> None:
    known = commands(PROGRAMS[name])
    command, parser = next(iter(known.items()))
    text = f"{name} --completion fish | source; complete -C '{name} '; echo =; "
    answers = in_shell("fish", text + f"complete -C '{name} {command} --'", folder)
    offered = [{line.split("\t")[0] for line in part.splitlines()} - {""}
               for part in "\n".join(answers).split("\n=")]  # fmt: skip
    assert set(known) <= offered[0]
    assert {flag for flag in flags(parser) if flag.startswith("--")} <= offered[1]


@pytest.mark.parametrize("name", PROGRAMS)
def test_zsh_knows_every_command_and_option(name: str, folder: Path) -> None:
    # What zsh offers shows on a terminal only; here its words for _arguments are taken down.
    known = commands(PROGRAMS[name])
    lines = [
        "compdef() { print -r -- compdef $@ }",
        f'eval "$({name} --completion zsh)"',
        "_arguments() { print -rl -- $@; state=rest }",
        "_describe() { print -rl -- $commands }",
        *(f"words=({command}); _{name}" for command in known),
        "_arguments() { state=command }",
        f"_{name}",
    ]
    said = in_shell("zsh", "\n".join(lines), folder)
    assert said[0] == f"compdef _{name} {name}"
    shown = {found[1] for line in said if (found := re.match(r"\*?(--?[a-z-]+)\[", line))}
    assert shown == flags(PROGRAMS[name]).union(*(flags(each) for each in known.values()))
    assert [line.partition(":")[0] for line in said[-len(known) :]] == list(known)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_shell_nobody_heard_of_is_an_error_of_usage(name: str) -> None:
    done = subprocess.run([BIN / name, "--completion", "tcsh"], capture_output=True, check=False)
    assert done.returncode == 2
