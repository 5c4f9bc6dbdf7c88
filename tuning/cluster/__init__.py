"""The machinery of a search: a chief that hands out trials, and workers that run them."""
