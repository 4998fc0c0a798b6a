"""The report of a run: one HTML file with its curves, its settings and the answers on the way. Nothing is fetched."""

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

import msgspec

from shishen.standalone_page import style_of
from shishen.training.run_config import RunConfig
from shishen.training.run_folder import Evaluated, Progress, RunFolder, Sample, full_disk_named

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720, 260, 76, 30
# Spaces between the lines behind a curve.
_LINES = 4
# Points of a curve; more are not seen.
_POINTS = 600
_STYLE = """
:root { --a: #c0392b; --b: #2471a3; }
@media (prefers-color-scheme: dark) { :root { --a: #ff7b6b; --b: #7ab8e8; } }
body { max-width: 60rem; }
svg { width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid var(--line); padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }
td.text { white-space: pre-wrap; }
.facts { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; }
.facts b { display: block; font-size: 1.4rem; }
text { fill: var(--soft); font-size: 12px; }
@media (max-width: 40rem) { text { font-size: 20px; } }
.wide, details pre { overflow-x: auto; }
"""


def write_report(run: RunFolder, config: RunConfig) -> None:
    """Write `report.html` out of what the run noted."""
    lines = run.metrics()
    steps = [line for line in lines if isinstance(line, Progress)]
    evaluated = [line for line in lines if isinstance(line, Evaluated)]
    partial = run.path / ".report.html.partial"
    with full_disk_named(run.report):
        partial.write_text(_page(run, config, steps, evaluated, run.samples()), encoding="utf-8")
        partial.replace(run.report)


def _page(
    run: RunFolder,
    config: RunConfig,
    steps: Sequence[Progress],
    evaluated: Sequence[Evaluated],
    samples: Sequence[Sample],
) -> str:
    seconds = sum(step.seconds for step in steps)
    learned = sum(step.learned for step in steps)
    facts = {
        "步": f"{len(steps):,}",
        "用时": _duration(seconds),
        "学过的词元": f"{learned:,}",
        "词元/秒": f"{learned / max(seconds, 1e-6):,.0f}",
        "最后的损失": f"{steps[-1].loss:.4f}" if steps else "—",
        "最好的验证损失": f"{min(e.dev_loss for e in evaluated):.4f}" if evaluated else "—",
        "内存（显存）最多": f"{max((s.memory_mb for s in steps), default=0):,} MB",
    }
    told = "".join(f"<span>{escape(name)}<b>{escape(value)}</b></span>" for name, value in facts.items())
    loss = [("训练", "--a", [(s.step, s.loss) for s in steps])]
    loss.append(("验证", "--b", [(e.step, e.dev_loss) for e in evaluated]))
    charts = [
        ("损失", curve(loss)),
        ("学习率", curve([("学习率", "--a", [(s.step, s.rate) for s in steps])])),
        ("梯度的大小", curve([("梯度", "--a", [(s.step, s.gradient_norm) for s in steps])])),
        ("每秒学多少词元", curve([("词元/秒", "--a", [(s.step, s.learned / max(s.seconds, 1e-6)) for s in steps])])),
    ]
    drawn = "".join(f"<h2>{name}</h2>{svg}" for name, svg in charts if svg)
    settings = escape(msgspec.json.format(msgspec.json.encode(config), indent=2).decode())
    name = escape(run.path.name)
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>训练 {name}</title><style>{style_of(_STYLE)}</style><h1>训练 {name}</h1>"
        f"<p>{escape(config.base)}　{config.method}</p>"
        f'<div class="facts">{told}</div>{drawn}{_samples(samples)}'
        f"<details><summary>全部设置</summary><pre>{settings}</pre></details></html>"
    )


def _samples(samples: Sequence[Sample]) -> str:
    if not samples:
        return ""
    rows = "".join(
        f'<tr><td>{s.step}</td><td class="text">{escape(s.question)}</td>'
        f'<td class="text">{escape(s.answer)}{"" if s.ended else "……（没有停）"}</td>'
        f'<td class="text">{escape(s.expected)}</td></tr>'
        for s in samples
    )
    head = "<tr><th>步</th><th>问</th><th>答</th><th>应答</th></tr>"
    return f'<h2>路上的回答</h2><div class="wide"><table>{head}{rows}</table></div>'


def curve(series: Sequence[tuple[str, str, Sequence[tuple[float, float]]]]) -> str:
    """Lines over steps as SVG: (name, colour variable, points) each; '' where there are no points."""
    kept = [(name, colour, _thinned([p for p in points if math.isfinite(p[1])])) for name, colour, points in series]
    points = [point for _, _, found in kept for point in found]
    if not points:
        return ""
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    bottom, step = _scale(min(0.0, min(y for _, y in points)), max(y for _, y in points))
    width, height = max(right - left, 1e-9), step * _LINES

    def at(x: float, y: float) -> str:
        across = _LEFT + (x - left) / width * (_WIDTH - _LEFT - 10)
        return f"{across:.1f},{(_HEIGHT - _BOTTOM) - (y - bottom) / height * (_HEIGHT - _BOTTOM - 14):.1f}"

    parts = []
    for n in range(_LINES + 1):
        value = bottom + step * n
        (x0, y0), x1 = at(left, value).split(","), at(right, value).split(",")[0]
        parts.append(f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y0}" stroke="var(--line)"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{float(y0) + 4:.1f}" text-anchor="end">{_number(value)}</text>')
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 8}">第 {left:g} 步</text>')
    parts.append(f'<text x="{_WIDTH - 10}" y="{_HEIGHT - 8}" text-anchor="end">第 {right:g} 步</text>')
    for n, (name, colour, found) in enumerate(kept):
        if not found:
            continue
        path = " ".join(at(x, y) for x, y in found)
        parts.append(f'<polyline points="{path}" fill="none" stroke="var({colour})" stroke-width="1.8"/>')
        if len(found) == 1:
            x, y = path.split(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="var({colour})"/>')
        place = f'x="{_WIDTH - 16}" y="{24 + 16 * n}" text-anchor="end"'
        parts.append(f'<text {place} style="fill:var({colour})">{escape(name)}</text>')
    words = escape("、".join(name for name, _, found in kept if found))
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{words}">{"".join(parts)}</svg>'


def _scale(bottom: float, top: float) -> tuple[float, float]:
    """(where the lowest line is, how far apart they are), in round numbers, so that all lies between."""
    least = max(top - bottom, 1e-9) / _LINES
    power = 10.0 ** math.floor(math.log10(least))
    for round_ in (1, 2, 2.5, 5, 10, 20, 25, 50):
        step = round_ * power
        lowest = math.floor(bottom / step) * step
        if lowest + step * _LINES >= top:
            return lowest, step
    raise AssertionError("fifty tenths are enough")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most so many points, each the mean of those around it."""
    if len(points) <= _POINTS:
        return list(points)
    edges = [round(n * len(points) / _POINTS) for n in range(_POINTS + 1)]
    groups = [points[a:b] for a, b in pairwise(edges)]
    return [(sum(x for x, _ in g) / len(g), sum(y for _, y in g) / len(g)) for g in groups if g]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} 小时 {minutes} 分" if hours else f"{minutes} 分 {rest} 秒" if minutes else f"{rest} 秒"
