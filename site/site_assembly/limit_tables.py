"""The limits as tables; Draft: #limits.

Rule: every number and every reason is that of `grammar/limits.toml`.
"""

from __future__ import annotations

from site_assembly.tables import Limit


def limit_table(limits: tuple[Limit, ...]) -> str:
    """What is limited, and to how much."""
    rows = (f"| {item.scope} | {item.value:,} {item.unit} |" for item in limits)
    return "| limit of | at most |\n|---|---|\n" + "\n".join(rows)


def limit_reasons(limits: tuple[Limit, ...]) -> str:
    """The same with the names the code uses, and the reasons."""
    rows = (
        f"| `{item.name}` | {item.scope} | {item.value:,} {item.unit} | {item.reason} |"
        for item in limits
    )
    return "| name | limit of | at most | reason |\n|---|---|---|---|\n" + "\n".join(rows)
