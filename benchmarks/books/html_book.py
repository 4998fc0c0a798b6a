"""A cookbook as one HTML page, for the tools that print HTML; how it looks is in the layout's style sheet."""

import re
from collections.abc import Sequence
from html import escape

from benchmarks.books.layout import Layout
from benchmarks.books.records import Dish
from benchmarks.books.wording import Part, chapters, parts_of

_LONG_WORD = re.compile(r"[A-Za-z]{6,}")
# Drawn, not photographed: what matters is that a picture stands between the lines.
_PLATE = (
    '<svg viewBox="0 0 160 100"><rect width="160" height="100" fill="#d9c9a8"/><circle cx="80" cy="52" r="42" '
    'fill="#fff" stroke="#998" stroke-width="2"/><circle cx="80" cy="52" r="29" fill="hsl({hue} 60% 45%)"/>'
    '<circle cx="70" cy="45" r="9" fill="hsl({hue} 65% 58%)"/><circle cx="90" cy="57" r="11" fill="#5a8a3a"/></svg>'
)


def page(style: str, layout: Layout, dishes: tuple[Dish, ...], pages: Sequence[int] | None = None) -> str:
    """The whole HTML with its style sheet.

    `pages` are the numbers for the table of contents where the tool cannot count them itself.
    """
    language = "zh-Hant" if layout.script else "zh-Hans"
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(layout.title)}</title>'
        f"<style>{style}</style></head><body>"
        f'<p class="book">{escape(layout.title)}</p>'
        f"{contents(layout, dishes, pages) if layout.contents else ''}"
        f"{''.join(_chapter(layout, category, members) for category, members in chapters(dishes))}</body></html>"
    )


def contents(layout: Layout, dishes: tuple[Dish, ...], pages: Sequence[int] | None) -> str:
    """Categories and under them dishes, with the number of the page, or room for the tool to count it."""

    def entry(place: int, dish: Dish) -> str:
        number = f'<span class="at">{pages[place]}</span>' if pages else ""
        dots = '<span class="dots"></span>' if pages else ""
        return f'<li><a href="#d{place}">{escape(dish.name)}{dots}{number}</a></li>'

    groups = "".join(
        f"<h3>{escape(category)}</h3><ul>{''.join(entry(place, dish) for place, dish in members)}</ul>"
        for category, members in chapters(dishes)
    )
    word = "目　錄" if layout.script else "目　录"
    return f'<nav><p class="contents">{word}</p>{groups}</nav>'


def _chapter(layout: Layout, category: str, members: list[tuple[int, Dish]]) -> str:
    heading = f'<h1 class="category">{escape(category)}</h1>' if layout.categories and category else ""
    return (
        f'<section class="chapter">{heading}{"".join(_dish(layout, dish, place) for place, dish in members)}</section>'
    )


def _dish(layout: Layout, dish: Dish, place: int) -> str:
    boxes = []
    for kinds in layout.parts:
        if isinstance(kinds, str):
            boxes.append(_parts(kinds, layout, dish, place))
        else:
            inner = "".join(_parts(kind, layout, dish, place) for kind in kinds)
            boxes.append(f'<div class="box box-{"-".join(kinds)}">{inner}</div>')
    return f'<article class="dish dish{place % 3}">{"".join(boxes)}</article>'


def _parts(kind: str, layout: Layout, dish: Dish, place: int) -> str:
    if kind == "figure":
        plate = _PLATE.format(hue=place * 47 % 360)
        return f"<figure>{plate}<figcaption>图 {place + 1}　{escape(dish.name)}成品</figcaption></figure>"
    if kind == "footnote":
        note = f'<span class="footnote">{escape(dish.tips[0])}</span>' if dish.tips else ""
        return f'<p class="features">{escape(dish.features)}{note}</p>'
    return "".join(_part(part, layout, place) for part in parts_of(kind, dish, layout, place))


def _part(part: Part, layout: Layout, place: int) -> str:
    if part.kind == "title":
        number = f'<span class="number">{escape(part.label)}</span>' if part.label else ""
        return f'<h2 class="title" id="d{place}">{number}{escape(part.items[0])}</h2>'
    if part.kind in ("subtitle", "meta"):
        return f'<p class="{part.kind}">{"".join(f"<span>{escape(item)}</span>" for item in part.items)}</p>'
    marks = part.marks or ("",) * len(part.items)
    if layout.run_in:
        text = "".join(mark + item for mark, item in zip(marks, part.items, strict=True))
        return f'<p class="{part.kind}"><b class="label">{escape(part.label)}</b>{escape(text)}</p>'
    soft = _with_soft_hyphens if layout.hyphens else str
    label = f'<h3 class="label">{escape(part.label)}</h3>' if part.label else ""
    if part.amounts:
        rows = zip(part.items, part.amounts, strict=True)
        items = "".join(_row(name, amount) for name, amount in rows)
    else:
        items = "".join(
            f'<li>{f"""<span class="mark">{escape(mark)}</span>""" if mark else ""}<span>{escape(item)}</span></li>'
            for mark, item in zip(marks, map(soft, part.items), strict=True)
        )
    return f'<div class="{part.kind}">{label}<ul>{items}</ul></div>'


def _with_soft_hyphens(text: str) -> str:
    """Latin words that may break after every third letter; no dictionary is asked, as no reader should need one."""
    return _LONG_WORD.sub(lambda word: "\u00ad".join(re.findall(r"...?(?!.$)|.+", word[0])), text)


def _row(name: str, amount: str) -> str:
    dots = '<span class="dots"></span>' if amount else ""
    return f'<li class="row"><span>{escape(name)}</span>{dots}<span class="amount">{escape(amount)}</span></li>'
