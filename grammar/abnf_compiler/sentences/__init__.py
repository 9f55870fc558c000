"""Strings made from a grammar: sentences a rule accepts, and near misses it refuses."""
