"""ABNF rule -> expression -> automata, and what is proved on them; nothing here knows `re`."""
