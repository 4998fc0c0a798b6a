"""The summary as a plain table for a terminal: Chinese takes two columns there."""

import unicodedata
from collections.abc import Sequence

from shishen.evaluation.comparison import Cell, Comparison
from shishen.evaluation.metrics import METRICS
from shishen.evaluation.verdict import signed, title_of


def table(comparison: Comparison) -> str:
    """One block a group: a row a metric, a column a model, and what changed against the first with its interval."""
    first, *others = comparison.models
    blocks = []
    for group in comparison.groups:
        cells = comparison.of(group)
        rows = [["", first, *(text for model in others for text in (model, "变化（95% 区间）"))]]
        for metric in METRICS:
            found = {cell.model: cell for cell in cells if cell.metric == metric.name}
            row = [metric.title + ("（越少越好）" if metric.less_is_better else ""), value(found[first])]
            row += [text for model in others for text in (value(found[model]), change(found[model]))]
            rows.append(row)
        blocks.append(f"{title_of(group)}菜（{cells[0].answers} 问，{cells[0].dishes} 道）\n{aligned(rows)}")
    return "\n\n".join(blocks)


def value(cell: Cell) -> str:
    """A value as it is shown: a share in per cent, the F1 as a number."""
    if cell.value is None:
        return "—"
    return f"{cell.value:.3f}" if cell.metric == "char_f1" else f"{cell.value:.1%}"


def change(cell: Cell) -> str:
    """A change with its interval."""
    if cell.change is None:
        return "—"
    if cell.low is None or cell.high is None:
        return f"{signed(cell.change)}（菜太少）"
    return f"{signed(cell.change)}（{signed(cell.low)} 至 {signed(cell.high)}）"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows with their columns under one another."""
    widths = [max(width(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = [
        "  ".join(text + " " * (room - width(text)) for text, room in zip(row, widths, strict=True)) for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if not unicodedata.combining(c))
