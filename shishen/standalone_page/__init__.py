"""What the pages that we write to a file have in common: colours of day and night, letters, the width of a phone.

A page needs no other file and no network: its style stands within it.
"""

from pathlib import Path


def style_of(own: str) -> str:
    """The style of a page: what all of them have, and its own behind it."""
    return (Path(__file__).parent / "page.css").read_text(encoding="utf-8") + own
