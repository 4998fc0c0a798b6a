"""A page photographed at an angle, or bent beside the spine, laid flat: its places, not its picture.

Lines of text and rules are level in print. How they lean, place by place, says how far each place must move up or
down; how upright rules lean, how far to the left or right. The lean is fitted as a plane over the page, which is what
perspective and a gentle bend come to at the angles of a camera held in the hand.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from shishen.pages import Box
from shishen.scans.ruled_lines import Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Leaning more than this (as a slope) is no line of a straightened page.
_MOST = 0.09
# So many lines at least say how the lean changes over the page.
_LEAST_LEVEL, _LEAST_UPRIGHT = 6, 3
# In heights of a line: rules as near to one another are one, or meet.
_NEAR = 0.3


class FlatPage(Struct, frozen=True):
    """How a page's places move: the lean of its level lines, and of its upright ones, each as a plane.

    Each is (at the middle, change along, change across) in slopes a pixel; `middle` is that of the page.
    """

    middle: tuple[float, float] = (0.0, 0.0)
    level: tuple[float, float, float] = (0.0, 0.0, 0.0)
    upright: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the picture stands on the flat page, in pixels."""
        across, down = x - self.middle[0], y - self.middle[1]
        here, along, other = self.level
        rise = here * across + along * across * across / 2 + other * across * down
        here, along, other = self.upright
        shift = here * down + along * down * down / 2 + other * across * down
        return x - shift, y - rise


def flat_page(size: tuple[int, int], level: Sequence[Segment], upright: Sequence[Segment]) -> FlatPage:
    """The page of this size (width, height) on which these lines stand level and upright."""
    width, height = size
    middle = (width / 2, height / 2)
    return FlatPage(
        middle,
        _lean([(s.x1, s.y1, s.x2, s.y2) for s in level], middle, max(size), _LEAST_LEVEL),
        _lean([(s.y1, s.x1, s.y2, s.x2) for s in upright], middle[::-1], max(size), _LEAST_UPRIGHT),
    )


def _lean(
    lines: Sequence[tuple[float, float, float, float]], middle: tuple[float, float], side: int, least: int
) -> tuple[float, float, float]:
    """The plane through the slopes of lines, the longer ones weighing more; flat where they are too few."""
    import numpy as np

    places = [
        ((a1 + a2) / 2 - middle[0], (b1 + b2) / 2 - middle[1], (b2 - b1) / (a2 - a1), a2 - a1)
        for a1, b1, a2, b2 in lines
        if a2 - a1 > 0 and abs(b2 - b1) < _MOST * (a2 - a1)
    ]
    if len(places) < least:
        return (0.0, 0.0, 0.0)
    along, across, slopes, lengths = (np.array(column) for column in zip(*places, strict=True))
    terms = np.stack([np.ones_like(along), along / side, across / side], axis=1)
    weights = np.sqrt(lengths / lengths.max())
    plane = _fit(terms, slopes, weights)
    for _ in range(3):
        # Lines that lean in a way of their own (a caption set aslant) have no say.
        off = np.abs(terms @ plane - slopes)
        plane = _fit(terms, slopes, weights * (off <= max(3 * float(np.median(off)), 0.002)))
    here, first, second = (float(value) for value in plane)
    return (here, first / side, second / side)


def _fit(terms: "NDArray[Any]", slopes: "NDArray[Any]", weights: "NDArray[Any]") -> "NDArray[Any]":
    """Least squares; a change over the page is believed only as far as the lines bear it out (ridge)."""
    import numpy as np

    weighted = terms * weights[:, None]
    ridge = np.diag([1e-6, 0.01, 0.01]) * float(np.square(weights).sum())
    solved: NDArray[Any] = np.linalg.solve(weighted.T @ weighted + ridge, weighted.T @ (slopes * weights))
    return solved


def rules_on(flat: FlatPage, level: Sequence[Segment], upright: Sequence[Segment], height: float) -> tuple[Box, ...]:
    """The rules on a flat page, level or upright to the pixel, those that all but meet brought together.

    `height` is that of a line of text.
    """
    near = _NEAR * height
    across = _aligned([(*flat.place(s.x1, s.y1), *flat.place(s.x2, s.y2)) for s in level], near)
    down = _aligned([(*flat.place(s.x1, s.y1)[::-1], *flat.place(s.x2, s.y2)[::-1]) for s in upright], near)
    joined = [(at, _met(start, at, down, near), _met(end, at, down, near)) for at, start, end in across]
    stood = [(at, _met(start, at, across, near), _met(end, at, across, near)) for at, start, end in down]
    return (*(Box(a, at, b, at) for at, a, b in joined if b > a), *(Box(at, a, at, b) for at, a, b in stood if b > a))


Rule = tuple[float, float, float]


def _aligned(ends: list[tuple[float, float, float, float]], near: float) -> list[Rule]:
    """(where it stands, from, to) of each rule; those at nearly the same place stand at one."""
    rules = sorted(((b1 + b2) / 2, a1, a2) for a1, b1, a2, b2 in ends)
    aligned: list[Rule] = []
    group: list[Rule] = []
    for rule in [*rules, None]:
        if group and (rule is None or rule[0] - group[-1][0] > near):
            weight = sum(end - start for _, start, end in group)
            place = sum(at * (end - start) for at, start, end in group) / max(weight, 1e-6)
            aligned += [(place, start, end) for _, start, end in group]
            group = []
        if rule:
            group.append(rule)
    return aligned


def _met(end: float, at: float, others: list[Rule], near: float) -> float:
    """The end of a rule, moved onto the rule across that it all but meets."""
    meeting = [place for place, start, stop in others if start - near <= at <= stop + near]
    nearest = min(meeting, key=lambda place: abs(place - end), default=end)
    return nearest if abs(nearest - end) <= near else end
