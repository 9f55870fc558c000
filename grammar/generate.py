"""Write every generated file of the project from the grammar and its tables.

    python grammar/generate.py            write what changed
    python grammar/generate.py --check    write nothing; exit 1 and name each stale file

Rule: everything is generated into build/fresh first, in this one process; a file is installed only
after all emitters succeeded, and only when its bytes differ.  A fault in a source therefore
overwrites nothing.  The draft's examples and the programs' completions are made in processes of
their own, on a copy of the reference that holds the fresh parser, so that they show what the new
grammar does.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
FRESH = PROJECT / "build" / "fresh"
SOURCE = Path("grammar/reply-metadata.abnf")
COMMAND = "make generate"
REFERENCE = Path("reference/reply_metadata/_generated")
DRAFT = Path("draft/_generated")
VECTORS = Path("tests/vectors/_generated")
COMPILER = Path("grammar/abnf_compiler/_generated")
FOLDERS = (REFERENCE, DRAFT, VECTORS, COMPILER)
PACKAGE_MARK = '"""Generated modules; `make generate` writes them."""\n'


class GenerationError(Exception):
    """A source is at fault; the text says where and what."""


def from_grammar() -> dict[Path, str]:
    """What the compiler emits: parser, Lark grammars, draft fragments, tables, vectors."""
    sys.path.insert(0, str(PROJECT / "draft"))
    import table_modules
    import tables as draft_tables
    from abnf_compiler.emit.lark_grammar import emit_lark
    from abnf_compiler.emit.lark_lines import emit_lark_lines
    from abnf_compiler.emit.python_module import emit_python
    from abnf_compiler.emit.rfcxml import emit_rfcxml
    from abnf_compiler.emit.vectors import emit_vectors
    from abnf_compiler.grammar import load_resolved

    grammar = load_resolved(SOURCE)
    sha256 = hashlib.sha256(SOURCE.read_bytes()).hexdigest()
    keys_source = Path("grammar/keys.toml").read_bytes()
    limits_source = Path("grammar/limits.toml").read_bytes()
    keys = tomllib.loads(keys_source.decode("utf-8"))
    limits = tomllib.loads(limits_source.decode("utf-8"))
    try:
        table_modules.check_keys(keys, frozenset(grammar.rules))
    except table_modules.TableError as error:
        raise GenerationError(str(error)) from error
    stamp = {"source_sha256": sha256, "command": COMMAND}
    files = {
        REFERENCE / "__init__.py": PACKAGE_MARK,
        REFERENCE / "reply_grammar.py": emit_python(grammar, **stamp),
        REFERENCE / "reply_grammar.lark": emit_lark(grammar, **stamp),
        REFERENCE / "reply_lines.lark": emit_lark_lines(grammar, "received-line", **stamp),
        REFERENCE / "key_table.py": table_modules.emit_key_table(
            keys, hashlib.sha256(keys_source).hexdigest()
        ),
        REFERENCE / "limit_table.py": table_modules.emit_limit_table(
            limits, hashlib.sha256(limits_source).hexdigest()
        ),
    }
    files |= {DRAFT / name: text for name, text in emit_rfcxml(grammar).items()}
    files |= {DRAFT / n: text for n, text in draft_tables.emit_draft_tables(keys, limits).items()}
    files |= {VECTORS / name: text for name, text in emit_vectors(grammar).items()}
    return files


def write_all(files: dict[Path, str]) -> None:
    """Write `files` under build/fresh, which is emptied first."""
    shutil.rmtree(FRESH, ignore_errors=True)
    for path, text in files.items():
        target = FRESH / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8"))


def run_programs() -> None:
    """Run what needs the fresh parser: the draft's examples, and the programs' completions."""
    copy = FRESH / "run"
    shutil.copytree("reference", copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(
        FRESH / REFERENCE, copy / REFERENCE.relative_to("reference"), dirs_exist_ok=True
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(copy), "grammar"])}
    for program, folder in (("draft/record.py", FRESH / DRAFT), ("grammar/completions.py", FRESH)):
        command = [sys.executable, program, str(folder)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise GenerationError(f"{program} failed:\n{done.stdout}{done.stderr}")
    shutil.rmtree(copy)


def listing(root: Path) -> dict[Path, bytes]:
    """The bytes of every file below the generated folders of `root`, by path from `root`."""
    return {
        path.relative_to(root): path.read_bytes()
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def differences(old: dict[Path, bytes], new: dict[Path, bytes]) -> Iterable[tuple[str, Path]]:
    """Each path that differs, with the word for how: missing, surplus or stale."""
    for path in sorted(old.keys() | new.keys()):
        if path not in old:
            yield "missing", path
        elif path not in new:
            yield "surplus", path
        elif old[path] != new[path]:
            yield "stale", path


def install(new: dict[Path, bytes], changes: list[tuple[str, Path]]) -> None:
    """Put the changed files in place, each in one step; remove what is no longer generated."""
    for kind, path in changes:
        if kind == "surplus":
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".new")
        temporary.write_bytes(new[path])
        temporary.replace(path)


def run(*, check: bool) -> int:
    """Generate everything; compare or install. The exit status."""
    from abnf_compiler.diagnostics import GrammarError, render

    try:
        write_all(from_grammar())
        run_programs()
    except GrammarError as error:
        sys.stdout.write("".join(render(item) + "\n" for item in error.diagnostics))
        return 1
    except GenerationError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    new = listing(FRESH)
    changes = list(differences(listing(PROJECT), new))
    for kind, path in changes:
        sys.stdout.write(
            f"{kind if check else 'wrote' if kind != 'surplus' else 'removed'}: {path}\n"
        )
    if not check:
        install(new, changes)
    sys.stdout.write(
        f"{len(new)} generated files, {len(changes)} {'stale' if check else 'written'}\n"
    )
    return int(check and bool(changes))


def main() -> int:
    """Read the command line; the exit status."""
    parser = argparse.ArgumentParser(description="Write the generated files of the project.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 when stale")
    os.chdir(PROJECT)
    sys.path.insert(0, str(PROJECT / "grammar"))
    return run(check=parser.parse_args().check)


if __name__ == "__main__":
    sys.exit(main())
