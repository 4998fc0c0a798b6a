"""A draft read into a recipe: its name, servings, ingredients, tools and steps."""

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from shishen.domains.cooking.durations import whole_time
from shishen.domains.cooking.merging import is_equipment, is_label, merge, once, without_remarks
from shishen.domains.cooking.preparations import preparation_of
from shishen.domains.cooking.quantities import read_line
from shishen.domains.cooking.servings import read_servings
from shishen.domains.cooking.steps import plain_text, read_step
from shishen.domains.cooking.titles import other_names, plain_title
from shishen.errors import BadRecord
from shishen.records import Draft, DraftLine, Ingredient, Line, Recipe, recipe_id

_BRACKETS = re.compile(r"[（(][^（）()]*[）)]")
# 豆角 300g * 2 人: the line gives one person's share; the recipe is for all of them.
_TIMES_PEOPLE = re.compile(r"[*×xX]\s*(\d{1,2})\s*个?人[\s。，,；;]*$")
_TOOL_HEADINGS = frozenset(("工具", "厨具", "用具", "器具", "所需工具", "使用工具", "需要的工具"))
_HEADER_MARKS = re.compile(r"^(?:[\W_]|(?:以下|以上|下面)(?:是|为)?)+|[\W_]+$")


def read_recipe(draft: Draft) -> Recipe:
    """The recipe that a draft describes.

    Raises BadRecord where it has no title or no step at all, or holds what cannot be stored.
    """
    _check_storable(draft)
    title = draft.title.strip()
    if not title:
        raise BadRecord("没有菜名")
    # HowToCook's titles are names already; （半成品加工） there tells two dishes apart.
    name = (title.removesuffix("的做法") or title) if draft.named else plain_title(title)
    steps = tuple(step for step in (read_step(step, name) for step in draft.steps) if step)
    if not steps:
        shown = "".join(c if c.isprintable() else " " for c in title[:30])
        raise BadRecord(f"「{shown}」没有步骤")
    ingredients, tools = read_ingredients(draft)
    aliases = dict.fromkeys(a for a in (*draft.aliases, *other_names(title)) if a and a != name)
    return Recipe(
        id=recipe_id(draft.source),
        name=name,
        title=title,
        source=draft.source,
        aliases=tuple(aliases),
        description=draft.description,
        category=draft.category,
        cuisine=draft.cuisine,
        tastes=draft.tastes,
        difficulty=draft.difficulty,
        minutes=whole_time(draft.description) if draft.minutes is None and draft.named else draft.minutes,
        calories=draft.calories,
        servings=read_servings(draft.servings),
        ingredients=ingredients,
        tools=tools,
        steps=steps,
        tips=draft.tips,
        features=draft.features,
        images=draft.images,
        keywords=draft.keywords,
        extra=draft.extra,
    )


def _check_storable(draft: Draft) -> None:
    """Raises BadRecord where a draft holds half a character, which neither UTF-8 nor the library can."""
    try:
        msgspec.json.encode(draft)
    except UnicodeEncodeError as error:
        raise BadRecord("里面有半个字符（坏掉的表情或编码），存不下；请改好再试") from error


def read_ingredients(draft: Draft) -> tuple[tuple[Ingredient, ...], tuple[str, ...]]:
    """(ingredients, tools) of a draft; what `named` and `lines` both name stands once, with the amount of `lines`."""
    named, named_tools = _without_tools(*_read_lines(draft.named))
    measured, measured_tools = _read_lines(draft.lines)
    own_tools = (tool for text in draft.tools for tool in _tools_in(text))
    tools = dict.fromkeys((*named_tools, *own_tools, *(() if draft.named else measured_tools)))
    if named:
        elsewhere = _key_text(draft)
        ingredients = merge(named, without_remarks(measured, elsewhere))
    else:
        ingredients = once(measured)
    return tuple(ingredients), tuple(tools)


def _key_text(draft: Draft) -> str:
    """All that a draft says of its ingredients outside the lines that measure them, to look names up in."""
    texts = (*(line.text for line in draft.named), *(step.text for step in draft.steps), *draft.tips)
    return "".join("".join(texts).lower().split())


def _read_lines(lines: Sequence[DraftLine]) -> tuple[list[Ingredient], list[str]]:
    """(ingredients, tools) of the lines in order; a header names the group of the lines after it."""
    ingredients: list[Ingredient] = []
    tools: list[str] = []
    heading: str | None = None
    group: str | None = None
    opened = 0
    for line in lines:
        if line.group != heading:
            heading = group = line.group
            opened = len(ingredients)
        read = read_line(line.text)
        if read.kind == "header" or (line is not lines[-1] and is_label(line.text)):
            name = _HEADER_MARKS.sub("", _BRACKETS.sub("", line.text)) or None
            if line.text.lstrip().startswith("以上"):
                # 以上是馅料部分: this heading stands below its lines.
                ingredients[opened:] = [replace(i, group=name) for i in ingredients[opened:]]
                name = None
            group, opened = name, len(ingredients)
        elif read.kind == "tool" or (read.kind == "ingredient" and group in _TOOL_HEADINGS):
            tools.extend(item.name for item in read.items)
        elif read.kind == "ingredient":
            ingredients.extend(_of(read, group))
    return ingredients, tools


def _without_tools(ingredients: list[Ingredient], tools: list[str]) -> tuple[list[Ingredient], list[str]]:
    """Tools that stand in one line with food (锅、菜刀、面粉) moved to the tools; only 必备 names both."""
    kept: list[Ingredient] = []
    moved = list(tools)
    for ingredient in ingredients:
        # 深一点的小铁盆: what the words before 的 say may be read as an ingredient.
        described = re.split(r"[，,]", _BRACKETS.sub("", ingredient.raw))[0].rpartition("的")[2]
        if read_line(ingredient.name).kind == "tool" or is_equipment(ingredient.name):
            moved.append(ingredient.name)
        elif described != ingredient.raw and "、" not in ingredient.raw and read_line(described).kind == "tool":
            moved.append(described)
        else:
            kept.append(ingredient)
    return kept, moved


def _of(line: Line, group: str | None) -> list[Ingredient]:
    """The line's items as ingredients of a group."""
    found = []
    people = _TIMES_PEOPLE.search(line.raw)
    times = float(people[1]) if people else 1.0
    for place, item in enumerate(line.items):
        following = line.items[place + 1].name if place + 1 < len(line.items) else None
        found.append(
            Ingredient(
                raw=line.raw,
                name=item.name,
                min=None if item.min is None else item.min * times,
                max=None if item.max is None else item.max * times,
                unit=item.unit,
                vague=item.vague,
                optional=item.optional,
                alt=item.alt,
                group=group,
                preparation=preparation_of(line.raw, item.name, following),
            )
        )
    return found


@lru_cache(maxsize=4096)
def _tools_in(text: str) -> tuple[str, ...]:
    """The tools that a line of a tools list names."""
    line = read_line(text)
    if line.items:
        return tuple(item.name for item in line.items)
    words = re.split(r"[（(，,。；;]", plain_text(text))[0].strip()
    return (words,) if words else ()
