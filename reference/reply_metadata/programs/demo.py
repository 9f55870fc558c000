"""`replymeta demo`: a message is referred from host to host, and everybody can watch.

The scenario is in `demo_scenario`, the looks of a dialogue in `transcript_text`; here is what is
said about it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from reply_metadata.extension import KEYWORD
from reply_metadata.programs.demo_scenario import (
    CLIENT_HOP,
    MESSAGE,
    DemoResult,
    Line,
    run_demo,
)
from reply_metadata.programs.transcript_text import (
    PLAIN,
    Style,
    client_line,
    heading,
    note,
    server_lines,
    style_for,
)

__all__ = ["HELP", "NAME", "DemoResult", "Line", "configure", "run", "run_demo", "transcript"]

NAME: Final = "demo"
HELP: Final = "run the scenario of the list message over real sockets and show the dialogue"

_EXAMPLE: Final = """example:
  replymeta demo --directory build/demo
"""
_PICTURE: Final = """\
   client --LMTP--> proxy --LMTP--> backend1   keeps user1
                      |                 :
                      |                 : [REFERRAL] for user2 and user3
                      |                 v
                      +---LMTP----> backend2   has user2
                      +---LMTP----> backend3   has user3
"""
_NOTES: Final = {
    CLIENT_HOP: "The client gives one message for three recipients to the proxy. It sees three"
    " recipients accepted and three results, and nothing of the referrals.",
    "proxy-backend1": "The proxy asks backend1 for every recipient. backend1 keeps user1 and says"
    " where the others are. To a proxy that did not know the extension these were two ordinary"
    " 450 replies: it would queue, and lose nothing.",
    "proxy-backend2": "The proxy follows the first referral: same protocol, same sender, same"
    " content.",
    "proxy-backend3": "And the second.",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the subcommand."""
    parser.epilog = _EXAMPLE
    parser.add_argument(
        "--directory",
        type=Path,
        default=Path("build/demo"),
        help="where Maildirs and transcript.txt are put (default: build/demo)",
    )
    parser.add_argument("--json", action="store_true", help="the dialogue as one JSON document")
    parser.add_argument(
        "--stable",
        action="store_true",
        help="names in place of ports and files, so that every run shows the same",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run it; 0 only when every Maildir holds the message once and both referrals were seen."""
    directory: Path = arguments.directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
        result = run_demo(directory)
    except OSError as error:
        sys.stderr.write(f"replymeta demo: {error}\n")
        return 2
    shown = result.stable() if arguments.stable else result
    (directory / "transcript.txt").write_text(transcript(shown, PLAIN), "utf-8")
    if arguments.json:
        sys.stdout.write(json.dumps(as_json(shown), indent=1) + "\n")
    else:
        sys.stdout.write(transcript(shown, style_for(sys.stdout)))
    return 1 if result.problems else 0


def as_json(result: DemoResult) -> list[dict[str, str]]:
    """The dialogue as data: one object a line, its octets with the CRLF."""
    return [
        {"hop": line.hop, "side": line.side, "octets": f"{line.text}\r\n"} for line in result.lines
    ]


def transcript(result: DemoResult, style: Style) -> str:
    """The whole demonstration as text."""
    lines = [heading("One message, three recipients, three hosts", style), ""]
    lines += _PICTURE.replace("[REFERRAL]", style.paint("metadata", "[REFERRAL]")).splitlines()
    hops = [(hop, tuple(group)) for hop, group in groupby(result.lines, key=lambda one: one.hop)]
    for number, (hop, dialogue) in enumerate(hops, 1):
        client, _, server = hop.partition("-")
        lines += ["", heading(f"{number}  {client} {style.arrow} {server}", style)]
        lines += ["", *note(_NOTES.get(hop, ""), style), ""]
        lines += _dialogue(dialogue, style, fold_content=hop != CLIENT_HOP)
    lines += ["", heading("Where the message is", style), "", *_summary(result, style), ""]
    return "\n".join(lines) + "\n"


def _dialogue(dialogue: Sequence[Line], style: Style, *, fold_content: bool) -> list[str]:
    """The lines of one connection; its content only where it is seen for the first time."""
    shown: list[str] = []
    negotiated = in_content = False
    for line in dialogue:
        if line.side == "S":
            shown += server_lines(line.text, style, negotiated=negotiated)
            negotiated = negotiated or line.text[4:] == KEYWORD
            in_content = line.text.startswith("354")
        elif in_content and fold_content and line.text != ".":
            remark = note(f"(the same {len(MESSAGE)} octets)", style)
            shown += remark if shown[-1:] != remark else []
        else:
            shown.append(client_line(line.text, style))
    return shown


def _summary(result: DemoResult, style: Style) -> list[str]:
    """The table at the end, and the verdict."""
    lines = []
    for item in result.delivered:
        lines.append(f"   {item.recipient}  {style.arrow}  {style.paint('heading', item.host)}")
        lines += [f"      {file}" for file in item.files or ("(no copy)",)]
    lines.append("")
    if result.problems:
        lines += [f"   {style.paint('bad', 'FAILED')}  {problem}" for problem in result.problems]
    else:
        verdict = "each Maildir holds the message exactly once"
        lines.append(f"   {style.paint('good', 'OK')}  {verdict}")
    return lines
