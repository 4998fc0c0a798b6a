"""Rows that are read across a gap: names and their amounts, labels and what they head, numbers and their steps."""

import math
import re

from shishen.layout.numbers import count_up, is_marker
from shishen.layout.pieces import Piece, rows_of

# How far a label may be off the middle of its rows, in units of their distance.
_OFF = 0.45
# The most characters of a label that text follows on its line, and how far behind it that begins.
_LABEL, _RUN_IN = 4, 1.5
_VALUE = re.compile(r"(?:[约各]?\s*[\d½¼¾⅓⅔半一二两三四五六七八九十几]|适量|少许|少量|若干|酌量|随意|各|几|[-–—/]$)")
_NUMBER = re.compile(r"\d+(?:[./]\d+)?|[-–—/]")
_REMARK = re.compile(r"[（(][^（）()]*[)）]")
_AMOUNT = re.compile(r"\d|适量|少许|少量|若干|[一二两三四五六七八九十半][个只条根片勺块克斤两匙杯碗瓣]")


def is_read_across(left: list[Piece], right: list[Piece], edge: float, unit: float) -> bool:
    """Whether the two sides are read across: markers, names or labels, and what belongs to each on the same line.

    `edge` is where the left side ends.
    """
    beside_edge = [p for p in left if edge - p.right < 2 * unit]
    near = [p.text for p in beside_edge]
    if sum(is_marker(text) for text in near) >= max(2, 0.7 * len(near)) and count_up(near):
        return True
    if beside_edge and all(p.upright for p in beside_edge):
        return True
    lefts, rights = rows_of(left), rows_of(right)
    pairs = [(beside[-1].text, row[0].text) for row in rights if (beside := row_beside(row[0], lefts))]
    # A table's head says 用量 where its rows say how much.
    body = pairs[1:] if len(pairs) > 2 and not _VALUE.match(pairs[0][1]) else pairs
    if len(body) >= 2 and len(pairs) >= 0.6 * len(rights):
        values = [name for name, value in body if _VALUE.match(value) and len(value) <= 10]
        if len(values) >= 0.7 * len(body) and sum(map(has_amount, values)) <= 0.3 * len(values):
            return True
        numbers = sum(_NUMBER.fullmatch(name) is not None for name, _ in body)
        if numbers >= 0.8 * len(body) and sum(len(value) <= 3 for _, value in body) >= 0.8 * len(body):
            return True
    aligned = [row[-1] for row in lefts if row_beside(row[-1], rights)]
    if len(aligned) < 0.75 * len(lefts):
        return False
    gaps = [beside[0].left - row[-1].right for row in lefts if (beside := row_beside(row[-1], rights))]
    if all(len(row) == 1 and len(row[0].text) <= _LABEL for row in lefts) and max(gaps) < _RUN_IN * unit:
        # Labels with a space behind them, as in 原料　豆腐一斤.
        return True
    across = max(p.right for p in left) - min(p.left for p in left)
    short = all(len(row[-1].text) <= 7 and not has_amount(row[-1].text) for row in lefts)
    return short and across < 7 * unit and (len(lefts) < 0.7 * len(rights) or all(row[-1].bold for row in lefts))


def spanning(lefts: list[list[Piece]], rights: list[list[Piece]], unit: float) -> dict[int, float] | None:
    """Where the left side are labels that each stand beside the middle of several rows: by the id of each label that
    is to be read above its rows, the height where they begin. None where they are no such labels, or stand beside the
    first of their rows.
    """
    labels = [row[0] for row in lefts]
    if (
        any(len(row) > 1 for row in lefts)
        or len(rights) < 2 * len(lefts)
        or any(p.upright or len(p.text) > 5 or has_amount(p.text) or is_marker(p.text) for p in labels)
        or max(p.right for p in labels) - min(p.left for p in labels) > 6 * unit
    ):
        return None
    if row_beside(labels[0], rights[:1]) and _is_head(rights):
        labels, rights = labels[1:], rights[1:]
    if not labels or (row_beside(labels[0], rights[:1]) and all(row_beside(label, rights) for label in labels)):
        return None
    middles = [row[0].middle for row in rights]
    firsts = _shared_out(middles, [label.middle for label in labels])
    if firsts is None:
        return None
    return {id(label): min(p.top for p in rights[first]) for label, first in zip(labels, firsts, strict=True)}


def _is_head(rows: list[list[Piece]]) -> bool:
    """Whether the first row heads the columns of a table, as it has no amount where most others have one."""
    amounts = [any(has_amount(piece.text) for piece in row) for row in rows]
    return not amounts[0] and sum(amounts[1:]) >= 0.7 * len(amounts[1:])


def _shared_out(rows: list[float], labels: list[float]) -> list[int] | None:
    """The first row of each label's, where every label stands at the middle of its rows; None where they do not.

    The rows are shared out in turn so that the labels stand as little as may be off the middle of theirs.
    """
    pitch = (rows[-1] - rows[0]) / (len(rows) - 1)
    # best[n]: (how far off the labels so far are in all, the first rows of each) with the first n rows taken.
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for label in labels:
        after: dict[int, tuple[float, list[int]]] = {}
        for begin, (cost, firsts) in best.items():
            for end in range(begin + 1, len(rows) + 1):
                off = abs((rows[begin] + rows[end - 1]) / 2 - label)
                if off < _OFF * pitch and cost + off < after.get(end, (math.inf,))[0]:
                    after[end] = cost + off, [*firsts, begin]
        best = after
    return best[len(rows)][1] if len(rows) in best else None


def has_amount(name: str) -> bool:
    """Whether what may be a name has an amount in it; a remark in brackets, 蒜（约50克）, is none."""
    return _AMOUNT.search(_REMARK.sub("", name)) is not None


def row_beside(piece: Piece, rows: list[list[Piece]]) -> list[Piece]:
    """The row on whose height a piece stands."""
    for row in rows:
        if abs(row[0].middle - piece.middle) < 0.5 * min(row[0].size, piece.size):
            return row
    return []
