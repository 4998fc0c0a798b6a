"""Comparison: the answers of several models to the same questions → a summary by model, group and kind."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from shishen.evaluation.answered import Answered
from shishen.evaluation.intervals import LEVEL, RESAMPLES, interval, ratio
from shishen.evaluation.metrics import METRICS

# What the groups are called; others are called by their own names.
GROUPS = {"seen": "教过的", "unseen": "没教过的", "old": "以前学的"}


class Cell(Struct, frozen=True, kw_only=True):
    """One metric of one model over a group, or over one `kind` of it ('': all kinds).

    `change`, `low` and `high` are against the first model; None for that itself, and where nothing can be said.
    """

    group: str
    kind: str
    model: str
    metric: str
    answers: int
    dishes: int
    value: float | None
    change: float | None = None
    low: float | None = None
    high: float | None = None


class Comparison(Struct, frozen=True, kw_only=True):
    """All cells, by group, kind, metric and model in this order; the first of `models` is what others are held to."""

    models: tuple[str, ...]
    groups: tuple[str, ...]
    cells: tuple[Cell, ...]
    level: float = LEVEL
    resamples: int = RESAMPLES

    def of(self, group: str, kind: str = "") -> list[Cell]:
        """The cells of a group, or of one kind of it."""
        return [cell for cell in self.cells if cell.group == group and cell.kind == kind]

    def cell(self, group: str, model: str, metric: str, kind: str = "") -> Cell | None:
        """One cell; None where there is none such."""
        found = (c for c in self.of(group, kind) if c.model == model and c.metric == metric)
        return next(found, None)

    def kinds(self, group: str) -> list[str]:
        """The kinds of a group, those with most answers first."""
        counts = {cell.kind: cell.answers for cell in self.cells if cell.group == group and cell.kind}
        return sorted(counts, key=lambda kind: (-counts[kind], kind))


def paired(rows: Iterable[Answered], models: Sequence[str]) -> dict[tuple[str, str], dict[str, Answered]]:
    """(group, example) → the answer of each model; questions that not all of them have answered are left out."""
    found: dict[tuple[str, str], dict[str, Answered]] = {}
    for row in rows:
        found.setdefault((row.group, row.example), {})[row.model] = row
    return {key: by_model for key, by_model in found.items() if all(model in by_model for model in models)}


def summarise(rows: Iterable[Answered], models: Sequence[str], seed: int = 0) -> Comparison:
    """The summary of all answers; the same answers and seed give the same."""
    questions = paired(rows, models)
    found = dict.fromkeys(group for group, _ in questions)
    groups = (*(group for group in GROUPS if group in found), *(group for group in found if group not in GROUPS))
    cells: list[Cell] = []
    for group in groups:
        here = [by_model for (of, _), by_model in questions.items() if of == group]
        kinds = sorted({by_model[models[0]].kind for by_model in here} - {""})
        # One kind alone would say the same twice.
        for kind in ("", *(kinds if len(kinds) > 1 else ())):
            chosen = [q for q in here if not kind or q[models[0]].kind == kind]
            cells += _cells(group, kind, chosen, models, seed)
    return Comparison(models=tuple(models), groups=groups, cells=tuple(cells))


def _cells(
    group: str, kind: str, questions: Sequence[dict[str, Answered]], models: Sequence[str], seed: int
) -> list[Cell]:
    dishes = [by_model[models[0]].dish for by_model in questions]
    cells = []
    for metric in METRICS:
        scores = {model: [metric.score(by_model[model]) for by_model in questions] for model in models}
        for model in models:
            found = None if model == models[0] else interval(scores[models[0]], scores[model], dishes, seed)
            cells.append(
                Cell(
                    group=group,
                    kind=kind,
                    model=model,
                    metric=metric.name,
                    answers=len(questions),
                    dishes=len(set(dishes)),
                    value=ratio(scores[model]),
                    change=found.change if found else None,
                    low=found.low if found else None,
                    high=found.high if found else None,
                )
            )
    return cells
