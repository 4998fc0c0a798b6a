"""Pictures of the card: histograms and bars as inline SVG, their words in HTML so that they never shrink with it."""

from collections.abc import Mapping
from html import escape

from shishen.training.card.tally import Bin, Distribution

_HEIGHT = 100
# A single bar over the whole width is no picture; so many places there are at least.
_FEWEST_BINS = 8
_MOST_LABELS = 6


def histogram(name: str, unit: str, lengths: Distribution) -> str:
    """A histogram of lengths over bins that are even in their logarithm, with the median and 90% marked."""
    bins = lengths.bins
    if not bins:
        return f'<figure class="histogram"><figcaption>{escape(name)}</figcaption><p>没有数据。</p></figure>'
    places = max(len(bins), _FEWEST_BINS)
    tallest = max(b.count for b in bins)
    bars = "".join(
        f'<rect x="{n + 0.06:.2f}" y="{_HEIGHT - height:.2f}" width="0.88" height="{height:.2f}">'
        f"<title>{_span(b)} {unit}：{b.count:,}</title></rect>"
        for n, b in enumerate(bins)
        if (height := b.count / tallest * _HEIGHT)
    )
    marks = "".join(
        f'<line class="mark" x1="{at:.3f}" x2="{at:.3f}" y1="0" y2="{_HEIGHT}"/>'
        for at in (_place(bins, lengths.median), _place(bins, lengths.p90))
    )
    labels = "".join(
        f'<span style="left:{n / places * 100:.2f}%">{_short(bins[n].least)}</span>'
        for n in _labelled(bins)
        if n < places * 0.92
    )
    summary = (
        f"平均 {lengths.mean:,.0f}，中位 {lengths.median:,}，90% 不超过 {lengths.p90:,}，"
        f"99% 不超过 {lengths.p99:,}，最长 {lengths.longest:,}（{unit}）"
    )
    return (
        f'<figure class="histogram"><figcaption>{escape(name)}<small>最高一格 {tallest:,}</small></figcaption>'
        f'<svg viewBox="0 0 {places} {_HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(name)}：{summary}">{bars}{marks}</svg>'
        f'<div class="axis" aria-hidden="true">{labels}</div><p>{summary}。虚线是中位数和 90%。</p></figure>'
    )


def stacked_bar(counts: Mapping[str, int], whole: int) -> str:
    """One bar out of parts, as wide as their share of the whole; each part has the class of its name."""
    at = 0.0
    parts = []
    for name, count in counts.items():
        width = count / max(whole, 1) * 100
        parts.append(f'<rect class="{escape(name)}" x="{at:.3f}" y="0" width="{width:.3f}" height="10"/>')
        at += width
    return f'<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{"".join(parts)}</svg>'


def _place(bins: tuple[Bin, ...], length: int) -> float:
    """Where a length stands among the bins, in bins; in the middle of its own."""
    return next(n for n, b in enumerate(bins) if length < b.below) + 0.5


def _labelled(bins: tuple[Bin, ...]) -> list[int]:
    """The bins whose beginning is named: 1, 2, 5, 10 …; fewer of them where that would be too many."""
    for leading in ("125", "15", "1"):
        found = [n for n, b in enumerate(bins) if b.least and str(b.least).rstrip("0") in set(leading)]
        if len(found) <= _MOST_LABELS:
            break
    return found or [0]


def _span(span: Bin) -> str:
    return f"{span.least:,}" if span.below == span.least + 1 else f"{span.least:,}–{span.below - 1:,}"


def _short(number: int) -> str:
    return f"{number // 10_000}万" if number >= 10_000 and number % 10_000 == 0 else str(number)
