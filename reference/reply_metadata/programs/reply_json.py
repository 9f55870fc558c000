"""A reply as JSON values: what `replymeta parse --json` prints and the test vectors hold.

Rule 1: the shape is a contract: code, enhanced_code, lines, metadata, text, ignored, in this order;
`text_hex` and `value_hex` stand only where the text form loses something.
Rule 2: no lone surrogates: octets that are no UTF-8 show as `\\xHH`.
"""

from __future__ import annotations

import json
from typing import TypeAlias

from reply_metadata.errors import FAULT_TEXTS, ReplySyntaxError
from reply_metadata.groups import Argument, MetadataGroup
from reply_metadata.values import Reply

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"


def reply_as_json(reply: Reply) -> dict[str, JsonValue]:
    """All that was read, as values `json.dumps` takes."""
    made: dict[str, JsonValue] = {
        "code": reply.code,
        "enhanced_code": reply.enhanced_code,
        "lines": [_text(line.octets) for line in reply.lines],
        "metadata": [_group(group) for group in reply.metadata],
        "text": reply.text,
    }
    octets = reply.text_octets
    if not octets.isascii():
        made["text_hex"] = octets.hex()
    made["ignored"] = [
        {"reason": item.reason.value, "line": item.line, "offset": item.offset}
        for item in reply.ignored
    ]
    return made


def refusal_as_json(error: ReplySyntaxError) -> dict[str, JsonValue]:
    """A refusal: the fault, and where it shows (line from 1, octet of the line from 0)."""
    return {
        "error": {
            "reason": error.fault.value,
            "message": FAULT_TEXTS[error.fault],
            "line": error.line,
            "offset": error.offset,
        }
    }


def json_line(value: dict[str, JsonValue]) -> str:
    """One line of ASCII without control characters: safe for terminals and logs."""
    return json.dumps(value, ensure_ascii=True)


def _group(group: MetadataGroup) -> JsonValue:
    return {
        "key": group.key,
        "arguments": [_argument(argument) for argument in group.arguments],
        "status": group.status.value,
    }


def _argument(argument: Argument) -> JsonValue:
    octets = argument.octets
    made: dict[str, JsonValue] = {"name": argument.name, "value": _text(octets)}
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        made["value_hex"] = octets.hex()
    return made


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace")
