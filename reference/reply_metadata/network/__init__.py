"""Everything with sockets, files and clocks; the rules of the protocol are in the sessions."""

import logging

# Who uses the package decides what is logged where; without a word nothing goes to stderr.
logging.getLogger("reply_metadata").addHandler(logging.NullHandler())
