"""Generated from grammar/limits.toml by `make generate`; do not edit.

SHA-256 of the source: fb562ca297522af24fbde24953462ee75e9bb7d8440619331bcfe8fe2644fed2
"""

# SPDX-License-Identifier: BSD-3-Clause

from __future__ import annotations

from typing import Final

DRAFT_LIMITS: Final[dict[str, int]] = {
    "max_line_octets": 510,  # octets
    "max_reply_octets": 2048,  # octets
    "max_reply_lines": 20,  # lines
    "max_groups": 16,  # groups
    "max_arguments": 16,  # arguments
    "max_group_octets": 400,  # octets
    "max_value_octets": 255,  # octets
    "max_registered_key_octets": 32,  # octets
    "max_private_key_octets": 64,  # octets
}
