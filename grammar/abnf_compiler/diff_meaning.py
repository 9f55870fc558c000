"""What the definitions alone show: which rules two grammars have alike, and which only grew.

Rules: rules are taken from those that need no other upwards, a recursive group at a time, so that
what a rule needs is known before it.  A group is alike when all its definitions are, with the names
within it standing for themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from abnf_compiler.automata.graph import components
from abnf_compiler.diff_forms import FormId, Forms
from abnf_compiler.diff_inclusion import Inclusions
from abnf_compiler.resolve.walk import references
from abnf_compiler.tree import ProseVal, Reference, Rule

OLD = 0
NEW = 1


class Meanings:
    """The forms of all rules of two grammars (lower-case names), made group by group."""

    def __init__(self, old: Mapping[str, Rule], new: Mapping[str, Rule]) -> None:
        self._rules = (old, new)
        self._forms = Forms()
        self._inclusions = Inclusions(self._forms)
        self._of: tuple[dict[str, FormId], dict[str, FormId]] = ({}, {})
        self.graph: dict[str, list[str]] = {
            key: list(
                dict.fromkeys(
                    each.key
                    for rules in self._rules
                    if key in rules
                    for each in references(rules[key].definition)
                )
            )
            for key in dict.fromkeys((*old, *new))
        }

    def groups(self) -> Iterator[tuple[str, ...]]:
        """Make the forms of every group, and give its rules once they are made."""
        members: dict[int, list[str]] = {}
        for key, number in components(self.graph).items():
            members.setdefault(number, []).append(key)
        for number in sorted(members):
            group = tuple(members[number])
            if len(group) == 1 and group[0] not in self.graph[group[0]]:
                self._single(group[0])
            else:
                self._recursive(group)
            yield group

    def forms(self, key: str) -> tuple[FormId, FormId]:
        """The forms of a rule of both grammars; rules with the same forms compare the same."""
        return self._of[OLD][key], self._of[NEW][key]

    def alike(self, key: str) -> bool:
        """Whether a rule of both grammars is seen, or was noted, to be the same language."""
        return self._of[OLD][key] == self._of[NEW][key]

    def only_grew(self, key: str) -> bool:
        """Whether all that the old rule accepts is seen to be accepted by the new one."""
        return self._inclusions.within(self._of[OLD][key], self._of[NEW][key])

    def only_shrank(self, key: str) -> bool:
        """Whether all that the new rule accepts is seen to be accepted by the old one."""
        return self._inclusions.within(self._of[NEW][key], self._of[OLD][key])

    def note(self, key: str, *, only_grew: bool, only_shrank: bool) -> None:
        """Keep what was proved of a rule by other means."""
        old, new = self._of[OLD][key], self._of[NEW][key]
        if only_grew and only_shrank:
            self._of[NEW][key] = old
        elif only_grew:
            self._inclusions.prove(old, new)
        elif only_shrank:
            self._inclusions.prove(new, old)

    def _single(self, key: str) -> None:
        for side in (OLD, NEW):
            if key in self._rules[side]:
                self._of[side][key] = self._form(side, key, {})

    def _form(self, side: int, key: str, own: Mapping[str, FormId]) -> FormId:
        """The form of a definition; `own` are the forms of names in its group."""

        def lookup(name: Reference | ProseVal) -> FormId:
            if isinstance(name, ProseVal):
                return self._forms.named(name.text, "prose")
            return own[name.key] if name.key in own else self._of[side][name.key]

        return self._forms.of(self._rules[side][key].definition, lookup)

    def _recursive(self, group: tuple[str, ...]) -> None:
        shared = {key: self._forms.named(key, "group") for key in group}
        bodies = [
            {key: self._form(side, key, shared) for key in group if key in self._rules[side]}
            for side in (OLD, NEW)
        ]
        if bodies[OLD] == bodies[NEW]:
            scope = tuple(sorted(bodies[OLD].items()))
            for key in group:
                self._of[OLD][key] = self._of[NEW][key] = self._forms.named(key, scope)
            return
        for side in (OLD, NEW):
            own = {key: self._forms.named(key, side) for key in bodies[side]}
            self._of[side].update(own)
            bodies[side] = {key: self._form(side, key, own) for key in own}
        both = [key for key in group if key in bodies[OLD] and key in bodies[NEW]]
        for small, large in ((OLD, NEW), (NEW, OLD)):
            self._inclusions.prove_together(
                {
                    (self._of[small][key], self._of[large][key]): (
                        bodies[small][key],
                        bodies[large][key],
                    )
                    for key in both
                }
            )
