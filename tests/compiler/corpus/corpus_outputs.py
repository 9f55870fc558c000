"""What is made of each rule of a grammar, and whether it is right: diagrams, patterns, modules.

Rules: a diagram shows every name of its rule, its text twin stays in 69 columns, and svgcheck has
nothing against the SVG for an RFC.  A pattern gives the verdicts of the minimal automaton, which
knows nothing of patterns, on words the automaton is walked for and on their neighbours.  What
cannot be written has its reason counted; anything else that goes wrong is an error.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from xml.etree import ElementTree

from lxml import etree

from abnf_compiler.automata.dfa import Dfa, minimal_dfa
from abnf_compiler.automata.expression import factored
from abnf_compiler.automata.normal_form import (
    AutomataError,
    NoAutomatonError,
    NotRegularError,
    TooLargeError,
    to_regex,
)
from abnf_compiler.emit.javascript import emit_javascript
from abnf_compiler.emit.javascript_pattern import javascript_pattern
from abnf_compiler.emit.python_module import emit_python
from abnf_compiler.emit.railroad_svg import railroad_svg
from abnf_compiler.emit.railroad_text import railroad_text
from abnf_compiler.emit.rule_links import used_by
from abnf_compiler.pattern import NotLinearError, rule_pattern
from abnf_compiler.resolve.walk import children
from abnf_compiler.tree import Node, Reference, Repetition, ResolvedGrammar, Rule

MAX_COLUMNS = 69
WORDS = 6
LONGEST = 120
SVG = "{http://www.w3.org/2000/svg}"
REASONS = {
    NoAutomatonError: "prose or a missing rule",
    NotRegularError: "recursion",
    TooLargeError: "too large",
    NotLinearError: "not provably linear",
}


class CorpusError(AssertionError):
    """An output that is wrong; the text says of which rule."""


@dataclass(slots=True)
class JavaScriptCase:
    """A pattern or module for Node, and words with the verdicts it must give."""

    rule: str
    source: str
    flags: str
    words: list[tuple[str, bool]]


@dataclass(slots=True)
class Outputs:
    """What was made of the rules of one grammar.

    counts: outputs by kind.  without: why a rule has no pattern, counted.
    cases: what Node has to run.
    """

    counts: Counter[str] = field(default_factory=Counter)
    without: Counter[str] = field(default_factory=Counter)
    cases: list[JavaScriptCase] = field(default_factory=list)
    modules: list[tuple[str, str, list[tuple[str, str, bool]]]] = field(default_factory=list)


def outputs_of(grammar: ResolvedGrammar, rules: list[Rule] | None = None) -> Outputs:
    """Everything that can be made of some rules (all of the file without them), checked.

    Raises:
        CorpusError: an output is wrong.
    """
    outputs = Outputs()
    for rule in grammar.own_rules() if rules is None else rules:
        check_diagrams(grammar, rule)
        outputs.counts.update(("page", "rfc", "text"))
        check_patterns(grammar, rule, outputs)
    if rules is None:
        check_modules(grammar, outputs)
    return outputs


def check_diagrams(grammar: ResolvedGrammar, rule: Rule) -> None:
    """The three diagrams of a rule."""
    names = {each.name for each in drawn(rule.definition) if isinstance(each, Reference)}
    page = ElementTree.fromstring(railroad_svg(grammar, rule.key, link=lambda key: f"#{key}"))
    shown = {text.text for text in page.iter(f"{SVG}text")}
    linked = {link.get("href") for link in page.iter(f"{SVG}a")}
    expect(rule, names <= shown, "a name is not in the diagram")
    expect(rule, linked == {f"#{name.lower()}" for name in names}, "a name is not linked")
    expect(rule, page.findtext(f"{SVG}title") == rule.name, "the diagram has no title")
    expect(rule, bool(page.findtext(f"{SVG}desc")), "the diagram has no description")
    fixed = {each.get(kind) for each in page.iter() for kind in ("fill", "stroke")}
    expect(rule, fixed <= {None, "none", "currentColor"}, "the diagram has a colour of its own")
    printed = railroad_svg(grammar, rule.key, link=lambda key: "", profile="rfc")
    complaints = svgcheck(printed)
    expect(rule, not complaints, f"svgcheck: {complaints}")
    for ascii_only in (False, True):
        text = railroad_text(grammar, rule.key, ascii_only=ascii_only)
        lines = text.splitlines()
        expect(rule, max(map(len, lines)) <= MAX_COLUMNS, "the text diagram is too wide")
        expect(rule, all(f" {name} " in text for name in names), "a name is not in the text")


def svgcheck(text: str) -> str:
    """What svgcheck has against an SVG; empty when it conforms to RFC 7996."""
    from svgcheck import checksvg, log

    log.write_err = io.StringIO()
    tree = etree.ElementTree(etree.fromstring(text.encode("utf-8"), base_url="diagram.svg"))
    good = checksvg.checkTree(tree)
    said = log.write_err.getvalue()
    return "" if good and not said else said or "it does not conform"


def check_patterns(grammar: ResolvedGrammar, rule: Rule, outputs: Outputs) -> None:
    """The regular expressions of a rule, each with the verdicts of the automaton."""
    try:
        regex = factored(to_regex(grammar, rule.key))
        dfa = minimal_dfa(regex, rule=rule.key)
        pattern = rule_pattern(grammar, rule.key)
        script = javascript_pattern(grammar, rule.key)
    except AutomataError as error:
        outputs.without[reason(error)] += 1
        return
    outputs.counts.update(("python", "javascript"))
    words = list(words_of(dfa, rule.key))
    compiled = re.compile(pattern.text)
    for word, verdict in words:
        right = (compiled.fullmatch(word) is not None) is verdict
        expect(rule, right, f"the pattern is wrong on {word!a}")
    outputs.cases.append(JavaScriptCase(rule.name, script.source, script.flags, words))


def reason(error: AutomataError) -> str:
    """Why a rule has no pattern, in words."""
    return REASONS[type(error)]


def words_of(dfa: Dfa, seed: str) -> Iterator[tuple[str, bool]]:
    """Words along ways through an automaton and their neighbours, with its verdicts; each once."""
    random = Random(seed)
    words = {"": None}
    for _ in range(WORDS):
        word = walked(dfa, random)
        if word is not None:
            place = random.randrange(len(word) + 1)
            words |= dict.fromkeys(
                (word, word[:-1], word + "\\0", word[:place] + word[place + 1 :])
            )
    for word in words:
        yield word, dfa.accepts(map(ord, word))


def walked(dfa: Dfa, random: Random) -> str | None:
    """A word the automaton accepts; None when a long way led to no end."""
    state, word = 0, ""
    while not dfa.is_empty and len(word) < LONGEST:
        if state in dfa.accepting and random.random() < 0.3:
            return word
        expected = dfa.expected(state)
        if not expected:
            return word
        code = random.choice(random.choice(expected.intervals))
        state, word = dfa.run((code,), state), word + chr(code)
    return None


def check_modules(grammar: ResolvedGrammar, outputs: Outputs) -> None:
    """The Python and the JavaScript module for the regular rules that no other rule uses."""
    users = used_by(grammar)
    words = {
        case.rule.lower(): case.words
        for case in outputs.cases
        if not set(users[case.rule.lower()]) - {case.rule.lower()} and not case.flags
    }
    outputs.counts["start rules"] = len(words)
    if not words:
        return
    starts = replace(grammar, annotations=replace(grammar.annotations, starts=tuple(words)))
    names: dict[str, Any] = {}
    exec(compile(emit_python(starts), grammar.name, "exec"), names)
    calls = []
    for rule, pairs in words.items():
        for word, verdict in pairs:
            right = names["match"](rule, word.encode("latin-1")) is verdict
            expect(grammar.rules[rule], right, f"the module is wrong on {word!a}")
            calls.append((rule, word, verdict))
    outputs.counts["modules"] = 1
    outputs.modules.append((grammar.name, emit_javascript(starts, patterns=False), calls))


def drawn(node: Node) -> Iterator[Node]:
    """A node and all below it, without what stands zero times and is not drawn."""
    if not (isinstance(node, Repetition) and node.maximum == 0):
        yield node
        for child in children(node):
            yield from drawn(child)


def expect(rule: Rule, holds: bool, complaint: str) -> None:
    """Say what is wrong with an output of a rule, and where the rule stands."""
    if not holds:
        place = rule.definitions[0].name_span if rule.definitions else None
        where = f"{place.source.name}:{place.position.line}" if place else "?"
        raise CorpusError(f"{where}: {rule.name}: {complaint}")
