"""Places of RFC grammars where parsers are known to fail, each with every engine that applies."""

import pytest

from abnf_compiler.automata.normal_form import NotRegularError, TooLargeError
from abnf_compiler.engines import compiled, earley
from abnf_compiler.engines.earley import RefusedError
from abnf_compiler.grammar import Grammar

BOTH = (compiled, earley)


def engines_of(text, rule="a", kinds=BOTH):
    """The rule in every engine, without the blanks the test indents its rules by."""
    lines = (line.strip() for line in text.strip().splitlines())
    resolved = Grammar.from_text("".join(f"{line}\n" for line in lines)).resolved
    return [(kind.ENGINE, kind.compile_rule(resolved, rule)) for kind in kinds]


def decide(engines, accepted, refused) -> None:
    """Every engine gives the verdict, and the oracle reads what it accepts."""
    for name, engine in engines:
        assert [each for each in accepted if not engine.match(each)] == [], name
        assert [each for each in refused if engine.match(each)] == [], name
        if name == earley.ENGINE:
            for each in accepted:
                assert engine.parse(each).end == len(each)
            for each in refused:
                with pytest.raises(RefusedError):
                    engine.parse(each)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (  # RFC 9051, Section 9
            "tagged-ext-comp",
            """tagged-ext-comp = astring / tagged-ext-comp *(SP tagged-ext-comp) / "(" tagged-ext-comp ")"
            astring = 1*ASTRING-CHAR
            ASTRING-CHAR = ALPHA""",  # noqa: E501  # a rule is one line here
        ),
        (  # RFC 4466, Section 3
            "tagged-ext-comp",
            """tagged-ext-comp = astring / tagged-ext-comp *(SP tagged-ext-comp) / "(" tagged-ext-comp ")"
            astring = 1*ALPHA""",  # noqa: E501  # a rule is one line here
        ),
        (  # RFC 5258, Section 6
            "option-val-comp",
            """option-val-comp = astring / option-val-comp *(SP option-val-comp) / "(" option-val-comp ")"
            astring = 1*ALPHA""",  # noqa: E501  # a rule is one line here
        ),
    ],
    ids=["RFC 9051", "RFC 4466", "RFC 5258"],
)
def test_left_recursion_that_may_add_nothing_is_decided_by_earley(rule, text) -> None:
    with pytest.raises(NotRegularError) as caught:
        engines_of(text, rule, (compiled,))
    assert caught.value.cycle == (rule,)
    accepted = ["a", "ab c", "(a)", "((a) b)", "(a b) (c)", "((a (b)) c) d"]
    refused = ["", "a ", " a", "()", "(a", "a)", "(a b", "a  b", "((a)"]
    decide(engines_of(text, rule, (earley,)), accepted, refused)
    facts = Grammar.from_text(text).rule(rule).analysis
    assert (facts.ambiguous, facts.shortest, len(facts.witness)) == (True, True, 1)


def test_left_recursion_through_another_rule_and_an_option_is_decided() -> None:
    text = """a = b "x" / "1"
    b = [ "-" ] a"""
    engines = engines_of(text, kinds=(earley,))
    decide(engines, ["1", "1x", "-1x", "--1xx", "1xxx"], ["", "x", "-1", "-1x-"])


def test_left_recursion_alone_is_a_repetition_for_both_engines() -> None:
    decide(engines_of('a = a "+" DIGIT / DIGIT'), ["1", "1+2", "1+2+3"], ["", "+1", "1+", "12"])


def test_recursion_inside_a_repetition_is_decided_by_earley() -> None:
    text = """sequence-set = (seq-number / seq-range) *("," sequence-set)
    seq-range = seq-number ":" seq-number
    seq-number = 1*DIGIT / "*"
    """  # RFC 3501, Section 9
    with pytest.raises(NotRegularError):
        engines_of(text, "sequence-set", (compiled,))
    accepted = ["1", "2,4:7,9,12:*", "1,2,3,4,5", "*:4"]
    decide(engines_of(text, "sequence-set", (earley,)), accepted, ["", "1,", ",1", "1:2:3", "1 2"])


def test_a_repetition_gives_back_what_its_follower_needs() -> None:
    text = """sub-domain = Let-dig [Ldh-str]
    Let-dig = ALPHA / DIGIT
    Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig
    """  # RFC 5321, Section 4.1.2
    accepted = ["a", "ab", "a-b", "a--b", "x1-2-3y", "0" * 63]
    decide(engines_of(text, "sub-domain"), accepted, ["", "-", "a-", "-a", "a-b-", "a.b"])
    decide(engines_of(text, "Ldh-str"), ["a", "-a", "--1"], ["", "-", "a-"])
    decide(engines_of("a = *DIGIT 2DIGIT"), ["12", "123", "123456"], ["", "1"])


def test_a_shorter_alternative_first_does_not_hide_a_longer_one() -> None:
    decide(engines_of('a = ( "x" / "xy" ) "z" / "xyq"'), ["xz", "xyz", "xyq"], ["x", "xy", "xq"])


def test_a_number_before_a_name_is_a_count() -> None:
    # RFC 5234, Section 3.7: <n>element; a rule name cannot begin with a digit
    accepted = ["01234567", "89abcdef", "ABCDEF00"]
    refused = ["", "0123456", "012345678", "0123456g", "8HEXDIG"]
    decide(engines_of("a = 8HEXDIG"), accepted, refused)
    decide(engines_of("a = 1*2HEXDIG"), ["a", "fF"], ["", "fff"])
    decide(engines_of("a = 0HEXDIG"), [""], ["0"])


@pytest.mark.parametrize("series", ["%x0D.0A", "%x0d.0a", "%d13.10", "%b1101.1010", "CRLF"])
def test_a_series_is_its_values_in_a_row(series) -> None:
    decide(engines_of(f'a = "x" {series}'), ["x\r\n", "X\r\n"], ["x\r", "x\n\r", "x", "x\r\n\r\n"])


def test_a_range_is_one_value_and_values_are_exact() -> None:
    decide(engines_of("a = %x61-63"), ["a", "b", "c"], ["A", "d", "ab", "`"])
    decide(engines_of("a = %x61.62"), ["ab"], ["AB", "Ab", "a-b", "a.b"])


def test_the_empty_string_matches_nothing_but_itself() -> None:
    decide(engines_of('a = ""'), [""], ["x", '"', '""', " "])
    decide(engines_of('a = "" / "x"'), ["", "x"], ["xx"])
    decide(engines_of('a = "x" "" "y"'), ["xy"], ["x", "x y"])
    decide(engines_of('a = 1*( "" )'), [""], ["x"])
    decide(engines_of('a = *( "" / "x" ) "y"'), ["y", "xxy"], ["", "x"])


@pytest.mark.parametrize("count", ["0*9999999999", "*9999999999"])
def test_a_huge_maximum_is_refused_by_the_pattern_and_decided_by_earley(count) -> None:
    text = f'a = {count}"x" "y"'
    with pytest.raises(TooLargeError):
        engines_of(text, kinds=(compiled,))
    decide(engines_of(text, kinds=(earley,)), ["y", "xy", "x" * 60 + "y"], ["", "x", "xyy"])
    assert Grammar.from_text(text + "\n").rule("a").match("xxy").engine == earley.ENGINE


def test_a_maximum_is_counted_exactly() -> None:
    for maximum in (1, 2, 49, 50, 51, 63):
        text = f'a = 0*{maximum}"x"'
        decide(engines_of(text), ["", "x" * maximum], ["x" * (maximum + 1), "x" * (maximum + 9)])


def test_only_ascii_letters_fold_case() -> None:
    # U+212A lower-cases to k, U+017F upper-cases to S, U+0131 upper-cases to I
    decide(engines_of('a = "ask"'), ["ask", "ASK", "aSk"], ["a\u017fk", "as\u212a"])
    decide(engines_of('a = "i"'), ["i", "I"], ["\u0131", "\u0130", "i\u0307"])
    decide(engines_of('a = "[@`{"'), ["[@`{"], ["{@`{", "[``{", "[@@{"])
    decide(engines_of("a = 1*ALPHA"), ["k", "S"], ["\u212a", "\u017f", "\u00e9"])
    decide(engines_of("a = 2HEXDIG"), ["aF"], ["\uff21f", "\u0661\u0662"])
    decide(engines_of("a = 1*DIGIT"), ["12"], ["\u0661", "\u00b2"])


def test_case_counts_where_the_string_says_so() -> None:
    decide(engines_of('a = %s"aB" %i"c"'), ["aBc", "aBC"], ["abc", "ABC", "Abc"])


def test_a_nullable_alternative_first_does_not_end_the_choice() -> None:
    text = """cookie-value = *cookie-octet / ( DQUOTE *cookie-octet DQUOTE )
    cookie-octet = %x21 / %x23-2B / %x2D-3A / %x3C-5B / %x5D-7E
    """  # RFC 6265, Section 4.1.1
    accepted = ["", "a", "ab!", '""', '"a"', '"ab!"']
    decide(
        engines_of(text, "cookie-value"), accepted, ['"', '"a', 'a"', 'a"b"', '"a"b', "a;", "a b"]
    )
    decide(engines_of('a = ( [ "x" ] / "y" ) "z"'), ["z", "xz", "yz"], ["x", "y", "xyz"])
    decide(engines_of('a = *( *"x" / "y" )'), ["", "xyyx", "yy"], ["z"])


def test_a_line_end_is_not_the_end() -> None:
    decide(engines_of('a = "x"'), ["x"], ["x\n", "\nx", "x\r\n"])
    decide(engines_of("a = *OCTET"), ["", "\n", "a\nb\r\n", "\x00\xff"], ["\u0100"])
