"""Turns a place where reading stopped into a message for people.

Rule: the message names what stands there, the expected set is in words, and a mistake that writers
of other notations make (":=", "|", single quotes) gets a hint.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.read.split import BLANKS, Block
from abnf_compiler.source import Source, Span

_ELEMENT: Final = "an element (rule name, string, value, group or option)"
_WORDS: Final = {  # terminal of abnf.lark -> words, in the order they are listed
    "RULENAME": "a rule name",
    "DEFINED_AS": '"=" or "=/"',
    "SLASH": '"/"',
    "RPAR": 'a closing ")"',
    "RSQB": 'a closing "]"',
    "$END": "the end of the rule",
}
_CHARACTER_HINTS: Final = {
    "\N{LEFT DOUBLE QUOTATION MARK}": 'write a plain quotation mark: "',
    "\N{RIGHT DOUBLE QUOTATION MARK}": 'write a plain quotation mark: "',
    "\N{EN DASH}": 'write a plain hyphen: "-"',
    "\N{EM DASH}": 'write a plain hyphen: "-"',
    "\N{NO-BREAK SPACE}": "write a plain blank",
    "\f": "take the page break out; abnfc extract does for the text of an RFC",
}

# What stands at the place -> hint.  The first match counts.
_AT_START: Final = (
    (r"[0-9_-]", 'a rule name begins with a letter; then letters, digits and "-"'),
    (r"<", "a rule is defined without angle brackets around its name"),
    (r"[/|]", "indent the continuation lines of a rule more than its name"),
    (r"=", 'a rule name is missing before "="'),
    (r"", "a rule starts with its name; indent continuation lines more than that"),
)
_AT_DEFINED_AS: Final = (
    (r"::?=|:", 'ABNF defines a rule with "="'),
    (r"_", 'a rule name holds letters, digits and "-", no "_"'),
    (r"[-=]>|<-", 'ABNF defines a rule with "="'),
    (r"", 'a rule is "name = elements"; is "=" missing, or the line not indented?'),
)
_IN_ELEMENTS: Final = (
    (r"\|", 'ABNF separates alternatives by "/"'),
    (r"'[^'\r\n]*'", "strings stand in double quotes; write %s before one to mind its case"),
    (r"'|`", "strings stand in double quotes"),
    (r"\.\.", "a range is written with one hyphen: %x30-39"),
    (r"-", "a range is written %x30-39, of two values in one base; a series has dots only"),
    (r">", 'ABNF defines a rule with "="; a literal ">" is quoted'),
    (r"::?=|=", "a rule starts on a line of its own; a literal equals sign is quoted"),
    (r"_", 'a rule name holds letters, digits and "-", no "_"'),
    (r"%[xX]", "hexadecimal values are written %x41, %x30-39 or %x0D.0A"),
    (r"%[dD]", "decimal values are written %d65, %d48-57 or %d13.10"),
    (r"%[bB]", "binary values are written %b1000001"),
    (r"%[sSiI]", 'write %s"text" to mind the case, %i"text" not to'),
    (r"%", 'a value is written in base x, d or b (%x41); a literal "%" is quoted'),
    (r"\{", "a repetition is written *( elements ), an exact number 3( elements )"),
    (r"\?", "an option is written [ elements ]"),
    (r"\+", "one or more is written 1*element"),
    (r"#", "the list rule of RFC 9110, Section 5.6.1, is not ABNF; write the list out"),
    (r"[,.&~]", "elements that follow each other are separated by blanks"),
    (r"\\", 'ABNF strings have no escapes; write "\\" in quotes, or a value such as %x5C'),
    (r"[)\]]", "nothing is open here that it could close"),
)
_AFTER_REPEAT: Final = ((r"[)\]/]|$|\*", "a repetition stands before its element: *element"),)


def words(terminals: Collection[str]) -> tuple[str, ...]:
    """The expected set in words: all the starts of an element are one entry."""
    listed: list[str] = []
    if "CHAR_VAL" in terminals:
        listed.append(_ELEMENT)
    for terminal, word in _WORDS.items():
        if terminal in terminals and not (terminal == "RULENAME" and listed):
            listed.append(word)
    return tuple(listed)


def explain(source: Source, block: Block, offset: int, terminals: Collection[str]) -> Diagnostic:
    """The finding for a rule that cannot be read past `offset`, where `terminals` could stand."""
    line_end = source.text.find("\n", offset)
    line_end = len(source.text) if line_end < 0 else line_end
    line = source.text[offset : min(line_end, block.end)].rstrip(BLANKS)
    if not line:
        return _ended(source, block, offset, terminals)
    if ("CHAR_VAL" in terminals and line[0] in '"<') or re.match(r'%[sSiI]"', line):
        return _quoted(Span(source, offset, offset + len(line)))
    if not " " <= line[0] <= "~" and line[0] != "\t":
        return _bad_character(Span(source, offset, offset + 1))
    found = _found(line)
    hints = _hints_for(terminals)
    hint = next((hint for pattern, hint in hints if re.match(pattern, line)), "")
    closing = {"RPAR", "RSQB"} & set(terminals)
    if line[0] in ")]" and closing:
        hint = "groups and options close in the order they opened"
    return finding(
        "ABNF101",
        f'"{found}" cannot stand here',
        Span(source, offset, offset + len(found)),
        expected=words(terminals),
        hint=hint,
    )


def _hints_for(terminals: Collection[str]) -> tuple[tuple[str, str], ...]:
    if "DEFINED_AS" in terminals:
        return _AT_DEFINED_AS
    if "CHAR_VAL" not in terminals and "RULENAME" in terminals:
        return _AT_START
    if "REPEAT" not in terminals and "RULENAME" in terminals:
        return _AFTER_REPEAT + _IN_ELEMENTS
    return _IN_ELEMENTS


def _found(line: str) -> str:
    """What stands at the start of `line`, as one would name it: a word, a number, a sign."""
    match = re.match(r"[A-Za-z0-9_-]+|::?=|=/?|\.\.|%[A-Za-z]?|[ -~]", line)
    return match.group() if match else line[0]


def _ended(source: Source, block: Block, offset: int, terminals: Collection[str]) -> Diagnostic:
    """The rule is over too early: blame an open bracket where there is one."""
    if block.unclosed:
        place = block.unclosed[-1]
        opening = source.text[place]
        what, closing = ("group", ")") if opening == "(" else ("option", "]")
        return finding(
            "ABNF104",
            f"the {what} that opens here is not closed",
            Span(source, place, place + 1),
            expected=(f'a closing "{closing}"',),
        )
    hint = ""
    if "DEFINED_AS" in terminals:
        hint = 'a rule is "name = elements"'
    elif "CHAR_VAL" in terminals or "RULENAME" in terminals:
        before = source.text[block.start : offset]
        if before.endswith("*"):
            hint = "a repetition stands before its element: *element"
        elif before.endswith("/"):
            hint = 'an alternative is missing after "/"; nothing is written ""'
        else:
            hint = 'a rule that matches nothing but the empty string is written name = ""'
    return finding(
        "ABNF101",
        "the rule ends too early",
        Span(source, offset, offset),
        expected=words(terminals),
        hint=hint,
    )


def _quoted(span: Span) -> Diagnostic:
    """A string or prose value that has no end on its line, or a character it may not hold."""
    start = span.text.find('"') if span.text[0] != "<" else 0
    closing = '"' if span.text[start] == '"' else ">"
    end = span.text.find(closing, start + 1)
    inside = span.text[start + 1 : end if end >= 0 else len(span.text)]
    for place, char in enumerate(inside, span.start + start + 1):
        if not " " <= char <= "~" and end >= 0:
            return _bad_character(Span(span.source, place, place + 1))
    if closing == '"':
        return finding(
            "ABNF102",
            "the string that opens here is not closed",
            span,
            expected=("a closing quotation mark on the same line",),
            hint="a string cannot hold a quotation mark; write %x22 or DQUOTE for one",
        )
    return finding(
        "ABNF103",
        "the prose value that opens here is not closed",
        span,
        expected=('a closing ">" on the same line',),
        hint="prose in angle brackets stays on one line; a literal less-than sign is quoted",
    )


def _bad_character(span: Span) -> Diagnostic:
    char = span.text
    name = unicodedata.name(char, "a control character")
    hint = _CHARACTER_HINTS.get(char, "")
    if not hint and char > "~":
        octets = ".".join(f"{octet:02X}" for octet in char.encode("utf-8", "surrogatepass"))
        hint = f"ABNF is ASCII; write %x{ord(char):X}, or %x{octets} for its UTF-8 octets"
    elif not hint:
        hint = f"write %x{ord(char):02X}"
    return finding("ABNF110", f"U+{ord(char):04X} ({name}) cannot stand here", span, hint=hint)
