"""The edits of mutation testing: what is edited, what is left alone, and that each is a change."""

from __future__ import annotations

import ast
import importlib.util
import sys
import tomllib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def mutants_of():
    spec = importlib.util.spec_from_file_location("mutators", FOLDER / "mutators.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutators"] = module
    spec.loader.exec_module(module)
    yield lambda source, name="m": module.Mutants(name, source).found
    del sys.modules["mutators"]


@pytest.mark.parametrize(
    ("source", "edits"),
    [
        ("X = 1 < y", {"1 < y -> 1 <= y", "1 < y -> 1 >= y", "1 -> 2"}),
        ("X = a and b", {"a and b -> a or b", "a and b -> b", "a and b -> a"}),
        ("X = not a", {"not a -> a"}),
        ("X = a if b else c", {"a if b else c -> c if b else a"}),
        ("X = a + b", {"a + b -> a - b"}),
        ("X = True", {"True -> False"}),
        ("X = b'a'", {"b'a' -> b'XXa'"}),
        ("X = {1: a, 2: b}", {"1: a -> left out", "2: b -> left out", "1 -> 2", "2 -> 3"}),
        ("X = a.strip()", {"a.strip() -> a"}),
        ("X = f(a, b, c=d)", {"f(a, b, c=d) -> f(b, a, c=d)", "f(a, b, c=d) -> f(a, b)"}),
        ("def f():\n    g()", {"g() -> nothing"}),
        ("def f(self):\n    self.a = b", {"self.a = b -> nothing"}),
        ("def f():\n    raise E('a b')", {"raise E('a b') -> nothing"}),
        ("def f():\n    return g()", {"g() -> None"}),
        ("def f():\n    if a:\n        g()", {"a -> not a", "g() -> nothing"}),
        ("def f(a=1):\n    pass", {"1 -> 2"}),
        ("match a:\n    case b if c:\n        pass", {"c -> not c"}),
        ("class A:\n    x: int = 1", {"1 -> 2"}),
    ],
)
def test_an_edit_is_made(mutants_of, source, edits):
    assert edits <= {one.text for one in mutants_of(source)}


@pytest.mark.parametrize(
    "source",
    [
        '"""What it is."""',
        "__all__ = ['a', 'b']",
        "def f(x: 'int' = y) -> 'a':\n    '''What it gives.'''",
        "X = A | B",
        "X: TypeAlias = tuple[int, str]",
        "X = 'text for people'",
        "X = f'{a}'",
        "X = min(a, b)",
        "X = f(a, a)",
        "@overload\ndef f(a=1): ...",
        "class A(Protocol):\n    def f(self):\n        '''What.'''\n        ...",
    ],
)
def test_what_no_test_could_see_or_people_read_is_left_alone(mutants_of, source):
    assert mutants_of(source) == []


def test_an_edit_knows_its_line_and_its_outermost_function(mutants_of):
    source = (
        "class A:\n    def f(self):\n        def g():\n            return a < b\n        return g"
    )
    (edit,) = [one for one in mutants_of(source) if one.text == "a < b -> a <= b"]
    assert (edit.line, edit.function, edit.identity) == (4, "A.f", "m:A.f: a < b -> a <= b")


def test_two_edits_that_read_the_same_have_different_names(mutants_of):
    names = [one.identity for one in mutants_of("X = 1\nY = 1")]
    assert names == ["m:: 1 -> 2", "m:: 1 -> 2 #2"]


@pytest.mark.parametrize("module", ["session", "server_chunks"])
def test_every_edit_changes_the_code_and_can_be_compiled(mutants_of, project, module):
    source = (project / "reference" / "reply_metadata" / f"{module}.py").read_text("utf-8")
    unchanged = ast.dump(ast.parse(source))
    count = len(mutants_of(source))
    assert count > 20
    for number in range(count):
        edit = mutants_of(source)[number]
        edit.apply()
        assert ast.dump(edit.tree) != unchanged, edit.identity
        compile(edit.tree, module, "exec")


def test_every_edit_said_to_change_nothing_is_one_of_the_core_and_has_its_reason(
    mutants_of, project
):
    stated = tomllib.loads((FOLDER / "equivalent.toml").read_text("utf-8"))
    folder = project / "reference" / "reply_metadata"
    made = {
        one.identity
        for path in folder.glob("*.py")
        for one in mutants_of(path.read_text("utf-8"), path.stem)
    }
    assert stated.keys() <= made
    assert all(len(reason) > 20 for reason in stated.values())
