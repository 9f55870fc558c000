"""Generated modules; `make generate` writes them."""
