"""How the pages of the site are made: one module for each kind of generated page.

Rule: every function here is pure, from the project's tables, grammar and installed programs to
text; only `build_pages.py` writes files.  No page holds a date or the name of a machine.
"""
