"""Writers: one module per output, each a pure function from a resolved grammar to text."""
