"""Reading ABNF: text to syntax tree (split.py, reader.py) and its annotations (annotations.py)."""
