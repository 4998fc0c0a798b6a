"""Exact match: is the answer the reference, but for how it is set?

Both are made flat first (`page_text.flat`): one width, one script, lower case, without spaces, punctuation and the
marks of Markdown; points, slashes and dashes between digits stay, so that 1.5 is not 15. As in SQuAD (Rajpurkar and
others, 2016, arXiv:1606.05250), whose normalisation drops punctuation too. Stars say how hard a dish is, and stay.
"""

from shishen.domains.cooking.page_text import flat


def plain(text: str) -> str:
    """A text as it is compared."""
    return flat(text.replace("★", "星"))


def exact(said: str, reference: str) -> bool:
    """Whether both are the same text, made flat."""
    return plain(said) == plain(reference)
