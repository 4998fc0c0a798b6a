"""The words of a dish as a layout prints them, part by part, for every tool alike."""

import re
from itertools import groupby

from msgspec import Struct

from benchmarks.books.layout import Layout, joined
from benchmarks.books.records import Dish, Printed

_HAN_DIGITS = "零一二三四五六七八九十"
_LATIN = re.compile(r"[A-Za-z0-9]")


class Part(Struct, frozen=True, kw_only=True):
    """One part of a dish: its kind (a name of `Layout.parts`), its label as printed, its items.

    `marks` are what stands before each item (numbers of steps), `amounts` what stands apart after it (tables).
    """

    kind: str
    label: str = ""
    items: tuple[str, ...]
    marks: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()


def chapters(dishes: tuple[Dish, ...]) -> list[tuple[str, list[tuple[int, Dish]]]]:
    """(category, its dishes with their places from 0), in the order of the book."""
    return [
        (category, list(members)) for category, members in groupby(enumerate(dishes), key=lambda pair: pair[1].category)
    ]


def parts_of(kind: str, dish: Dish, layout: Layout, place: int) -> list[Part]:
    """The parts of one kind that a dish has; none where it has nothing to say there. `place` is from 0."""
    labels = layout.labels
    if kind == "title":
        return [Part(kind=kind, label=number(layout.number, place + 1), items=(spaced(dish.name, layout),))]
    if kind == "subtitle":
        return [Part(kind=kind, items=(romanised(dish.name, layout.subtitle),))] if layout.subtitle else []
    if kind == "meta":
        facts = ((labels.servings, dish.servings), (labels.time, dish.time))
        items = tuple(f"{label}：{fact}" for label, fact in facts if label and fact)
        return [Part(kind=kind, items=items)] if items else []
    if kind == "features":
        return [Part(kind=kind, label=label(labels.features, layout), items=(dish.features,))] if dish.features else []
    if kind == "tips":
        tips = dish.tips[: layout.most_tips]
        return [Part(kind=kind, label=label(labels.tips, layout), items=tips)] if tips else []
    if kind == "steps":
        marks = tuple(number(layout.mark, n) for n in range(1, len(dish.steps) + 1))
        return [Part(kind=kind, label=label(labels.steps, layout), items=dish.steps, marks=marks)]
    return _ingredients(dish, layout)


def _ingredients(dish: Dish, layout: Layout) -> list[Part]:
    labels = layout.labels
    foods = [p for p in dish.ingredients if not (labels.seasonings and p.seasoning)]
    seasonings = [p for p in dish.ingredients if labels.seasonings and p.seasoning]
    return [
        _list(printed, label(word, layout), layout)
        for printed, word in ((foods, labels.ingredients), (seasonings, labels.seasonings))
        if printed
    ]


def _list(printed: list[Printed], word: str, layout: Layout) -> Part:
    if layout.ingredients == "table":
        return Part(
            kind="ingredients",
            label=word,
            items=tuple(p.name for p in printed),
            amounts=tuple(p.amount for p in printed),
        )
    lines = [joined(p, layout.gap if layout.ingredients == "list" else " ") for p in printed]
    if layout.ingredients == "list":
        lines = [layout.joiner.join(lines)]
    return Part(kind="ingredients", label=word, items=tuple(lines))


def label(word: str, layout: Layout) -> str:
    """A label as the layout prints it; nothing for no label."""
    return layout.labels.form.format(word) if word else ""


def number(form: str, n: int) -> str:
    """A number in a form: `{n}.` → 3., `第{han}步` → 第三步, `{circled}` → ③."""
    return form.format(n=n, han=han_number(n), circled=circled(n))


def han_number(n: int) -> str:
    """1–99 in Han digits; above, the digits alone (一二〇 as numbers of pages have it)."""
    if n >= 100:
        return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(n))
    tens, ones = divmod(n, 10)
    if not tens:
        return _HAN_DIGITS[ones]
    return f"{_HAN_DIGITS[tens] if tens > 1 else ''}十{_HAN_DIGITS[ones] if ones else ''}"


def circled(n: int) -> str:
    """①–⑳; beyond, the number in brackets, which is what a printer's case has."""
    return chr(0x245F + n) if n <= 20 else f"({n})"


def spaced(name: str, layout: Layout) -> str:
    """A short name with its characters set apart (红 烧 肉), where the layout asks for it."""
    return " ".join(name) if layout.spaced and len(name) <= 5 and not _LATIN.search(name) else name


def romanised(name: str, how: str) -> str:
    """The name in pinyin with tones, or in plain Latin capitals as on a menu."""
    from pypinyin import Style, lazy_pinyin

    if how == "pinyin":
        return " ".join(lazy_pinyin(name, style=Style.TONE))
    return " ".join(word.capitalize() for word in lazy_pinyin(name))
