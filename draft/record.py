"""Run the examples of the draft with the reference code and write them as XML fragments.

The diagram of the states of a session is drawn here, too, from the table that the sessions run.

    python draft/record.py DIRECTORY

Rule: an example is described in `draft/examples/*.toml` and never typed as octets that are shown,
but for replies under test in `[[reading]]`, whose verdicts come from the run.  An example that does
not run, or does not come out as its description says, fails and nothing is written.
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from dialogue import DialogueError, play
from fragment import MAX_DRAWN_COLUMNS, element, escaped, header, inline, prose
from reply_metadata.codec import parse_reply
from reply_metadata.errors import ReplyMetadataError
from reply_metadata.groups import MetadataGroup
from reply_metadata.octets import escaped as escaped_octets
from reply_metadata.programs.demo import run_demo
from reply_metadata.transitions import State, transitions_as_rows
from reply_metadata.values import Reply
from state_diagram import svg_diagram, text_diagram, ways

STATES_SOURCE: Final = "reference/reply_metadata/transitions.py"
EXAMPLES: Final = Path(__file__).resolve().parent / "examples"


class ExampleError(Exception):
    """An example does not run or does not come out as described; the text names its file."""


def emit_examples(descriptions: Mapping[str, str]) -> dict[str, str]:
    """The fragments, path below `draft/_generated` -> text.

    Args:
        descriptions: file name of each description, such as `referral.toml` -> its text.

    Raises:
        ExampleError: one of them does not run.
    """
    return {
        f"example-{name.removesuffix('.toml')}.xml": emit_example(name, text)
        for name, text in sorted(descriptions.items())
    }


def emit_example(name: str, text: str) -> str:
    """One example: a section, or, when it has no title, the drawn dialogue alone."""
    try:
        example = tomllib.loads(text)
        parts = [_dialogue(session) for session in example.get("session", ())]
        parts += _demo_hops(example.get("hop", ()))
        parts += [_reading(reading) for reading in example.get("reading", ())]
    except (DialogueError, ReplyMetadataError, LookupError, ValueError, OSError) as error:
        raise ExampleError(f"draft/examples/{name}: {error!r}") from error
    if "title" not in example:
        return header(f"draft/examples/{name}") + "".join(parts)
    anchor = f"example-{name.removesuffix('.toml')}"
    content = inline("name", escaped(example["title"])) + "\n" + _paragraphs(example, "before")
    content += "".join(parts) + _paragraphs(example, "after")
    return header(f"draft/examples/{name}") + element("section", content, anchor=anchor)


def _paragraphs(table: Mapping[str, Any], field: str) -> str:
    """The prose of a field, paragraphs divided by blank lines."""
    text = table.get(field, "").strip()
    blocks = [" ".join(block.split()) for block in text.split("\n\n")] if text else []
    return "".join(element("t", prose(block)) for block in blocks)


def _dialogue(session: Mapping[str, Any]) -> str:
    recorder = play(session)
    content = _paragraphs(session, "before")
    for before, lines in recorder.parts:
        content += _paragraphs({"before": before}, "before") + (drawn(lines) if lines else "")
    if session.get("decoded", False):
        content += element("t", "The client has read:") + drawn(_decoded(recorder.replies))
    return content + _paragraphs(session, "after")


def _decoded(replies: Sequence[Reply]) -> list[str]:
    """Key and decoded arguments of every group the client used."""
    return [
        f"{group.key}: " + ", ".join(_argument_texts(group))
        for reply in replies
        for group in reply.metadata.used
    ]


def _argument_texts(group: MetadataGroup) -> list[str]:
    shown = []
    for argument in group.arguments:
        value = f'"{_printable(argument.value)}"'
        shown.append(value if argument.name is None else f"{argument.name} = {value}")
    return shown


def _printable(value: str) -> str:
    """A decoded value in ASCII: other characters as U+XXXX in angle brackets."""
    return "".join(c if " " <= c <= "~" else f"<U+{ord(c):04X}>" for c in value)


def _demo_hops(hops: Sequence[Mapping[str, Any]]) -> list[str]:
    """Connections of the demonstration, which runs over real sockets."""
    if not hops:
        return []
    with tempfile.TemporaryDirectory() as folder:
        result = run_demo(Path(folder))
    if result.problems:
        raise DialogueError(f"the demonstration failed: {', '.join(result.problems)}")
    lines = result.stable().lines
    parts = []
    for hop in hops:
        own = [line for line in lines if line.hop == hop["name"]]
        shown = [f"{line.side}: {line.text}".rstrip(" ") for line in own]
        start = 0 if hop.get("opening", True) else _index(shown, "C: MAIL FROM:")
        if not hop.get("content", True):
            first, last = _index(shown, "S: 354") + 1, shown.index("C: .")
            shown[first:last] = [f"   (the message, {last - first} lines)"]
        parts.append(_paragraphs(hop, "before") + drawn(shown[start:]))
    return parts


def _index(lines: Sequence[str], beginning: str) -> int:
    """The number of the first line with this beginning."""
    for number, line in enumerate(lines):
        if line.startswith(beginning):
            return number
    raise DialogueError(f"no line begins with {beginning!r}")


def _reading(reading: Mapping[str, Any]) -> str:
    """A reply and what the reader makes of each of its groups."""
    octets = "".join(f"{line}\r\n" for line in reading["lines"]).encode("latin-1")
    recipient = reading.get("recipient")
    reply = parse_reply(
        octets,
        negotiated=reading.get("negotiated", True),
        command=reading.get("command"),
        recipient=recipient.encode("ascii") if recipient else None,
        lmtp=reading.get("lmtp", False),
    )
    verdicts = [f"{group.key}: {_words(group.status.value)}" for group in reply.metadata]
    if verdicts != reading["verdicts"]:
        raise DialogueError(f"{reading['lines']}: expected {reading['verdicts']}, got {verdicts}")
    shown = [f"S: {line}" for line in reading["lines"]]
    shown += [f"   -> {verdict}" for verdict in verdicts or ["no metadata"]]
    return _paragraphs(reading, "before") + drawn(shown)


def _words(status: str) -> str:
    return status.replace("-", " ")


def drawn(lines: Sequence[str]) -> str:
    """Lines as artwork.

    Raises:
        DialogueError: a line is wider than the text format allows, or not printable ASCII.
    """
    for line in lines:
        if len(line) > MAX_DRAWN_COLUMNS:
            raise DialogueError(f"{len(line)} columns, {MAX_DRAWN_COLUMNS} fit: {line}")
        if not (line.isascii() and line.isprintable()):
            raise DialogueError(f"not printable ASCII: {escaped_octets(line.encode('utf-8'))}")
    return element("artwork", escaped("\n".join(lines)), type="dialogue")


def emit_states() -> dict[str, str]:
    """The states of a session: the diagram, and a list of what its columns mean."""
    rows, names = transitions_as_rows(), [state.value for state in State]
    drawing = inline("artwork", escaped(text_diagram(rows, names)), type="ascii-art")
    artset = element("artset", element("artwork", svg_diagram(rows, names), type="svg") + drawing)
    columns = "".join(
        inline("dt", f"{way.letter}:") + "\n" + inline("dd", escaped("; ".join(way.events))) + "\n"
        for way in ways(rows, names)
    )
    name = inline("name", "The States of a Session")
    return {
        "states-figure.xml": header(STATES_SOURCE)
        + element("figure", f"{name}\n{artset}", anchor="states-figure"),
        "states-columns.xml": header(STATES_SOURCE)
        + element("dl", columns, newline="false", spacing="compact", indent="5"),
    }


def read_descriptions(folder: Path = EXAMPLES) -> dict[str, str]:
    """The descriptions below a folder."""
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.toml"))}


def main(arguments: Sequence[str]) -> int:
    """Write all examples into the folder named; the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: record.py DIRECTORY\n")
        return 2
    try:
        fragments = emit_examples(read_descriptions()) | emit_states()
    except ExampleError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in fragments.items():
        (folder / name).write_bytes(text.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
