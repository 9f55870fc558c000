"""keys.toml and limits.toml as Python modules for the reference implementation.

Rule: pure functions, tables in, text out; the modules hold plain data and import nothing of the
package, so that values, codec and keys may all read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEY_FIELDS: dict[str, tuple[str, Any]] = {
    "hop": ("str", None),
    "classes": ("tuple[str, ...]", None),
    "not_codes": ("tuple[int, ...]", []),
    "commands": ("tuple[str, ...]", []),
    "lmtp_only": ("bool", False),
    "repeatable": ("bool", False),
    "arguments": ("str", None),
    "value": ("str | None", None),
    "any_name": ("str | None", None),
    "names": ("dict[str, str]", {}),
}
"""The fields of a key the code reads: type, and what stands for it when the table leaves it out."""

_KEY_ENTRY = '''
class KeyEntry(NamedTuple):
    """One row of the key table; Draft: #keys.

    Args:
        key: the key, upper case.
        hop: "any", or "trusted": it goes only between hosts that trust each other.
        classes: the first digits of the reply codes it may stand in.
        not_codes: reply codes of these classes it may not stand in.
        commands: verbs whose replies may carry it; empty for any.
        lmtp_only: only in the per-recipient replies of LMTP.
        repeatable: whether it may stand more than once in a reply.
        arguments: the rule for all that follows the key, as sent.
        value: the rule for each decoded value without a name, or None when there is none.
        any_name: the rule for each decoded value under any name, or None.
        names: the rule for the decoded value of each known name, in the order they are sent.
    """

    key: str
'''
_TRUSTED_HOP = '''
    @property
    def trusted_hop(self) -> bool:
        """Whether it may go only between hosts that trust each other."""
        return self.hop == "trusted"
'''


class TableError(ValueError):
    """A table lacks a field, has an unknown one, or names a rule the grammar does not have."""


def _header(source: str, sha256: str) -> str:
    return (
        f'"""Generated from grammar/{source} by `make generate`; do not edit.\n\n'
        f'SHA-256 of the source: {sha256}\n"""\n\n'
        "# SPDX-License-Identifier: BSD-3-Clause\n\n"
        "from __future__ import annotations\n\n"
    )


def _literal(value: object) -> str:
    """`value` as a Python literal with double quotes and immutable sequences."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        items = ", ".join(_literal(item) for item in value)
        return f"({items},)" if value else "()"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    return repr(value)


def check_keys(keys: Mapping[str, Mapping[str, Any]], rules: frozenset[str]) -> None:
    """Raise TableError when a key names an unknown rule or lacks a field that has no default."""
    for key, entry in keys.items():
        for needed in ("hop", "classes", "arguments", "meaning", "client", "server", "security"):
            if needed not in entry:
                raise TableError(f"grammar/keys.toml: [{key}] has no {needed!r}")
        named = [entry["arguments"], entry.get("value"), entry.get("any_name")]
        for rule in [*named, *entry.get("names", {}).values()]:
            if rule is not None and rule.lower() not in rules:
                raise TableError(f"grammar/keys.toml: [{key}] names the unknown rule {rule!r}")


def emit_key_table(keys: Mapping[str, Mapping[str, Any]], sha256: str) -> str:
    """The text of `_generated/key_table.py`: KEY_ENTRIES, the fields the code reads."""
    lines = [_header("keys.toml", sha256), "from typing import Final, NamedTuple\n\n", _KEY_ENTRY]
    lines += [f"    {field}: {kind}\n" for field, (kind, _) in KEY_FIELDS.items()]
    lines += [_TRUSTED_HOP, "\n\nKEY_ENTRIES: Final[dict[str, KeyEntry]] = {\n"]
    for key, entry in keys.items():
        lines.append(f"    {_literal(key)}: KeyEntry(\n        key={_literal(key)},\n")
        for field, (_, default) in KEY_FIELDS.items():
            lines.append(f"        {field}={_literal(entry.get(field, default))},\n")
        lines.append("    ),\n")
    lines.append('}\n"""Every key of the first edition by its name in upper case."""\n')
    return "".join(lines)


def emit_limit_table(limits: Mapping[str, Mapping[str, Any]], sha256: str) -> str:
    """The text of `_generated/limit_table.py`: DRAFT_LIMITS, name to value."""
    lines = [_header("limits.toml", sha256), "from typing import Final\n\n"]
    lines.append("DRAFT_LIMITS: Final[dict[str, int]] = {\n")
    for name, entry in limits.items():
        lines.append(f'    "{name}": {entry["value"]},  # {entry["unit"]}\n')
    lines.append("}\n")
    return "".join(lines)
