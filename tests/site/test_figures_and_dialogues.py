"""Replies and dialogues on the pages are split and judged by the real parser."""

import re
from html import unescape

import pytest

from site_assembly.dialogues import DialogueError, dialogue_html
from site_assembly.fences import UnclosedFenceError, find_fences, replace_fence
from site_assembly.reply_figures import (
    ReplyContext,
    labelled_reply,
    line_parts,
    parse_lines,
    reply_html,
)

RCPT = ReplyContext(command="RCPT")


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


def dialogue(text: str, info: str = "negotiated") -> str:
    (fence,) = find_fences(f"```dialogue {info}\n{text}\n```\n")
    return dialogue_html(fence)


@pytest.mark.parametrize(
    "line",
    [
        "450 4.4.4 [REFERRAL smtp://backend2/] Redirected",
        "250 2.0.0 [STORED mailbox=INBOX uidvalidity=7 uid=42] Saved",
        "250 2.1.5 [FORWARD note=] [TRACE-ID 7f3a] OK",
        '550 5.1.1 <"a> [REFERRAL smtp://evil.example/] "@example.org> No such user',
        "250 2.1.5 <user@example.com> [TRACE-ID 7f3a] OK",
        "450 4.4.4 [a+5Bb] is no group",
        "421 4.7.0 [TSS04]",
        "250 ok",
        "250",
    ],
)
@pytest.mark.parametrize("negotiated", [True, False])
def test_the_parts_of_a_line_joined_are_the_line(line, negotiated):
    context = ReplyContext(negotiated=negotiated)
    (used,) = parse_lines([line], context)
    parts = line_parts(line, used, negotiated=negotiated)
    assert "".join(part.text for part in parts) == line
    assert words(reply_html(line, context)) == line


def test_a_referral_is_split_into_its_key_its_value_and_the_words():
    (used,) = parse_lines(["450 4.4.4 [REFERRAL smtp://b/] Go"], RCPT)
    parts = line_parts("450 4.4.4 [REFERRAL smtp://b/] Go", used, negotiated=True)
    assert [(part.kind, part.text) for part in parts if part.kind in {"key", "value", "text"}] == [
        ("key", "REFERRAL"),
        ("value", "smtp://b/"),
        ("text", "Go"),
    ]


def test_without_negotiation_no_part_is_metadata():
    parts = line_parts("450 4.4.4 [REFERRAL smtp://b/] Go", (), negotiated=False)
    assert {part.kind for part in parts} == {"code", "enhanced", "text", ""}


def test_a_group_that_is_not_used_is_drawn_as_ignored():
    assert "rm-ignored" in reply_html("250 2.1.5 [REFERRAL smtp://b/] OK", RCPT)
    assert "rm-ignored" not in reply_html("450 4.4.4 [REFERRAL smtp://b/] Go", RCPT)


def test_the_labelled_figure_says_what_each_part_is():
    figure = labelled_reply("450 4.4.4 [REFERRAL smtp://b/] Go", RCPT)
    labels = re.findall(r'class="label">([^<]*)<', figure)
    assert labels == ["reply code", "enhanced status code", "key", "argument", "text for people"]


def test_markup_in_a_reply_is_shown_and_not_obeyed():
    assert "<img" not in reply_html("550 5.1.1 <img@example.org> <img onerror=x>", RCPT)


def test_a_dialogue_negotiates_by_the_keyword_in_its_own_ehlo_reply():
    lines = "S: 250 {}\nC: MAIL FROM:<a@example.org>\nS: 250 2.1.0 [TRACE-ID 7f3a] OK"
    with_keyword = dialogue("C: EHLO c.example.org\n" + lines.format("REPLYMETA"), "")
    without = dialogue("C: EHLO c.example.org\n" + lines.format("PIPELINING"), "")
    assert '<span class="rm-key">TRACE-ID</span>' in with_keyword
    assert "rm-key" not in without


def test_starttls_drops_the_keyword():
    shown = dialogue(
        "C: EHLO c.example.org\nS: 250-x\nS: 250 REPLYMETA\nC: STARTTLS\nS: 220 2.0.0 go\n"
        "C: MAIL FROM:<a@example.org>\nS: 250 2.1.0 [TRACE-ID 7f3a] OK",
        "",
    )
    assert "rm-key" not in shown


@pytest.mark.parametrize(
    ("text", "info"),
    [
        ("S: 250 2.1.5 [REFERRAL smtp://b/] OK", "negotiated"),  # not used in a 2yz reply
        ("S: 250-2.1.5 OK", "negotiated"),  # no last line
        ("S: 25 OK", "negotiated"),  # no reply
        ("X: 250 OK", "negotiated"),
        ("S: 250 OK", ""),  # neither a keyword nor a word that says so
        ("S: 250 OK", "negotatied"),
    ],
)
def test_a_dialogue_that_could_not_happen_stops_the_build(text, info):
    with pytest.raises(DialogueError, match="line 1"):
        dialogue(f"C: RCPT TO:<a@example.org>\n{text}", info)


def test_a_group_said_to_be_ignored_may_stand_in_a_dialogue():
    assert "rm-ignored" in dialogue("S: 250 2.1.5 [COLOUR blue] OK", "negotiated ignored")


def test_a_dialogue_error_names_the_line_of_the_page():
    with pytest.raises(DialogueError, match="line 1"):
        dialogue("X: 250 OK")


def test_fences_are_found_with_language_title_and_place():
    text = 'words\n\n```python title="a.py"\nx = 1\n```\n\n<!-- not run: no -->\n```console\n```\n'
    first, second = find_fences(text)
    assert (first.language, first.title, first.body, first.first, first.last) == (
        "python", "a.py", "x = 1", 3, 5,
    )  # fmt: skip
    assert (second.language, second.not_run) == ("console", "no")


def test_a_fence_that_is_never_closed_is_an_error():
    with pytest.raises(UnclosedFenceError, match="line 2"):
        find_fences("a\n```python\nx\n")


def test_a_replaced_fence_leaves_the_rest_of_the_page_alone():
    text = "before\n```text\nx\n```\nafter\n"
    (fence,) = find_fences(text)
    assert replace_fence(text, fence, "<b>new</b>") == "before\n<b>new</b>\nafter\n"
