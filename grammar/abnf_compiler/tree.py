"""The syntax tree of ABNF: frozen values, one class for each form of RFC 5234, Section 4.

Rules: parentheses leave no node of their own (an `Alternation` inside a `Concatenation` came from
a group); an alternation or concatenation of one item is that item; equality ignores spans, so two
texts with the same tree compare equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from abnf_compiler.source import Span


@dataclass(frozen=True, slots=True)
class Alternation:
    """Two or more alternatives, in the order written (RFC 5234, Section 3.2)."""

    items: tuple[Node, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Two or more elements in a row (RFC 5234, Section 3.1)."""

    items: tuple[Node, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Repetition:
    """`<minimum>*<maximum>element`; `maximum` None is no bound (RFC 5234, Sections 3.6 and 3.7)."""

    minimum: int
    maximum: int | None
    item: Node
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Option:
    """`[ element ]` (RFC 5234, Section 3.8)."""

    item: Node
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """A rule name as written; names compare without regard to case (RFC 5234, Section 2.1)."""

    name: str
    span: Span = field(compare=False, repr=False)

    @property
    def key(self) -> str:
        """The name in lower case, as `Grammar` looks it up."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class CharVal:
    """A quoted string; insensitive to ASCII case unless written `%s` (RFC 7405)."""

    text: str
    case_sensitive: bool
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NumSeries:
    """`%x0D.0A`: one or more exact values (RFC 5234, Section 2.3); `base` is "b", "d" or "x"."""

    values: tuple[int, ...]
    base: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NumRange:
    """`%x30-39`: one value from `first` to `last`, both included (RFC 5234, Section 3.4)."""

    first: int
    last: int
    base: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ProseVal:
    """`<prose>`: a description no tool can match (RFC 5234, Section 2.4)."""

    text: str
    span: Span = field(compare=False, repr=False)


Node: TypeAlias = (
    Alternation
    | Concatenation
    | Repetition
    | Option
    | Reference
    | CharVal
    | NumSeries
    | NumRange
    | ProseVal
)


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """One `name = elements` or `name =/ elements` as it stands in a file.

    `comment` is the text of the comments inside and at the end of the rule, without ";".
    """

    name: str
    incremental: bool
    definition: Node
    name_span: Span = field(compare=False, repr=False)
    span: Span = field(compare=False, repr=False)
    comment: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule after resolution: its definitions merged into one.

    `origin` is "" for a rule of the file itself, "core" for RFC 5234, Appendix B.1, else the name
    of the document it was imported from, such as "rfc3986".
    """

    name: str
    definition: Node
    origin: str
    definitions: tuple[RuleDefinition, ...] = field(compare=False, repr=False)

    @property
    def key(self) -> str:
        """The name in lower case."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Capture:
    """One name of an `@capture` annotation; `repeated` when written `*name`."""

    rule: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class Annotations:
    """What the `; @word` comments of a file say; names in lower case, in the order written.

    starts: rules that are entry points. captures: rule -> the sub-rules its parser returns.
    preferred: rules read greedily where ambiguous (earlier alternative, longer repetition).
    examples: (rule, octets as text of U+0000-00FF) pairs the rule must accept.
    prose: (text, rule) pairs; the prose value `<text>` means the rule, whose case is as written.
    """

    starts: tuple[str, ...] = ()
    captures: tuple[tuple[str, tuple[Capture, ...]], ...] = ()
    preferred: tuple[str, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    prose: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ResolvedGrammar:
    """What every emitter reads: the rules by lower-case name, in file order, then imported, core.

    Every reference in `rules` resolves; no rule holds a `ProseVal` when the checks passed.
    """

    name: str
    text: str = field(repr=False)
    rules: dict[str, Rule]
    annotations: Annotations

    def own_rules(self) -> tuple[Rule, ...]:
        """The rules of the file itself, in file order."""
        return tuple(rule for rule in self.rules.values() if rule.origin == "")
