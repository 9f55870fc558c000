"""The reference of a Python package: every public name with its signature and docstring.

Rule: names are those of `__all__`, texts are the docstrings; nothing is retold.
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Final

LINE_LENGTH: Final = 80
_SOURCES: Final = re.compile(r"\b(Draft|ABNF):\s+(#?[A-Za-z][\w.-]*\w(?:, #?[A-Za-z][\w-]*)*)")
_SECTION: Final = re.compile(r"^(Args|Returns|Raises|Yields):$")
_HEADINGS: Final = {"Args": "Arguments", "Returns": "Gives", "Raises": "Raises", "Yields": "Yields"}


def _escaped(text: str) -> str:
    """Docstring text in which "<" opens no HTML; inside backquotes Markdown sees to that."""
    pieces = re.split(r"(`[^`\n]*`)", text)
    return "".join(p if p.startswith("`") else p.replace("<", "&lt;") for p in pieces)


def _docstring(value: object) -> str:
    """The docstring as Markdown: its argument lists as definition lists of one level."""
    lines = (inspect.getdoc(value) or "").splitlines()
    shown: list[str] = []
    in_list = False
    for line in lines:
        heading = _SECTION.match(line)
        if heading:
            shown += [f"**{_HEADINGS[heading.group(1)]}**", ""]
            in_list = True
        elif in_list and re.match(r"^    \S", line):
            name, colon, rest = line.strip().partition(": ")
            shown.append(f"- `{name}`: {rest}" if colon else f"- {line.strip()}")
        elif in_list and line.startswith("     "):
            shown[-1] += " " + line.strip()
        else:
            in_list = in_list and not line
            shown.append(line)
    return _escaped("\n".join(shown))


@dataclass(frozen=True, slots=True)
class PublicNames:
    """The names of a package, and where what its docstrings name is found."""

    values: Mapping[str, object]
    draft_link: Callable[[str], str]

    def default(self, value: object) -> str:
        """A default value as a caller would write it."""
        if isinstance(value, enum.Enum):
            return f"{type(value).__name__}.{value.name}"
        if isinstance(value, FunctionType):
            return f"{value.__module__.rpartition('.')[2]}.{value.__qualname__}"
        named = (name for name, known in self.values.items() if known is value)
        return next(named, repr(value))

    def linked(self, text: str) -> str:
        """Docstring text whose `Draft: #anchor` and `ABNF: rule` are links."""

        def links(found: re.Match[str]) -> str:
            kind, names = found.group(1), found.group(2).split(", ")
            if kind == "Draft":
                made = [f"[{name}]({self.draft_link(name.removeprefix('#'))})" for name in names]
            else:
                made = [f"[{name}](../grammar/{name.lower()}.md)" for name in names]
            return f"{kind}: {', '.join(made)}"

        return _SOURCES.sub(links, text)


def _signature(name: str, value: object, names: PublicNames, *, bound: bool = False) -> str:
    """The name with its signature, if it can be called; `bound` leaves the first argument out."""
    if not callable(value):
        return name
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    pieces: list[str] = []
    for parameter in list(signature.parameters.values())[int(bound) :]:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in pieces:
            pieces.append("*")
        text = str(parameter.replace(default=parameter.empty)).replace("'", "")
        if parameter.default is not parameter.empty:
            text += f" = {names.default(parameter.default)}"
        pieces.append(text)
    result = signature.return_annotation
    arrow = "" if isinstance(value, type) else f" -> {str(result).replace(chr(39), '')}"
    line = f"{name}({', '.join(pieces)}){arrow}"
    if len(line) <= LINE_LENGTH:
        return line
    return f"{name}(\n" + "".join(f"    {piece},\n" for piece in pieces) + f"){arrow}"


def _own(value: type, *kinds: type) -> Iterator[tuple[str, object]]:
    """The public members of some kinds that a class defines itself, by name."""
    for name, member in sorted(vars(value).items()):
        if not name.startswith("_") and isinstance(member, kinds):
            yield name, member


def _properties(value: type) -> str:
    """The properties of a class as a table."""
    rows = []
    for name, member in _own(value, property, cached_property):
        reader = member.fget if isinstance(member, property) else getattr(member, "func", None)
        kind = str(getattr(reader, "__annotations__", {}).get("return", "")).replace("'", "")
        first = (inspect.getdoc(member) or "").split("\n\n")[0].replace("\n", " ")
        cells = (f"`{name}`", f"`{kind}`" if kind else "", _escaped(first))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return f"| attribute | type | gives |\n|---|---|---|\n{''.join(rows)}" if rows else ""


def _methods(value: type, names: PublicNames) -> Iterator[str]:
    """The methods of a class, each with its heading."""
    for name, member in _own(value, FunctionType, classmethod):
        full = f"{value.__name__}.{name}"
        bound = isinstance(member, FunctionType)
        signature = _signature(full, getattr(value, name), names, bound=bound)
        yield f"### {full} {{ #{full} }}\n"
        yield f"```python\n{signature}\n```\n"
        yield names.linked(_docstring(member)) + "\n"


def _enumeration(value: type[enum.Enum]) -> str:
    """The members of an enumeration."""
    rows = "".join(f"| `{item.name}` | `{item.value}` |\n" for item in value)
    return f"| member | value |\n|---|---|\n{rows}"


def _entry(name: str, names: PublicNames) -> str:
    """One name with its heading."""
    value = names.values[name]
    parts = [f"## {name} {{ #{name} }}\n"]
    if isinstance(value, type) and issubclass(value, enum.Enum):
        parts += [names.linked(_docstring(value)) + "\n", _enumeration(value)]
    elif callable(value):
        parts.append(f"```python\n{_signature(name, value, names)}\n```\n")
        parts.append(names.linked(_docstring(value)) + "\n")
        if isinstance(value, type):
            parts += [names.linked(_properties(value)), *_methods(value, names)]
    else:
        parts.append(f"A constant of type `{type(value).__name__}`.\n")
    return "\n".join(parts)


def names_reference(package: ModuleType, draft_link: Callable[[str], str]) -> str:
    """Every public name of a package, in alphabetical order.

    Args:
        package: the package; it has `__all__`.
        draft_link: the address of an anchor of the draft, from the page this is for.
    """
    ordered = sorted(package.__all__, key=str.lower)
    names = PublicNames({name: getattr(package, name) for name in ordered}, draft_link)
    return "\n".join(_entry(name, names) for name in ordered)


def api_page(package: ModuleType, draft_link: Callable[[str], str]) -> str:
    """The page of a package's public names."""
    return f"""\
---
description: Every public name of the Python package {package.__name__}.
---
# Python API

Everything here is imported from `{package.__name__}`.

{names_reference(package, draft_link)}"""
