"""The single edits that mutation testing makes to a module, each on the syntax tree.

Left alone: annotations, docstrings, `__all__`, `__slots__`, unions of types, and text for people: a
string with a blank in it, an f-string, and what stands in a `raise`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

OTHER_COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OTHER_ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
}
METHODS_LEFT_OUT = frozenset(
    {"lower", "upper", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "encode"}
    | {"decode", "replace", "sort", "values", "items", "popleft", "clear"}
)
NAMES_LEFT_ALONE = frozenset({"__all__", "__slots__"})


@dataclass
class Mutant:
    """One edit: where it is, what it does in words, and `apply`, which makes it in the tree."""

    module: str
    line: int
    function: str  # the outermost function, as `co_qualname` has it; "" outside of functions
    text: str
    apply: Callable[[], None]
    identity: str = ""
    tree: ast.Module | None = None


@dataclass(frozen=True)
class Place:
    """Where in a module the walk is."""

    classes: tuple[str, ...] = ()
    function: str = ""


class Mutants:
    """All single edits of one module."""

    def __init__(self, module: str, source: str) -> None:
        self.module = module
        self.tree = ast.parse(source)
        self.found: list[Mutant] = []
        self._body(self.tree, Place())
        seen: dict[str, int] = {}
        for one in self.found:
            name = f"{module}:{one.function}: {one.text}"
            seen[name] = seen.get(name, 0) + 1
            one.identity = name if seen[name] == 1 else f"{name} #{seen[name]}"

    def _add(self, node: ast.AST, place: Place, text: str, apply: Callable[[], None]) -> None:
        one = Mutant(self.module, node.lineno, place.function, text, apply, tree=self.tree)
        self.found.append(one)

    def _replace(self, owner: ast.AST, name: str, new: ast.AST, place: Place) -> None:
        """The edit that puts `new` in the place of an expression."""
        old = getattr(owner, name)
        ast.copy_location(new, old)
        ast.fix_missing_locations(new)
        text = f"{ast.unparse(old)} -> {ast.unparse(new)}"
        self._add(old, place, text, lambda: setattr(owner, name, new))

    # Statements

    def _body(self, owner: ast.AST, place: Place) -> None:
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(owner, name, None)
            if isinstance(statements, list):
                for number, statement in enumerate(statements):
                    self._deletion(statements, number, place)
                    self._statement(statement, place)

    def _deletion(self, statements: list[ast.stmt], number: int, place: Place) -> None:
        statement = statements[number]
        match statement:
            case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Delete():
                pass
            case ast.Raise() if statement.exc is not None:
                pass
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript() | ast.Tuple()]):
                pass
            case _:
                return
        gone = ast.copy_location(ast.Pass(), statement)
        text = f"{ast.unparse(statement)} -> nothing"

        def apply() -> None:
            statements[number] = gone

        self._add(statement, place, text, apply)

    def _statement(self, node: ast.stmt, place: Place) -> None:
        match node:
            case ast.FunctionDef():
                self._function(node, place)
            case ast.ClassDef():
                for decorator in node.decorator_list:
                    self._inside(decorator, place)
                self._body(node, Place((*place.classes, node.name), place.function))
            case ast.AnnAssign(value=value):
                if value is not None and "TypeAlias" not in ast.unparse(node.annotation):
                    self._expression(node, "value", place)
            case ast.Assign(targets=[ast.Name(id=name)]) if name in NAMES_LEFT_ALONE:
                pass
            case ast.Raise() | ast.Assert() | ast.Import() | ast.ImportFrom():
                pass
            case ast.If() | ast.While():
                self._condition(node, place)
                self._expression(node, "test", place)
                self._body(node, place)
            case ast.Return(value=value):
                if value is not None and not isinstance(value, ast.Constant):
                    self._replace(node, "value", ast.Constant(None), place)
                self._inside(node, place)
            case ast.Match():
                self._expression(node, "subject", place)
                for case in node.cases:
                    if case.guard is not None:
                        self._replace(case, "guard", negated(case.guard), place)
                        self._expression(case, "guard", place)
                    self._body(case, place)
            case ast.For() | ast.With() | ast.Try():
                for field in ("iter", "items"):
                    if hasattr(node, field):
                        self._any(node, field, place)
                self._body(node, place)
                for handler in getattr(node, "handlers", ()):
                    self._body(handler, place)
            case ast.Expr(value=ast.Constant()):
                pass
            case _:
                self._inside(node, place)

    def _function(self, node: ast.FunctionDef, place: Place) -> None:
        if any(ast.unparse(one) == "overload" for one in node.decorator_list):
            return
        self._any(node.args, "defaults", place)
        self._any(node.args, "kw_defaults", place)
        if isinstance(node.body[-1], ast.Expr) and ast.unparse(node.body[-1]) == "...":
            return
        inner = place
        if not place.function:
            inner = Place((), ".".join((*place.classes, node.name)))
        self._body(node, inner)

    def _condition(self, node: ast.If | ast.While, place: Place) -> None:
        if not isinstance(node.test, ast.Compare | ast.Constant | ast.NamedExpr):
            self._replace(node, "test", negated(node.test), place)

    # Expressions

    def _inside(self, node: ast.AST, place: Place) -> None:
        for name, _ in ast.iter_fields(node):
            self._any(node, name, place)

    def _any(self, owner: ast.AST, name: str, place: Place) -> None:
        value = getattr(owner, name)
        if isinstance(value, list):
            for number, item in enumerate(value):
                if isinstance(item, ast.AST):
                    self._expression(_Item(value, number), "value", place)
        elif isinstance(value, ast.AST):
            self._expression(owner, name, place)

    def _expression(self, owner: ast.AST, name: str, place: Place) -> None:
        node = getattr(owner, name)
        for new in variants(node):
            self._replace(owner, name, new, place)
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict) and not place.function:
            self._entries(node, place)
        match node:
            case ast.JoinedStr() | ast.BinOp(op=ast.BitOr()):
                return
            case ast.arg() | ast.expr_context() | ast.operator() | ast.cmpop() | ast.boolop():
                return
            case ast.comprehension():
                for number in range(len(node.ifs)):
                    item = _Item(node.ifs, number)
                    if not isinstance(item.value, ast.Compare):
                        self._replace(item, "value", negated(item.value), place)
        self._inside(node, place)

    def _entries(self, node: ast.expr, place: Place) -> None:
        """Each row of a table left out."""
        rows = node.values if isinstance(node, ast.Dict) else node.elts
        if len(rows) < 2:
            return
        for number, row in enumerate(rows):

            def apply(number: int = number) -> None:
                del rows[number]
                if isinstance(node, ast.Dict):
                    del node.keys[number]

            key = node.keys[number] if isinstance(node, ast.Dict) else None
            text = ast.unparse(key) + ": " if key is not None else ""
            self._add(row, place, f"{text}{ast.unparse(row)} -> left out", apply)


class _Item(ast.AST):
    """An entry of a list of nodes, to be read and replaced like a field."""

    def __init__(self, items: list[ast.AST], number: int) -> None:
        object.__setattr__(self, "items", items)
        object.__setattr__(self, "number", number)

    @property
    def value(self) -> ast.AST:
        return self.items[self.number]

    def __setattr__(self, name: str, new: object) -> None:
        self.items[self.number] = new


def negated(node: ast.expr) -> ast.expr:
    """The expression with `not` in front, or without it."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    return ast.UnaryOp(ast.Not(), node)


def variants(node: ast.AST) -> Iterator[ast.expr]:
    """What may stand in the place of an expression."""
    match node:
        case ast.Compare(ops=operators):
            for number, operator in enumerate(operators):
                for other in OTHER_COMPARISONS[type(operator)]:
                    changed = [*operators[:number], other(), *operators[number + 1 :]]
                    yield ast.Compare(node.left, changed, node.comparators)
        case ast.BoolOp(op=operator, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
            for number in range(len(values)):
                rest = [*values[:number], *values[number + 1 :]]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(operator, rest)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.BinOp(op=operator) if type(operator) in OTHER_ARITHMETIC:
            yield ast.BinOp(node.left, OTHER_ARITHMETIC[type(operator)](), node.right)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield ast.Constant(value + 1)
        case ast.Constant(value=bytes() as value):
            yield ast.Constant(b"XX" + value)
        case ast.Constant(value=str() as value) if " " not in value.strip() or value == " ":
            yield ast.Constant("XX" + value)
        case ast.Call(func=ast.Attribute(value=receiver, attr=name)) if name in METHODS_LEFT_OUT:
            if not (isinstance(receiver, ast.Call) and ast.unparse(receiver.func) == "super"):
                yield receiver
    if isinstance(node, ast.Call):
        arguments = node.args
        either_order = ast.unparse(node.func) in ("min", "max")
        for number in range(0 if either_order else len(arguments) - 1):
            swapped = [*arguments]
            swapped[number : number + 2] = reversed(swapped[number : number + 2])
            same = ast.dump(arguments[number]) == ast.dump(arguments[number + 1])
            if not same and not any(isinstance(one, ast.Starred) for one in swapped):
                yield ast.Call(node.func, swapped, node.keywords)
        for number, keyword in enumerate(node.keywords):
            if keyword.arg is not None:
                rest = [*node.keywords[:number], *node.keywords[number + 1 :]]
                yield ast.Call(node.func, arguments, rest)
