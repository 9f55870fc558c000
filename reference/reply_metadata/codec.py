"""Octets to `Reply` and back; the two directions live in `codec_read` and `codec_write`."""

from __future__ import annotations

from reply_metadata.codec_read import parse_reply
from reply_metadata.codec_write import build_reply, text_from_others

__all__ = ["build_reply", "parse_reply", "text_from_others"]
