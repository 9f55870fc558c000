"""Whether a stream is shown colours: a terminal is, unless NO_COLOR or TERM say otherwise."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from abnf_compiler.diagnostics import Style


def style_of(stream: TextIO) -> Style:
    """Colours for a terminal, none for anything else (https://no-color.org: any value, not "")."""
    from abnf_compiler.diagnostics import COLOURED, PLAIN

    refused = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return COLOURED if stream.isatty() and not refused else PLAIN
