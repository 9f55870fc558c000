"""Whether values have the form a JSON Schema states, for the words our schemas use.

An unknown word of a schema is a problem, too, so that none is skipped silently.
"""

from __future__ import annotations

import re

_REMARKS = frozenset({"$schema", "$defs", "title", "description"})
_TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "integer": int,
    "null": type(None),
}  # fmt: skip


def problems(value: object, schema: dict, root: dict, place: str = "$") -> list[str]:
    """Where `value` is not as `schema` says."""
    if "$ref" in schema:
        target = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return problems(value, target, root, place)
    wanted = schema.get("type")
    if wanted is not None and not _is(value, wanted):
        return [f"{place}: not {wanted}"]
    return [
        problem
        for word, argument in schema.items()
        if word not in _REMARKS and word != "type"
        for problem in _of_word(word, argument, value, schema, root, place)
    ]


def _is(value: object, wanted: str) -> bool:
    return isinstance(value, _TYPES[wanted]) and not (wanted == "integer" and value is True)


def _of_word(word: str, argument, value, schema: dict, root: dict, place: str) -> list[str]:
    if word == "required":
        return [f"{place}: {name} is missing" for name in argument if name not in value]
    if word == "additionalProperties":
        assert argument is False
        surplus = value.keys() - schema["properties"].keys()
        return [f"{place}: {name} is unknown" for name in sorted(surplus)]
    if word == "properties":
        found = []
        for name in value.keys() & argument.keys():
            found += problems(value[name], argument[name], root, f"{place}.{name}")
        return found
    if word == "items":
        found = []
        for number, item in enumerate(value):
            found += problems(item, argument, root, f"{place}[{number}]")
        return found
    if word == "minItems":
        return [] if len(value) >= argument else [f"{place}: fewer than {argument} items"]
    if word == "pattern":
        return [] if re.search(argument, value) else [f"{place}: not {argument}"]
    if word == "oneOf":
        fitting = [case for case in argument if not problems(value, case, root, place)]
        return [] if len(fitting) == 1 else [f"{place}: fits {len(fitting)} of oneOf"]
    return [f"the schema uses {word}, which this check does not know"]
