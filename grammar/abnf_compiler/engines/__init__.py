"""Ways to decide whether a string matches a rule; all answer with a `Match`."""

from abnf_compiler.engines.refusal import Match

__all__ = ["Match"]
