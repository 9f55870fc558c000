"""The line every generated file begins with: from what, by which command, SHA-256 of the source.

Rule: no date, path or machine name; the digest is that of the grammar text in UTF-8, so that a
reader can see with any tool whether a generated file is older than its source.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from abnf_compiler.tree import ResolvedGrammar

DEFAULT_COMMAND: Final = "make generate"


def generated_line(
    grammar: ResolvedGrammar, *, source_sha256: str | None = None, command: str = DEFAULT_COMMAND
) -> str:
    """`Generated from NAME by COMMAND; SHA-256 of the source: ...` without a comment mark.

    Args:
        grammar: the grammar the file is made from; its name without folders is shown.
        source_sha256: the digest of the source file; computed from the text when None.
        command: what a person types to make the file anew.
    """
    digest = source_sha256 or sha256(grammar.text.encode("utf-8")).hexdigest()
    name = grammar.name.replace("\\", "/").rsplit("/", 1)[-1]
    return f"Generated from {name} by {command}; SHA-256 of the source: {digest}"
