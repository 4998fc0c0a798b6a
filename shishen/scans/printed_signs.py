"""What a recogniser leaves out of a line of text, or cannot tell apart, put right by the line's ink.

Spaces within Chinese are dropped by most models (原料 猪瘦肉 → 原料猪瘦肉), and a dash is read as a hyphen or the other
way round. Where each character stands is known; how much white is behind it, and how long a dash is, can be measured.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ink = NDArray[np.bool_]

# In units of the size of type: the white between two Chinese characters of which one has a space behind it.
_SPACE = 0.4
# The white that may be that of two columns; how much of it a piece keeps.
_COLUMN, _MARGIN = 0.75, 0.1
# By so much it is wider than the white between most characters of the line.
_MORE = 0.25
# The longest speck, the longest hyphen, and the longest dash that is no full one.
_SPECK, _HYPHEN, _DASH = 0.12, 0.37, 0.8
# Two digits that stand further apart may have one between them.
_APART = 0.7
# A character stands where the model says, give or take so much.
_OFF, _EXACT = 0.45, 0.2
_DASHES = "-–—−"
# The small ring before a C is easily lost.
_DEGREES = re.compile(r"(?<=\d\d)[°º。]?C(?![A-Za-z0-9])")
_MILLILITRES = re.compile(r"(?<=\d)\s?m[1I|](?![A-Za-z0-9])")
_STOPS = {",": "，", ";": "；", ":": "：", "!": "！", "?": "？"}
_STOP = re.compile(r"(?<=[\u3400-\u9fff])[,;:!?](?=[\u3400-\u9fff])")
# Signs with white of their own, before it or behind it.
_LOOSE = re.compile(r"^[，。、；：！？）】」』》”,.;:!?)]|[（【「『《“(]$")
_LEADER_BEFORE = re.compile(r"^(?:[.．·‥…・。]\s*){2,}|^…\s*|^[.．·]\s*(?=\d)")
# What a leader stands behind: a name of so many characters, without a stop.
_NAME, _CLAUSE = 12, re.compile(r"[，。；：]")
_LEADER_BEHIND = re.compile(r"(?:\s*[.．·‥・]){2,}$")
_HAN = re.compile(r"[\u3400-\u9fff]")
# 卜 has white on its own left.
_BEHIND_SPACE = re.compile(r"[\u3400-\u535b\u535d-\u9fff①-⑳❶-❿]")


class Apart(Struct, frozen=True):
    """A piece of a line: its text, from which column of the line's ink to which, where its characters stand in that."""

    text: str
    start: int
    end: int
    places: list[float]


def pieces_apart(text: str, places: Sequence[float], ink: "Ink", em: float) -> list[Apart]:
    """The pieces of a line that stand as far apart as two columns may, without the dots that lead from one to another.

    `places` is where each character but spaces stands, in columns of the ink, which is an em high.
    """
    whole = Apart(text, 0, ink.shape[1], list(places))
    bare = [place for place, character in enumerate(text) if not character.isspace()]
    if len(bare) != len(places) or not bare:
        return [whole]
    cuts: dict[int, tuple[int, int]] = {}
    for start, end in _gaps(ink):
        behind = next((n for n, place in enumerate(places) if place > (start + end) / 2), 0)
        # Signs have white of their own beside them.
        if end - start > _COLUMN * em and behind and not _LOOSE.search(text[bare[behind - 1]] + text[bare[behind]]):
            cuts[behind] = (start, end)
    margin = round(_MARGIN * em)
    found = []
    for first, last in pairwise([0, *cuts, len(bare)]):
        start = max(0, cuts[first][1] - margin) if first else 0
        end = min(ink.shape[1], cuts[last][0] + margin) if last in cuts else ink.shape[1]
        found.append(_without_leader(text, bare, first, last, places, start, end, em))
    return [piece for piece in found if piece.text] or [Apart("", 0, 1, [])]


def _without_leader(
    text: str, bare: Sequence[int], first: int, last: int, places: Sequence[float], start: int, end: int, em: float
) -> Apart:
    """A piece of a line, from one of its characters to another, without the dots of a leader at its ends."""
    words = text[bare[first] : bare[last - 1] + 1]
    before, behind = _LEADER_BEFORE.match(words), _LEADER_BEHIND.search(words)
    cut = sum(not c.isspace() for c in before[0]) if before else 0
    if behind and (len(words) - len(behind[0]) > _NAME or _CLAUSE.search(words)):
        # A sentence that ends in dots leads to nothing.
        behind = None
    kept = last - (sum(not c.isspace() for c in behind[0]) if behind else 0)
    if first + cut >= kept:
        return Apart("", start, end, [])
    # The first character that is left stands half an em behind its left edge.
    left = max(start, round(places[first + cut] - 0.5 * em)) if cut else start
    right = min(end, round(places[kept - 1] + 0.6 * em)) if kept < last else end
    own = [place - left for place in places[first + cut : kept]]
    return Apart(text[bare[first + cut] : bare[kept - 1] + 1], left, max(right, left + 1), own)


def as_printed(text: str, places: Sequence[float], ink: "Ink", em: float) -> str:
    """The text with the signs that its ink shows, and those that Chinese print has."""
    spaced = with_spaces(text, places, ink, em)
    return with_units(with_pairs(with_stops(with_dashes(spaced, places, ink, em))))


def with_spaces(text: str, places: Sequence[float], ink: "Ink", em: float) -> str:
    """The text with a space wherever two of its Chinese characters stand well apart.

    `places` is where each character but spaces stands, in columns of the ink, which is an em high; a line that
    is set wide all along (红 烧 肉) stays as it is.
    """
    bare = [place for place, character in enumerate(text) if not character.isspace()]
    if len(bare) != len(places) or len(bare) < 3:
        return text
    white: dict[int, float] = {}
    for start, end in _gaps(ink):
        behind = next((n for n, place in enumerate(places) if place > (start + end) / 2), 0)
        if behind and bare[behind] == bare[behind - 1] + 1:
            white[behind] = max(end - start, white.get(behind, 0.0))
    # Where a line is set wide, all its characters stand apart.
    usual = sorted(white.get(behind, 0.0) for behind in range(1, len(bare)))[(len(bare) - 1) // 2]
    cuts = [
        bare[behind]
        for behind, width in sorted(white.items())
        if width > max(_SPACE * em, usual + _MORE * em)
        and _HAN.match(text[bare[behind] - 1])
        and _BEHIND_SPACE.match(text[bare[behind]])
    ]
    return " ".join(text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True))


def with_dashes(text: str, places: Sequence[float], ink: "Ink", em: float) -> str:
    """The text with each dash between digits as long as it is printed (4-5, 4–5), also one that was passed over."""
    bare = [place for place, character in enumerate(text) if not character.isspace()]
    if len(bare) != len(places):
        return text
    characters = list(text)
    for number, place in enumerate(bare):
        around = text[max(0, place - 2) : place].rstrip()[-1:] + text[place + 1 : place + 3].lstrip()[:1]
        if text[place] in _DASHES and len(around) == 2 and around.isdecimal():
            characters[place] = _dash(_dash_at(ink, places[number], em) / em) or text[place]
        elif number and text[bare[number - 1] : place + 1].isdecimal() and bare[number - 1] == place - 1:
            # 45 set so wide is 4-5 if there is a dash in it.
            one, other = places[number - 1], places[number]
            if other - one > _APART * em:
                characters[place] = _dash(_dash_at(ink, (one + other) / 2, em, alone=True) / em) + text[place]
    return "".join(characters)


def _dash(length: float) -> str:
    """The dash of a length in units of the size of type; nothing where there is none."""
    if not length:
        return ""
    return "-" if length <= _HYPHEN else "–" if length <= _DASH else "—"


def with_pairs(text: str) -> str:
    """The text with each bracket closed as it was opened, in Chinese with those of its print: （约1克) → （约1克）."""
    if not any(c in text for c in "（）()"):
        return text
    characters = list(text)
    opened: list[int] = []
    for place, character in enumerate(characters):
        if character in "（(":
            opened.append(place)
        elif character in "）)" and opened:
            begin = opened.pop()
            chinese = any(_HAN.match(c) for c in (*text[max(0, begin - 1) : begin + 2], text[place - 1]))
            if chinese or (characters[begin] == "（") != (character == "）"):
                characters[begin], characters[place] = "（", "）"
    return "".join(characters)


def with_stops(text: str) -> str:
    """Stops between Chinese characters in the width that they have there: 抓匀,腌 → 抓匀，腌."""
    return _STOP.sub(lambda found: _STOPS[found[0]], text)


def with_units(text: str) -> str:
    """160C → 160℃; 20m1 → 20ml."""
    return _MILLILITRES.sub("ml", _DEGREES.sub("℃", text))


def _gaps(ink: "Ink") -> list[tuple[int, int]]:
    """The white between letters and within them: (first column, behind the last)."""
    import numpy as np

    filled = np.flatnonzero(ink.any(axis=0))
    wide = np.flatnonzero(np.diff(filled) > 1)
    return [(int(filled[i]) + 1, int(filled[i + 1])) for i in wide]


def _dash_at(ink: "Ink", place: float, em: float, *, alone: bool = False) -> float:
    """How long the dash near a place is, in pixels; 0 where there is none: a low run of ink at half the height.

    `alone`: exactly there, with white on both sides.
    """
    import numpy as np

    height = len(ink)
    first, last = ink.argmax(axis=0), height - 1 - ink[::-1].argmax(axis=0)
    # A digit has ink above or below as well.
    thin = ink.any(axis=0) & (first >= 0.3 * height) & (last <= 0.78 * height) & (last - first < 0.2 * em)
    columns = np.flatnonzero(thin)
    # The bar of a 4 beside it lies lower.
    steps = (np.diff(columns) > 1) | (np.abs(np.diff(first[columns])) > 2) | (np.abs(np.diff(last[columns])) > 2)
    runs = [run for run in np.split(columns, np.flatnonzero(steps) + 1) if len(run) >= _SPECK * em]
    if alone:
        full = np.concatenate(([True], ink.any(axis=0), [True]))
        runs = [run for run in runs if not full[run[0]] and not full[run[-1] + 2]]
        runs = [run for run in runs if abs((run[0] + run[-1]) / 2 - place) < _EXACT * em]
    near = [run for run in runs if run[0] - _OFF * em <= place <= run[-1] + _OFF * em]
    return float(len(min(near, key=lambda run: abs((run[0] + run[-1]) / 2 - place)))) if near else 0.0
