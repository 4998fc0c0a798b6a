"""The report of a comparison: one HTML page with the figures and the answers side by side, and the same as JSON.

The page needs no other file and no network. Without scripts everything is there; scripts only filter.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

import msgspec

from shishen.evaluation.answered import Answered
from shishen.evaluation.comparison import Cell, Comparison, paired
from shishen.evaluation.differences import LONGEST_SHOWN, differences
from shishen.evaluation.metrics import METRICS
from shishen.evaluation.table import change, value
from shishen.evaluation.verdict import MAIN, title_of, verdicts
from shishen.standalone_page import style_of

_PAGE = Path(__file__).parent / "page"
# Of more than these a person reads none; all of them are in the file of answers.
MOST_SHOWN = 300
_NOTHING = "<p class='soft'>（什么也没有说）</p>"
_MAIN = next(metric for metric in METRICS if metric.name == MAIN)


def as_json(comparison: Comparison, settings: Mapping[str, object]) -> bytes:
    """The summary, its sentences and how the answers were drawn."""
    whole = {
        "verdicts": verdicts(comparison),
        "settings": settings,
        **msgspec.to_builtins(comparison),
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def page(comparison: Comparison, rows: Iterable[Answered], settings: Mapping[str, str]) -> Iterator[str]:
    """The page in pieces; `settings` are named in Chinese and stand at its head."""
    title = " 和 ".join(comparison.models)
    script = _part("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    whole = _part("report.html").replace("{{style}}", style_of(_part("report.css"))).replace("{{digest}}", digest)
    before, _, after = whole.replace("{{script}}", script).partition("{{contents}}")
    yield before.replace("{{title}}", escape(title))
    yield _summary(comparison, settings)
    yield from _answers(comparison, rows)
    yield after


def _part(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


def _summary(comparison: Comparison, settings: Mapping[str, str]) -> str:
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in verdicts(comparison))
    parts = [f'<section id="summary"><h2>结论</h2><ul class="verdicts">{said}</ul>']
    parts += [_group(comparison, group) for group in comparison.groups]
    parts.append('<h2 id="explained">怎么看</h2><dl>')
    parts += [f"<dt>{escape(metric.title)}</dt><dd>{escape(metric.explained)}。</dd>" for metric in METRICS]
    parts.append(
        f"<dt>区间</dt><dd>和「{escape(comparison.models[0])}」的差，{comparison.level:.0%} 区间；"
        f"按菜成对重抽 {comparison.resamples} 次。区间不含 0 才算有差别，不到 5 道菜不给。</dd>"
    )
    parts += [f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in settings.items()]
    parts.append("</dl></section>\n")
    return "".join(parts)


def _group(comparison: Comparison, group: str) -> str:
    cells = comparison.of(group)
    counts = f"{cells[0].answers} 问，{cells[0].dishes} 道"
    text = f'<h2>{escape(title_of(group))}菜 <span class="soft">{counts}</span></h2>'
    text += _table(comparison, cells)
    if kinds := comparison.kinds(group):
        rows = "".join(_kind_row(comparison, group, kind) for kind in kinds)
        text += (
            f"<details><summary>按问法看（{escape(_MAIN.title)}）</summary><div class='wide'><table>"
            f"<thead><tr><th>问法</th><th>问</th>{_heads(comparison)}</tr></thead><tbody>{rows}</tbody></table></div></details>"
        )
    return text


def _table(comparison: Comparison, cells: Sequence[Cell]) -> str:
    rows = []
    for metric in METRICS:
        those = [cell for cell in cells if cell.metric == metric.name]
        note = "<small> 越少越好</small>" if metric.less_is_better else ""
        row = _values(those, metric.less_is_better)
        rows.append(f'<tr><th title="{escape(metric.explained)}">{escape(metric.title)}{note}</th>{row}</tr>')
    head = f"<thead><tr><th>指标</th>{_heads(comparison)}</tr></thead>"
    return f"<div class='wide'><table>{head}<tbody>{''.join(rows)}</tbody></table></div>"


def _heads(comparison: Comparison) -> str:
    return "".join(
        f"<th>{escape(model)}</th>" + ("<th>变化（95% 区间）</th>" if n else "")
        for n, model in enumerate(comparison.models)
    )


def _kind_row(comparison: Comparison, group: str, kind: str) -> str:
    those = [cell for cell in comparison.of(group, kind) if cell.metric == MAIN]
    return f"<tr><th>{escape(kind)}</th><td>{those[0].answers}</td>{_values(those, _MAIN.less_is_better)}</tr>"


def _values(cells: Sequence[Cell], less_is_better: bool) -> str:
    text = ""
    for n, cell in enumerate(cells):
        text += f"<td>{value(cell)}</td>"
        if n:
            figure, bracket, rest = change(cell).partition("（")
            span = f"<span>{bracket}{rest}</span>" if rest else ""
            text += f'<td class="change {_tone(cell, less_is_better)}">{figure}{span}</td>'
    return text


def _tone(cell: Cell, less_is_better: bool) -> str:
    """Better, worse, or not to be told apart."""
    if cell.low is None or cell.high is None or cell.low <= 0 <= cell.high:
        return "even"
    return "better" if (cell.low > 0) != less_is_better else "worse"


def _answers(comparison: Comparison, rows: Iterable[Answered]) -> Iterator[str]:
    questions = list(paired(rows, comparison.models).values())
    shown = _spread(questions, comparison)
    only = f"（{len(questions)} 问里的 {len(shown)} 问，其余在 answers.jsonl）" if len(shown) < len(questions) else ""
    kinds = sorted({q[comparison.models[0]].kind for q in shown} - {""})
    yield '<section id="answers"><h2>一问一问看 ' + f'<span class="soft">{only}</span></h2>'
    yield _bar(comparison.groups, kinds)
    for question in shown:
        yield _question(comparison.models, question)
    yield '<p class="soft" id="none" hidden>没有符合的。</p></section>\n'


def _spread(questions: list[dict[str, Answered]], comparison: Comparison) -> list[dict[str, Answered]]:
    """As many of each group as there is room for, in their order."""
    first = comparison.models[0]
    left = {group: MOST_SHOWN // max(len(comparison.groups), 1) for group in comparison.groups}
    shown = []
    for question in questions:
        group = question[first].group
        if left[group] > 0:
            left[group] -= 1
            shown.append(question)
    return shown


def _bar(groups: Sequence[str], kinds: Sequence[str]) -> str:
    of_groups = "".join(f'<option value="{escape(group)}">{escape(title_of(group))}菜</option>' for group in groups)
    of_kinds = "".join(f'<option value="{escape(kind)}">{escape(kind)}</option>' for kind in kinds)
    return (
        '<nav class="bar" id="bar" aria-label="筛选" hidden>'
        f'<label>哪些菜 <select id="group"><option value="">全部</option>{of_groups}</select></label>'
        f'<label>问法 <select id="kind"><option value="">全部</option>{of_kinds}</select></label>'
        '<label><input type="checkbox" id="worse"> 只看变差的</label>'
        '<label><input type="checkbox" id="wrong"> 只看没答对的</label><output id="count"></output></nav>\n'
    )


def _question(models: Sequence[str], by_model: dict[str, Answered]) -> str:
    first = by_model[models[0]]
    scores = [_MAIN.score(by_model[model])[0] for model in models]
    # Of several tuned models any one is enough.
    worse = min(scores[1:]) < scores[0]
    asked = [m for m in first.asked if m.role != "system"]
    before = "".join(
        f'<p class="turn"><b>{"问" if m.role == "user" else "答"}</b> {escape(m.content)}</p>' for m in asked[:-1]
    )
    history = f"<details><summary>前面的对话（{len(asked[:-1])} 句）</summary>{before}</details>" if before else ""
    columns = [f'<div class="answer"><h4>标准答案</h4><div class="text">{escape(_cut(first.reference))}</div></div>']
    for model, score in zip(models, scores, strict=True):
        row = by_model[model]
        ending = "" if row.ended else ' <span class="worse">没说完</span>'
        columns.append(
            f'<div class="answer"><h4>{escape(model)} <span class="soft">{score:.2f}</span>{ending}</h4>'
            f'<div class="text">{_marked(row)}</div></div>'
        )
    labels = escape(f"{title_of(first.group)}菜" + (f" · {first.kind}" if first.kind else ""))
    return (
        f'<article data-group="{escape(first.group)}" data-kind="{escape(first.kind)}" data-worse="{int(worse)}"'
        f' data-wrong="{int(min(scores[1:]) < 1)}">'
        f'<h3>{escape(asked[-1].content if asked else "")}</h3><p class="soft">{labels}</p>{history}'
        f'<div class="side">{"".join(columns)}</div></article>\n'
    )


def _marked(row: Answered) -> str:
    """The answer with other words marked, and what it lacks."""
    if not row.said.strip():
        return _NOTHING
    if row.said == row.reference:
        return escape(_cut(row.said))
    marks = {"same": "{}", "other": "<ins>{}</ins>", "missing": "<del>{}</del>"}
    text = "".join(marks[piece.kind].format(escape(piece.text)) for piece in differences(row.said, row.reference))
    return text + ("…" if len(row.said) > LONGEST_SHOWN else "")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
