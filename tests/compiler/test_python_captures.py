"""Capture functions return the preferred reading of the grammar, proved, or are refused."""

import random
from itertools import islice

import pytest

from abnf_compiler.automata.expression import Alt, Captured, Chars, Repeat, Seq
from abnf_compiler.automata.normal_form import AutomataError, CaptureError, to_regex
from abnf_compiler.emit.python_captures import ItemPlan, LevelPlan, capture_plan
from abnf_compiler.emit.python_module import emit_python
from abnf_compiler.grammar import Grammar, load_resolved
from abnf_compiler.pattern import AmbiguousCaptureError
from abnf_compiler.sentences.derive import derive


def grammar_of(text):
    return Grammar.from_text(text).resolved


def module_of(grammar):
    names = {"__name__": "emitted"}
    exec(compile(emit_python(grammar), "emitted", "exec"), names)
    return names


# The reading of a rule by its definition: alternatives in order, longer repetitions first.


def readings(regex, text, at):
    """Every way to read `text` from `at`, preferred first: (end, captured parts) pairs."""
    match regex:
        case Chars(charset):
            if at < len(text) and text[at] in charset:
                yield at + 1, ()
        case Captured(name, _, item):
            for end, parts in readings(item, text, at):
                yield end, ((name, text[at:end], parts),)
        case Seq(items):
            yield from row(items, text, at)
        case Alt(items):
            for item in items:
                yield from readings(item, text, at)
        case Repeat(item, minimum, maximum):
            if maximum != 0:
                less = Repeat(item, max(minimum - 1, 0), None if maximum is None else maximum - 1)
                for end, parts in readings(item, text, at):
                    for last, more in readings(less, text, end):
                        yield last, parts + more
            if minimum == 0:
                yield at, ()
        case _:
            yield at, ()


def row(items, text, at):
    if not items:
        yield at, ()
        return
    for end, parts in readings(items[0], text, at):
        for last, more in row(items[1:], text, end):
            yield last, parts + more


def reading(grammar, rule, text):
    """What the capture function of `rule` has to return."""
    regex = to_regex(grammar, rule, captures=True)
    found = next((parts for end, parts in readings(regex, text, 0) if end == len(text)), None)
    return None if found is None else returned(grammar, rule, found)


def returned(grammar, rule, parts):
    captures = dict(grammar.annotations.captures)
    fields = []
    for capture in captures[rule]:
        own = [(text, inner) for name, text, inner in parts if name == capture.rule]
        if capture.repeated and capture.rule in captures:
            fields.append([returned(grammar, capture.rule, inner) for _, inner in own])
        elif capture.repeated:
            fields.append([text for text, _ in own])
        else:
            fields.append(own[0][0] if own else None)
    return tuple(fields)


def changed(chance, line):
    """A line with up to three small changes."""
    octets = list(line)
    for _ in range(chance.randint(0, 3)):
        place = chance.randint(0, len(octets))
        match chance.randrange(3):
            case 0:
                octets[place:place] = chance.choice([b" ", b"[", b"] ", b"=", b"[A] ", b"<", b"."])
            case 1:
                del octets[place : place + chance.randint(1, 4)]
            case _:
                octets[place : place + 1] = [chance.randrange(256)]
    return bytes(octets)


def test_received_line_is_the_preferred_reading_of_the_grammar(project) -> None:
    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    chance = random.Random(3)
    lines = list(islice(derive(grammar, "received-line", seed=5), 400))
    lines += [
        b"450 4.4.4 [REFERRAL smtp://backend2/ a=b] Redirected",
        b"250 2.1.5 [A] [B c=d e=] [F",
        b'550 5.7.1 <"a b"@c> [A] [B c] x [D] y',
    ]
    read = module_of(grammar)["received_line"]
    (items,) = capture_plan(grammar, "received-line").cut.items
    assert isinstance(items, ItemPlan)
    assert "{" not in items.text  # parts are plain runs of characters, no longer the grammar's
    seen = 0
    for line in lines:
        if len(line) > 70:
            continue
        for _ in range(4):
            tried = changed(chance, line)[:70]
            assert read(tried) == reading(grammar, "received-line", tried), tried
            seen += 1
    assert seen > 500


LISTS = [
    # A list of items with captures of their own, told apart token by token.
    (
        "; @start line\n; @capture line: *item\n; @capture item: name value\n"
        'line = item *( ";" item )\nitem = name [ "=" value ]\n'
        "name = 1*ALPHA\nvalue = 1*DIGIT\n",
        [b"a", b"a=1;b", b"a=12;bc=3;d", b"a;", b""],
        ItemPlan,
    ),
    # A part made of characters that also end it, so a run of them would be wrong.
    (
        "; @start line\n; @capture line: *item\n; @capture item: name\n"
        'line = *item\nitem = "<" name ">"\nname = 1*( "a" / "<b>" )\n',
        [b"", b"<a>", b"<a><a<b>>", b"<a<b>a><<b><b>><a>"],
        ItemPlan,
    ),
    # A list of octets, and a part beside it.
    (
        "; @start line\n; @capture line: name *digits\n"
        'line = name *( SP digits )\nname = 1*ALPHA\ndigits = 1*DIGIT\n',
        [b"a", b"a 1", b"ab 1 23 4", b"a  1"],
        ItemPlan,
    ),
    # A list inside a list inside a list.
    (
        "; @start line\n; @capture line: *page\n; @capture page: title *row\n"
        "; @capture row: *cell\n"
        'line = *page\npage = "#" title *row\ntitle = 1*ALPHA\n'
        'row = "/" cell *( "," cell )\ncell = 1*DIGIT\n',
        [b"", b"#a", b"#a/1,2/3#b", b"#a/1#b/2,3", b"#"],
        None,
    ),
    # A part after the list: not told apart by tokens, so level by level.
    (
        "; @start line\n; @capture line: *group\n; @capture group: name *digits last\n"
        'line = *group\ngroup = "<" name *( SP digits ) "|" last ">"\n'
        "name = 1*ALPHA\ndigits = 1*DIGIT\nlast = *ALPHA\n",
        [b"", b"<a|>", b"<a 1 2|z><b|>", b"<a 1|z><b 2|y>", b"<a>"],
        LevelPlan,
    ),
    # Two lists that share a stretch.
    (
        "; @start line\n; @capture line: *name *digits\n"
        'line = *( name / digits )\nname = "#" 1*ALPHA\ndigits = "." 1*DIGIT\n',
        [b"", b"#a.12#b", b".1#a.2.3", b"#1"],
        None,
    ),
    # Parts in alternatives, optional and possibly empty.
    (
        '; @start line\n; @capture line: left right\n'
        'line = "l" left / "r" right / "b" left "," right\nleft = *ALPHA\nright = *DIGIT\n',
        [b"l", b"lab", b"r", b"r1", b"b,", b"bx,1", b"c"],
        None,
    ),
    # Names the module needs for itself, and one part only.
    (
        "; @start line\n; @capture line: *re\n; @capture re: match\n"
        'line = *re\nre = [ match ] ";"\nmatch = 1*ALPHA\n',
        [b";", b"ab;;c;", b""],
        LevelPlan,
    ),
    # A preference decides: the earlier alternative, though the other is longer.
    (
        "; @start line\n; @prefer line\n; @capture line: word rest\n"
        'line = word rest\nword = %s"a" / %s"ab" / %s"b"\nrest = *ALPHA\n',
        [b"a", b"ab", b"abc", b"b", b"c"],
        None,
    ),
    # A preference decides: as many items as there are, then the rest.
    (
        "; @start line\n; @prefer line\n; @capture line: *item rest\n; @capture item: name\n"
        'line = *( item SP ) ( item / rest )\nitem = "[" name "]"\nname = 1*ALPHA\n'
        "rest = *( SP / VCHAR )\n",
        [b"", b"[a]", b"[a] [b] x", b"[a]x", b"[a] [b", b"[a] "],
        ItemPlan,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "lines", "plan"), LISTS)
def test_captures_of_other_grammars_are_their_preferred_reading(text, lines, plan) -> None:
    grammar = grammar_of(text)
    function = module_of(grammar)["line"]
    chance = random.Random(1)
    for line in lines:
        for tried in [line, *(changed(chance, line) for _ in range(60))]:
            assert function(tried) == reading(grammar, "line", tried), tried
    assert any(function(line) for line in lines)
    if plan is not None:
        assert [type(items) for items in capture_plan(grammar, "line").cut.items] == [plan]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "; @start line\n; @capture line: name\nline = *name\nname = ALPHA\n",
            CaptureError,
        ),
        (
            "; @start line\n; @capture line: name\nline = [ name ] *ALPHA\nname = ALPHA\n",
            AmbiguousCaptureError,
        ),
        (
            '; @start line\n; @capture line: name\nline = "(" line ")" / name\nname = "x"\n',
            AutomataError,
        ),
        ("; @start line\nline = %x100\n", AutomataError),
        (
            "; @start line\n; @capture line: *item\n; @capture item: *name\n"
            "line = *item\nitem = 1*name\nname = ALPHA\n",
            AutomataError,
        ),
    ],
)
def test_what_cannot_be_emitted_is_refused(text, error) -> None:
    with pytest.raises(error):
        emit_python(grammar_of(text))


def test_items_whose_parts_are_not_decided_as_one_reads_are_refused() -> None:
    text = (
        "; @start line\n; @capture line: *item\n; @capture item: name\n"
        'line = *( item ";" )\nitem = name ( "acd" / "cd" )\nname = 1*( "ac" )\n'
    )
    with pytest.raises(CaptureError, match="cannot be told apart"):
        emit_python(grammar_of(text))


def test_items_whose_search_could_take_more_than_linear_time_are_refused() -> None:
    text = (
        "; @start line\n; @capture line: *item\n; @capture item: name\n"
        'line = *( item / other )\nitem = name ">"\nname = 1*"a"\nother = 1*"a" "!"\n'
    )
    with pytest.raises(CaptureError, match="cannot be told apart"):
        emit_python(grammar_of(text))


def test_items_that_also_stand_in_other_text_are_not_searched_for() -> None:
    text = (
        "; @start line\n; @capture line: *item\n; @capture item: name\n"
        'line = *( item "," *( %x21-3A / %x3C-7E ) ";" )\nitem = "[" name "]"\nname = 1*ALPHA\n'
    )
    with pytest.raises(CaptureError, match="cannot be told apart"):
        emit_python(grammar_of(text))
