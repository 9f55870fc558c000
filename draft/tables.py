"""The tables of keys and limits as XML fragments: key entries, IANA registry, limits.

Rule: pure functions of `grammar/keys.toml` and `grammar/limits.toml`; what a table says stands
here once, and a field the table lacks is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fragment import element, escaped, has_requirement, header, inline, prose

KEYS_SOURCE: Final = "grammar/keys.toml"
LIMITS_SOURCE: Final = "grammar/limits.toml"

_COMMAND_WORDS: Final = {"DATA": "the message", "BDAT": "the last BDAT"}
_SENTENCES: Final = (
    ("meaning", "Meaning"),
    ("client", "Client"),
    ("server", "Server"),
    ("security", "Security"),
)
_LIMIT_COLUMNS: Final = ("Limit", "Counted for", "Reason")
_REGISTRY_COLUMNS: Final = ("Key", "Replies", "Repeatable", "Hop", "Reference")


def emit_draft_tables(keys: Mapping[str, Any], limits: Mapping[str, Any]) -> dict[str, str]:
    """The fragments, path below `draft/_generated` -> text.

    Args:
        keys: the tables of `grammar/keys.toml`.
        limits: the tables of `grammar/limits.toml`.
    """
    files = {f"key-{key.lower()}.xml": key_entry(key, entry) for key, entry in keys.items()}
    files["iana-keys.xml"] = registry_table(keys)
    files["limits.xml"] = limits_table(limits)
    return files


def key_entry(key: str, entry: Mapping[str, Any]) -> str:
    """One key as a list of its registered facts and what it asks of both sides.

    A sentence group that holds a word of BCP 14 is a requirement and gets an anchor,
    `req-<key>-<field>`.
    """
    items = [
        ("Example", inline("tt", escaped(entry["sample"])), ""),
        ("Hop", escaped(entry["hop"]), ""),
        ("Replies", escaped(replies(entry)), ""),
        ("Repeatable", "yes" if entry["repeatable"] else "no", ""),
        ("Arguments", _arguments(entry), ""),
    ]
    for field, title in _SENTENCES:
        text = entry[field]
        anchor = f"req-{key.lower()}-{field}" if has_requirement(text) else ""
        items.append((title, prose(text), anchor))
    content = "".join(_item(*item) for item in items)
    return header(KEYS_SOURCE) + element("dl", content, newline="false", spacing="compact")


def _item(title: str, content: str, anchor: str) -> str:
    attributes = {"anchor": anchor} if anchor else {}
    return inline("dt", f"{title}:") + "\n" + element("dd", content, **attributes)


def replies(entry: Mapping[str, Any]) -> str:
    """Where a key may stand, in words: `4yz except 421, and 5yz, to MAIL or RCPT`."""
    excepted = [str(code) for code in entry.get("not_codes", ())]
    classes = []
    for digit in entry["classes"]:
        without = [code for code in excepted if code[0] == digit]
        classes.append(f"{digit}yz" + (f" (not {', '.join(without)})" if without else ""))
    text = _enumerated(classes, "and")
    commands = entry.get("commands")
    if commands:
        text += " to " + _enumerated([_COMMAND_WORDS.get(name, name) for name in commands], "or")
    if entry.get("lmtp_only", False):
        text += ", in LMTP, for one recipient"
    return text


def _enumerated(words: Sequence[str], conjunction: str) -> str:
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def _arguments(entry: Mapping[str, Any]) -> str:
    """The rule for what follows the key, then the rules of the decoded values."""
    decoded = []
    if "value" in entry:
        decoded.append(_rule(entry["value"]))
    if "any_name" in entry:
        decoded.append(f"under any name {_rule(entry['any_name'])} or nothing")
    for name, rule in entry.get("names", {}).items():
        decoded.append(f"{_rule(name)} {_rule(rule)}")
    return f"{_rule(entry['arguments'])}; decoded: " + ", ".join(decoded)


def _rule(name: str) -> str:
    return inline("tt", escaped(name))


def registry_table(keys: Mapping[str, Any]) -> str:
    """The initial contents of the IANA registry."""
    rows = []
    for key, entry in keys.items():
        reference = f'<xref target="key-{key.lower()}"/>'
        repeatable = "yes" if entry["repeatable"] else "no"
        rows.append((key, replies(entry), repeatable, entry["hop"], reference))
    body = "".join(_row([escaped(cell) for cell in row[:-1]] + [row[-1]]) for row in rows)
    return header(KEYS_SOURCE) + _table(
        "iana-keys-table", "SMTP Reply Metadata Keys", _REGISTRY_COLUMNS, body
    )


def limits_table(limits: Mapping[str, Any]) -> str:
    """The limits, each row with an anchor `limit-<name>`."""
    body = ""
    for name, entry in limits.items():
        amount = f"{entry['value']} {entry['unit']}"
        cells = [escaped(amount), escaped(entry["scope"]), escaped(entry["reason"])]
        body += _row(cells, anchor=f"limit-{name.replace('_', '-')}")
    return header(LIMITS_SOURCE) + _table(
        "limits-table", "Limits of Metadata", _LIMIT_COLUMNS, body
    )


def _row(cells: Sequence[str], tag: str = "td", **attributes: str) -> str:
    content = "\n".join(inline(tag, cell) for cell in cells)
    return element("tr", content, **attributes)


def _table(anchor: str, title: str, columns: Sequence[str], body: str) -> str:
    head = element("thead", _row([escaped(column) for column in columns], "th"))
    content = inline("name", escaped(title)) + "\n" + head + element("tbody", body)
    return element("table", content, anchor=anchor)
