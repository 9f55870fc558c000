"""The EHLO keyword, and where metadata may stand."""

import pytest

from reply_metadata.extension import allowed_in, offered


@pytest.mark.draft("keyword")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([b"mail.example.org", b"SIZE 1000", b"REPLYMETA"], True),
        ([b"mail.example.org", b"replymeta"], True),
        ([b"mail.example.org", b"REPLYMETA later=1 edition"], True),
        ([b"mail.example.org", b"REPLYMETA", b"REPLYMETA"], True),
        ([b"mail.example.org", b"REPLYMETA "], True),
        ([b"mail.example.org"], False),
        ([], False),
        ([b"REPLYMETA hello"], False),
        ([b"mail.example.org", b"XREPLYMETA"], False),
        ([b"mail.example.org", b"REPLYMETADATA"], False),
        ([b"mail.example.org", b" REPLYMETA"], False),
        ([b"mail.example.org", b"REPLYMETA\t1"], False),
        ([b"mail.example.org", b"REPLYMETA=1"], False),
    ],
)
def test_the_keyword_is_found_on_a_line_of_its_own_after_the_first(lines, expected):
    assert offered(lines) is expected


@pytest.mark.draft("req-where-excluded")
@pytest.mark.parametrize("command", ["EHLO", "HELO", "LHLO", "STARTTLS", "HELP", "VRFY", "EXPN"])
def test_some_commands_have_replies_without_metadata_whatever_the_code(command):
    assert not any(allowed_in(code, command) for code in (250, 421, 450, 550))


@pytest.mark.draft("req-where-allowed")
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "BDAT LAST", "RSET", "AUTH", "QUIT"])
def test_other_commands_have_replies_with_metadata_but_for_3yz(command):
    assert all(allowed_in(code, command) for code in (250, 421, 450, 550))
    assert not allowed_in(354, command)
    assert not allowed_in(334, command)


@pytest.mark.draft("req-where-bdat")
def test_a_chunk_that_is_not_the_last_has_metadata_on_failure_only():
    assert [allowed_in(code, "BDAT") for code in (250, 450, 550)] == [False, True, True]


@pytest.mark.draft("req-where-421")
def test_a_421_that_answers_nothing_may_carry_metadata():
    assert allowed_in(421, None)
