"""Exit 1 when a docstring or comment names a draft anchor or a grammar rule that does not exist.

Sources name their specification as `Draft: #anchor` and `ABNF: rule-name` (comma-separated where
there are several).  Typed references rot; this check reads the draft and the grammar they point to.
"""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOTS = ("grammar", "reference")
DRAFT = "draft/draft-replymeta-smtp-reply-metadata-00.xml"
GRAMMARS = (
    "grammar/reply-metadata.abnf",
    *sorted(map(str, Path("grammar").glob("borrowed/*.abnf"))),
)
DRAFT_REFERENCE = re.compile(r"Draft:\s+(#[\w.-]+(?:,\s+#[\w.-]+)*)")
ABNF_REFERENCE = re.compile(r"(?m)(?:^\s*|[.;]\s+)ABNF:\s+([A-Za-z][\w-]*(?:,\s+[A-Za-z][\w-]*)*)")


def draft_anchors() -> set[str]:
    """Every anchor of the draft, those of its generated parts included."""
    files = [Path(DRAFT), *Path("draft/_generated").glob("*.xml")]
    return {
        element.attrib["anchor"]
        for path in files
        for element in ElementTree.parse(path).iter()
        if "anchor" in element.attrib
    }


def grammar_rules() -> set[str]:
    """Every rule name of the grammar files, in lower case."""
    return {
        match.group(1).lower()
        for name in GRAMMARS
        for match in re.finditer(r"(?m)^([A-Za-z][\w-]*)\s*=", Path(name).read_text("utf-8"))
    }


def problems(path: Path, anchors: set[str], rules: set[str]) -> list[str]:
    """One line for each name in `path` that points to nothing."""
    text = path.read_text("utf-8")
    found = []
    for pattern, known, kind in (
        (DRAFT_REFERENCE, anchors, "the draft has no anchor"),
        (ABNF_REFERENCE, rules, "the grammar has no rule"),
    ):
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            for name in re.split(r",\s+", match.group(1)):
                bare = name.lstrip("#").rstrip(".")
                if (bare if kind.startswith("the draft") else bare.lower()) not in known:
                    found.append(f"{path}:{line}:1: {kind} {bare!r}")
    return found


def main() -> int:
    """Print the references that point to nothing; 1 when there are any."""
    anchors, rules = draft_anchors(), grammar_rules()
    files = [
        path
        for root in ROOTS
        for path in sorted(Path(root).rglob("*.py"))
        if "_generated" not in path.parts
    ]
    found = [line for path in files for line in problems(path, anchors, rules)]
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.stdout.write(f"docstring anchors: {len(files)} files read, {len(found)} problems\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
