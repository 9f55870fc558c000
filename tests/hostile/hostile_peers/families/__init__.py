"""The families of hostile transcripts, one file an attack or two: each states its rule in code.

Rule: what is expected follows from the draft, DESIGN or an RFC, named in `source`; nothing here
runs the implementation to learn what it does.
"""
