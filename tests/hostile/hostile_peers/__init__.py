"""Scripted hostile peers: transcripts as data, what plays them on each side, and the judgement."""
