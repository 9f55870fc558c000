"""What a careful programmer writes by hand with `re`: the yardstick for the generated parser.

The result is that of `reply_grammar.received_line`; a test holds the two together.  One pattern
checks the whole line; what it has checked is then taken apart by splitting.
"""

import re

VALUE = rb"(?:[!-*,-;?-Z\\^-~]++|\+[0-9A-F]{2})"
ARGUMENT = rb"(?:[A-Za-z][A-Za-z0-9._-]{0,31}+=" + VALUE + rb"*|" + VALUE + rb"+)"
KEY = rb"[A-Za-z][A-Za-z0-9-]*+(?:\.[A-Za-z0-9-]++)*"
GROUP = rb"\[" + KEY + rb"(?: " + ARGUMENT + rb")*\]"
PATH = rb'<(?:[!#-;=?-\[\]-~]++|"(?:[ !#-\[\]-~]++|\\[ -~])*")*>'
TEXT = rb"[\x01-\x09\x0b\x0c\x0e-\xff]*+"

LINE = re.compile(
    rb"([2-5][0-5][0-9])(?:([ -])(?:"
    rb"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: (?:(" + PATH + rb") )?"
    rb"((?>(?:" + GROUP + rb" )*))(?:(" + GROUP + rb")|(" + TEXT + rb"))|(?!.))"
    rb"|(" + TEXT + rb")))?",
    re.DOTALL,
).fullmatch


def received_line(octets):
    """The parts of one line, or None."""
    found = LINE(octets)
    if found is None:
        return None
    code, separator, enhanced_code, path, run, last, text, other = found.groups()
    groups = []
    if run or last:
        for group in (run + last if last else run[:-1])[1:-1].split(b"] ["):
            key, *words = group.split(b" ")
            arguments = []
            for word in words:
                if b"=" in word:
                    name, _, value = word.partition(b"=")
                    arguments.append((name, value or None))
                else:
                    arguments.append((None, word))
            groups.append((key, arguments))
    return code, separator, enhanced_code, path, groups, other if text is None else text
