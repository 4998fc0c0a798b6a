"""Ingredient lines: `read_line("2-3段大葱")` → 大葱, 2 to 3 段. The grammar is code, the words are data/*.toml."""

from shishen.domains.cooking.quantities.line import read_afresh, read_line

__all__ = ["read_afresh", "read_line"]
