"""Verdict: what was learned and what was forgotten, in a sentence a group, from the summary by rule."""

from shishen.evaluation.comparison import GROUPS, Cell, Comparison
from shishen.evaluation.intervals import FEWEST

# What one looks at first; the others follow in brackets.
MAIN = "char_f1"
_BESIDE = (("exact", "一字不差"), ("amounts_right", "用量有据"), ("ended", "正常结束"))
# Better, no difference to be seen, worse: of what was taught, of what was not, of what was known before.
_WORDS = {
    "seen": ("学会了", "看不出学会", "反而差了"),
    "unseen": ("没教过的也好了", "没教过的看不出变化", "没教过的差了"),
    "old": ("旧的没有忘，还更好", "看不出忘记", "忘了一些"),
}
_OTHERS = ("好了", "看不出变化", "差了")


def verdicts(comparison: Comparison) -> list[str]:
    """A sentence for each model but the first and each group, with its figures and interval."""
    first, *others = comparison.models
    sentences = []
    for model in others:
        for group in comparison.groups:
            before, after = (comparison.cell(group, name, MAIN) for name in (first, model))
            if before and after and before.value is not None and after.value is not None:
                sentences.append(_sentence(comparison, group, before, after))
    return sentences


def _sentence(comparison: Comparison, group: str, before: Cell, after: Cell) -> str:
    words = _WORDS.get(group, _OTHERS)
    counted = f"{after.answers} 问、{after.dishes} 道"
    figures = f"字面 F1 {before.value:.2f} → {after.value:.2f}"
    if after.low is None or after.high is None:
        return f"{after.model}：{title_of(group)}菜只问到 {counted}，不到 {FEWEST} 道，不下结论（{figures}）。"
    verdict = words[0] if after.low > 0 else words[2] if after.high < 0 else words[1]
    span = f"{signed(after.change)}，95% 区间 {signed(after.low)} 至 {signed(after.high)}"
    beside = []
    for metric, title in _BESIDE:
        pair = [comparison.cell(group, model, metric) for model in (before.model, after.model)]
        values = ["—" if cell is None or cell.value is None else f"{cell.value:.0%}" for cell in pair]
        beside.append(f"{title} {values[0]} → {values[1]}")
    return f"{after.model}：{verdict}。{title_of(group)}菜（{counted}）{figures}（{span}）；{'，'.join(beside)}。"


def title_of(group: str) -> str:
    """What a group is called."""
    return GROUPS.get(group, f"「{group}」的")


def signed(value: float | None) -> str:
    """+0.12, -0.05; a dash for None."""
    # Nothing is +0.00, never -0.00.
    return "—" if value is None else f"{round(value, 2) + 0.0:+.2f}"
