"""What reading a text gives: its rules and annotations, before any name is looked up."""

from __future__ import annotations

from dataclasses import dataclass, field

from abnf_compiler.diagnostics import Diagnostic
from abnf_compiler.read.annotations import Example, Import, ProseBinding
from abnf_compiler.source import Source
from abnf_compiler.tree import Annotations, Reference, RuleDefinition


@dataclass(frozen=True, slots=True)
class SyntaxTree:
    """A text as read.

    mentions: the rule names in annotations. captures: each `@capture` with its places.
    broken: names (lower case) of rules that could not be read. diagnostics: found while reading.
    """

    source: Source
    definitions: tuple[RuleDefinition, ...]
    annotations: Annotations = field(default_factory=Annotations)
    imports: tuple[Import, ...] = ()
    mentions: tuple[Reference, ...] = ()
    captures: tuple[tuple[Reference, tuple[Reference, ...]], ...] = ()
    examples: tuple[Example, ...] = ()
    prose: tuple[ProseBinding, ...] = ()
    broken: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = field(default=(), compare=False)
