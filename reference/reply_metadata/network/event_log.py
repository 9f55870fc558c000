"""Structured logs: an event has a name and fields, and is one line whatever a peer sent.

Rule: no octet of a peer reaches a log but escaped; as text by `escaped`, in JSON by JSON's own
escapes, of which ASCII is left.  So no peer can write a line of its own, or move a cursor.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Final, TypeAlias

from reply_metadata.octets import escaped

Field: TypeAlias = str | int | None

_FIELDS: Final = "event_fields"


def log_event(
    logger: logging.Logger, event: str, *, level: int = logging.INFO, **fields: Field
) -> None:
    """Log that something happened; fields that are None are left out."""
    if logger.isEnabledFor(level):
        known = {name: value for name, value in fields.items() if value is not None}
        logger.log(level, event, extra={_FIELDS: known})


class TextFormatter(logging.Formatter):
    """`time logger: event name=value ...`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields: dict[str, Field] = getattr(record, _FIELDS, {})
        shown = "".join(f" {name}={_word(value)}" for name, value in fields.items())
        words = escaped(_message(record)).replace("\\\\", "\\")  # its parts may be escaped already
        return f"{_time(record)} {record.name}: {words}{shown}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, event, and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields: dict[str, Field] = getattr(record, _FIELDS, {})
        document = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _message(record),
            **fields,
        }
        return json.dumps(document).replace("\x7f", r"\u007f")


def set_up_logging(*, as_json: bool = False, level: int = logging.INFO) -> None:
    """Log to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _message(record: logging.LogRecord) -> str:
    message = record.getMessage()
    if record.exc_info:
        message += " " + logging.Formatter().formatException(record.exc_info)
    return message


def _word(value: Field) -> str:
    """A value that has blanks, or nothing in it, stands in quotation marks."""
    text = escaped(f"{value}")
    return f'"{text}"' if not text or " " in text or '"' in text else text
