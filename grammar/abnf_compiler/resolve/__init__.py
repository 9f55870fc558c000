"""Names: definitions merged, imports and core rules found (RFC 5234, Sections 2.1, 3.3, B.1)."""
