"""Exit 1 when the core of the reference is no longer small: 2,500 lines of code or more.

The core is what the import contract of pyproject.toml has between the rooms `policy` and
`_generated`.  A line of code is one that is not blank, not a comment and not part of a docstring;
`wc -l` counts all lines.  The front of the package, `__init__`, is shown but holds names only.
"""

import ast
import io
import sys
import tokenize
import tomllib
from pathlib import Path

PACKAGE = Path("reference/reply_metadata")
MAX_CODE_LINES = 2500
NO_CODE = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
)


def core_rooms(project: str) -> list[list[str]]:
    """The modules of each room of the core, lowest room first."""
    contracts = tomllib.loads(project)["tool"]["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one["type"] == "layers")
    core = layers[layers.index("policy") + 1 : layers.index("_generated")]
    return [[module.strip() for module in layer.split(":")] for layer in reversed(core)]


def code_lines(source: str) -> int:
    """How many lines of a module are code."""
    docstrings = {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    code = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(code - docstrings)


def main() -> int:
    """Print the files of the core with their lines; 1 when there are too many.

    With `--files`: their names alone, as `coverage report --include` takes them.
    """
    rooms = core_rooms(Path("pyproject.toml").read_text("utf-8"))
    if sys.argv[1:] == ["--files"]:
        names = [f"{PACKAGE / module}.py" for room in rooms for module in sorted(room)]
        sys.stdout.write(",".join(names) + "\n")
        return 0
    total_lines = total_code = 0
    for room in rooms:
        for module in sorted(room):
            source = (PACKAGE / f"{module}.py").read_text("utf-8")
            lines, code = source.count("\n"), code_lines(source)
            total_lines, total_code = total_lines + lines, total_code + code
            sys.stdout.write(f"{module:20}{lines:6,} lines{code:6,} of code\n")
    front = code_lines((PACKAGE / "__init__.py").read_text("utf-8"))
    sys.stdout.write(f"size of the core: {total_lines:,} lines, {total_code:,} of code")
    sys.stdout.write(f", under {MAX_CODE_LINES:,}; and {front} of names in __init__\n")
    return int(total_code >= MAX_CODE_LINES)


if __name__ == "__main__":
    sys.exit(main())
