"""How a test cookbook looks and what it is made of: one TOML file a book in `layouts/`, read into a `Layout`.

A layout of a tool that sets HTML has a style sheet of its name beside it.
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from benchmarks.books.dishes import dishes_of, in_script
from benchmarks.books.records import Dish, Printed
from shishen.domains.cooking.quantities import read_line

LAYOUTS = Path(__file__).parent / "layouts"


class Labels(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words before the parts of a dish; a part whose label is empty stands without one.

    With `seasonings` the ingredients stand in two lists. `form` is how a label is printed, `{}` the label.
    """

    ingredients: str = "材料"
    seasonings: str = ""
    steps: str = "做法"
    features: str = "特点"
    tips: str = "小贴士"
    servings: str = "份量"
    time: str = "时间"
    form: str = "{}"


class Layout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One book. `parts` is the order of a dish's parts; a list inside it is a box of its own (HTML only).

    `ingredients`: one a line, name and amount apart (`table`), or joined by `joiner` in a sentence (`list`).
    `mark` stands before a step, `number` before a title: `{n}` 3, `{han}` 三, `{circled}` ③. `run_in` sets each part
    of a dish in one paragraph that its label begins. `gap` is what stands between a list's name and amount.
    `first`, `count`, `most_steps` and `wanted` (a pattern that a step must have) choose the dishes of `source`, which
    come `repeat` times. `hyphens` lets long Latin words break with a soft hyphen (HTML only).
    """

    tool: Literal["reportlab", "weasyprint", "chromium"]
    title: str
    source: Literal["howtocook", "house", "xiachufang"] = "howtocook"
    first: int = 0
    count: int = 10
    repeat: int = 1
    most_steps: int = 99
    wanted: str = ""
    categories: bool = True
    contents: bool = False
    script: str = ""
    parts: tuple[str | tuple[str, ...], ...] = ("title", "meta", "features", "ingredients", "steps", "tips")
    labels: Labels = Labels()
    ingredients: Literal["lines", "table", "list"] = "lines"
    joiner: str = "、"
    gap: str = ""
    mark: str = "{n}. "
    number: str = ""
    subtitle: Literal["", "pinyin", "latin"] = ""
    spaced: bool = False
    run_in: bool = False
    hyphens: bool = False
    most_tips: int = 3
    # What follows is for reportlab alone; the others have their style sheets.
    fonts: tuple[str, ...] = ("WenQuanYi Zen Hei",)
    title_fonts: tuple[str, ...] = ()
    columns: int = 2
    size: float = 8.5
    title_size: float = 13.0
    margin: float = 48.0
    colour: str = "#8a2b1d"
    centred: bool = False
    page_a_dish: bool = False


def layout_names() -> list[str]:
    """The name of every layout, sorted."""
    return sorted(path.stem for path in LAYOUTS.glob("*.toml"))


@cache
def layout(name: str) -> Layout:
    """The layout of a name. Raises FileNotFoundError, and msgspec.ValidationError for a file that is wrong."""
    described: dict[str, Any] = tomllib.loads((LAYOUTS / f"{name}.toml").read_text(encoding="utf-8"))
    return msgspec.convert(described, Layout)


def style_sheet(name: str) -> str:
    """The style sheet of a layout, after what all books share."""
    return "".join((LAYOUTS / f"{sheet}.css").read_text(encoding="utf-8") for sheet in ("base", name))


def dishes_for(chosen: Layout) -> tuple[Dish, ...]:
    """The dishes of a book, in the order in which they are printed."""
    fitting = [dish for dish in dishes_of(chosen.source) if _fits(dish, chosen)]
    dishes = fitting[chosen.first : chosen.first + chosen.count] * chosen.repeat
    return tuple(in_script(dish, chosen.script) for dish in dishes) if chosen.script else tuple(dishes)


def _fits(dish: Dish, chosen: Layout) -> bool:
    """Whether a book of this layout can say the dish without doubt.

    花椒、八角3克: in a sentence an amount may be read as that of two; then no reader can be asked for one.
    """
    if len(dish.steps) > chosen.most_steps or not any(re.search(chosen.wanted, step) for step in dish.steps):
        return False
    if chosen.ingredients != "list":
        return True
    lines = [joined(printed, chosen.gap) for printed in dish.ingredients]
    apart = [item for line in lines for item in read_line(line).items]
    return list(read_line(chosen.joiner.join(lines)).items) == apart


def joined(printed: Printed, gap: str) -> str:
    """盐3克: an ingredient as it stands in a line or a sentence; without a gap the unit closes up too."""
    if not printed.amount or gap:
        return f"{printed.name}{gap}{printed.amount}".strip()
    return f"{printed.name}{printed.amount.replace(' ', '')}"
