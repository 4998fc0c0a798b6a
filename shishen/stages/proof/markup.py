"""Sheets, dishes and their marks as HTML; whatever comes from a file is escaped here."""

import base64
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from shishen.domains.cooking.composing import span
from shishen.errors import UnreadableFile
from shishen.records import Ingredient, Range, Recipe, Rejected, Step
from shishen.source_file import Limits
from shishen.stages.proof.picture import jpeg_of, overlay, tone
from shishen.stages.proof.sheet import Dish, Mark, Sheet

FIELDS = {
    "title": "菜名",
    "doubts": "有疑问",
    "category": "分类",
    "servings": "份量",
    "ingredients": "食材",
    "steps": "步骤",
    "tips": "小贴士",
}


def field_name(name: str) -> str:
    """A field as people call it."""
    return escape(FIELDS.get(name, name))


def sheet_markup(sheet: Sheet, anchor: str, limits: Limits) -> str:
    """One page: what it looks like, and beside it the dishes that begin there. Opens its picture now."""
    left = _left(sheet, limits)
    unsure = bool(sheet.rejected) or any(dish.marks for dish in sheet.begun)
    empty = not (sheet.begun or sheet.going_on or sheet.rejected)
    classes = "sheet" + (" unsure" if unsure else "") + (" empty" if empty else "") + ("" if left else " alone")
    heading = f'<h3><a href="#{anchor}">第 {sheet.number} 页</a></h3>' if sheet.number else ""
    right = "".join((*_going_on(sheet), *(dish_markup(dish) for dish in sheet.begun), *_rejected(sheet)))
    right = right or '<p class="nothing">这一页没有读到菜。</p>'
    body = f'{left}<div class="dishes">{right}</div>'
    return f'<section class="{classes}" id="{anchor}">{heading}<div class="pair">{body}</div></section>\n'


def _left(sheet: Sheet, limits: Limits) -> str:
    """The picture with its regions; the lines where there is no picture, or where it cannot be opened."""
    fault = ""
    if sheet.image:
        try:
            data = base64.b64encode(jpeg_of(sheet, limits)).decode()
        except UnreadableFile as error:
            fault = f'<p class="fault">{escape(str(error))}</p>'
        else:
            shown = f"第 {sheet.number} 页的图" if sheet.number else "图"
            # So that nothing moves when it is decoded, far above where somebody reads.
            size = f' width="{round(sheet.width)}" height="{round(sheet.height)}"' if sheet.width > 0 else ""
            image = f'<img alt="{shown}"{size} decoding="async" src="data:image/jpeg;base64,{data}">'
            return f'<figure class="picture">{image}{overlay(sheet)}</figure>'
    if not sheet.lines and not fault:
        return ""
    return f'<div class="text">{fault}{"".join(_texts(sheet))}</div>'


def _texts(sheet: Sheet) -> Iterator[str]:
    for index, line in enumerate(sheet.lines):
        dish = sheet.owners.get(index)
        owned = f' class="{tone(dish)}" data-dish="{dish}"' if dish is not None else ""
        yield f"<p{owned}>{escape(line.text)}</p>"


def _going_on(sheet: Sheet) -> Iterator[str]:
    for dish in sheet.going_on:
        yield (
            f'<p class="going-on {tone(dish.number)}" data-dish="{dish.number}">接前页：'
            f'<a href="#d{dish.number}">{_number(dish)}{escape(dish.recipe.title)}</a></p>'
        )


def _rejected(sheet: Sheet) -> Iterator[str]:
    for number, rejected in sheet.rejected:
        yield f'<p class="mark low" id="r{number}" tabindex="-1">没读成：{escape(rejected.reason)}</p>'


def _number(dish: Dish) -> str:
    return f'<span class="number">{dish.number}</span> '


def dish_markup(dish: Dish) -> str:
    """A dish as it was understood, with a mark on every field that is unsure."""
    recipe = dish.recipe
    marks = {mark.field: mark for mark in dish.marks}
    classes = f"dish {tone(dish.number)}" + (" unsure" if marks else "")
    return "".join(
        (
            f'<article class="{classes}" id="d{dish.number}" data-dish="{dish.number}">',
            f"<header{_marked(dish, marks.get('title'))}><h4>{_number(dish)}{escape(recipe.title)}</h4>",
            f"{_badge(marks.get('title'))}{_place(dish)}</header>",
            _doubts(dish, marks.get("doubts")),
            _other_marks(dish),
            _facts(recipe),
            _ingredients(dish, marks.get("ingredients")),
            _steps(dish, marks.get("steps")),
            _listed("小贴士", recipe.tips),
            _listed("特点", (recipe.features,) if recipe.features else ()),
            "</article>",
        )
    )


def _marked(dish: Dish, mark: Mark | None) -> str:
    """The attributes of an element that holds an unsure field: its anchor, where the keys n and p stop."""
    return f' id="d{dish.number}-{escape(mark.field)}" class="mark {mark.level}" tabindex="-1"' if mark else ""


def _badge(mark: Mark | None) -> str:
    if mark is None or mark.confidence is None:
        return ""
    words = "多半不对" if mark.level == "low" else "拿不准"
    return f'<span class="sure {mark.level}">{words}，把握 {percent(mark.confidence)}</span>'


def percent(confidence: float) -> str:
    """A confidence as people read it; never rounded up to the next mark."""
    return f"{int(confidence * 100 + 1e-9)}%"


def _place(dish: Dish) -> str:
    """The pages of a dish that stands on several; the line of one in a format without pages."""
    source, pages = dish.recipe.source, dish.pages
    if len(pages) > 1:
        return f'<span class="place">第 {pages[0]}–{pages[-1]} 页</span>'
    if not pages and source.page is None and source.line is not None:
        return f'<span class="place">第 {source.line} 条</span>'
    return ""


def _doubts(dish: Dish, mark: Mark | None) -> str:
    if not dish.doubts:
        return ""
    items = "".join(f"<li>{escape(doubt)}</li>" for doubt in dish.doubts)
    attributes = _marked(dish, mark).replace('class="mark', 'class="doubts mark') if mark else ' class="doubts"'
    return f"<ul{attributes}>{items}</ul>"


def _other_marks(dish: Dish) -> str:
    """Marks of fields that have no place of their own."""
    others = [mark for mark in dish.marks if mark.field not in ("title", "doubts", "ingredients", "steps")]
    return "".join(f"<p{_marked(dish, mark)}>{field_name(mark.field)} {_badge(mark)}</p>" for mark in others)


def _facts(recipe: Recipe) -> str:
    servings = recipe.servings
    known = {
        "菜": recipe.name if recipe.name != recipe.title else None,
        "别名": "、".join(recipe.aliases),
        "分类": recipe.category,
        "菜系": recipe.cuisine,
        "口味": "、".join(recipe.tastes),
        "份量": f"{_span(servings)} 人份" if servings else None,
        "时间": f"{recipe.minutes:g} 分钟" if recipe.minutes is not None else None,
        "难度": f"{recipe.difficulty}/5" if recipe.difficulty is not None else None,
        "热量": f"{recipe.calories:g} 千卡" if recipe.calories is not None else None,
        "工具": "、".join(recipe.tools),
    }
    chips = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in known.items() if value)
    told = f'<p class="told">{escape(recipe.description)}</p>' if recipe.description else ""
    return (f'<dl class="facts">{chips}</dl>' if chips else "") + told


def _span(numbers: Range | Ingredient) -> str:
    # Nobody says 半克, and the checker compares figures.
    return span(numbers.min, numbers.max).replace("半", "0.5")


def _ingredients(dish: Dish, mark: Mark | None) -> str:
    rows = dish.recipe.ingredients
    grouped = any(row.group for row in rows)
    head = "<th>名称</th><th>用量</th><th>单位</th>" + ("<th>分组</th>" if grouped else "")
    body = "".join(_ingredient(row, grouped) for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return _section(dish, "食材", f"{len(rows)} 样" if rows else "", mark, table if rows else _MISSING)


_MISSING = '<p class="missing">没有读到</p>'


def _ingredient(row: Ingredient, grouped: bool) -> str:
    remarks = [row.preparation or "", "可选" if row.optional else "", "或 " + "、".join(row.alt) if row.alt else ""]
    remark = "，".join(filter(None, remarks))
    name = escape(row.name) + (f" <small>{escape(remark)}</small>" if remark else "")
    amount = row.vague or _span(row)
    group = f"<td>{escape(row.group or '')}</td>" if grouped else ""
    cells = f"<td>{escape(amount)}</td><td>{escape(row.unit or '')}</td>"
    return f'<tr title="原文：{escape(row.raw)}"><th scope="row">{name}</th>{cells}{group}</tr>'


def _steps(dish: Dish, mark: Mark | None) -> str:
    steps = dish.recipe.steps
    parts: list[str] = []
    number = 1
    for section, own in groupby(steps, key=lambda step: step.section):
        heading = f"<h6>{escape(section)}</h6>" if section else ""
        items = [_step(step) for step in own]
        parts.append(f'{heading}<ol start="{number}">{"".join(items)}</ol>')
        number += len(items)
    return _section(dish, "步骤", f"{len(steps)} 步" if steps else "", mark, "".join(parts) or _MISSING)


def _step(step: Step) -> str:
    if step.noise:
        return f'<li class="noise">{escape(step.text)} <small>（不算步骤）</small></li>'
    return f"<li>{escape(step.text)}</li>"


def _section(dish: Dish, name: str, count: str, mark: Mark | None, body: str) -> str:
    heading = f"<h5>{name} <small>{count}</small>{_badge(mark)}</h5>"
    return f"<section{_marked(dish, mark)}>{heading}{body}</section>"


def _listed(name: str, texts: Sequence[str]) -> str:
    if not texts:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<section><h5>{name}</h5><ul class="listed">{items}</ul></section>'


def links(dish: Dish, place: str) -> str:
    """An entry of the summary: the dish, and a link to each of its unsure fields."""
    chips = "".join(
        f'<a class="chip {mark.level}" href="#d{dish.number}-{escape(mark.field)}">{field_name(mark.field)}'
        f"{f' {percent(mark.confidence)}' if mark.confidence is not None else ''}</a>"
        for mark in dish.marks
    )
    title = f'<a href="#d{dish.number}">{escape(dish.recipe.title)}</a>'
    return f'<li>{title} <span class="place">{escape(place)}</span> {chips}</li>'


def rejected_link(number: int, rejected: Rejected) -> str:
    """An entry of the summary: what was rejected on a page."""
    return f'<li><a class="chip low" href="#r{number}">没读成</a> {escape(rejected.reason)}</li>'


def rejected_markup(rejected: Sequence[tuple[int | None, Rejected]], count: int) -> str:
    """What could not be read, with the reasons; `count` is how many there were in all.

    Those that stand on a sheet too come with their number there, and are linked.
    """
    if not count:
        return ""
    items = "".join(f"<li>{_reason(one, number)}</li>" for number, one in rejected)
    more = f"<li>另有 {count - len(rejected)} 处没有列出，见 rejected.jsonl。</li>" if count > len(rejected) else ""
    return f'<section class="rejected"><h3>没读成的 {count} 处</h3><ul>{items}{more}</ul></section>\n'


def _reason(rejected: Rejected, number: int | None) -> str:
    """The reason with its place, unless it names that itself."""
    place = f"第 {rejected.page} 页" if rejected.page is not None else ""
    if not place and rejected.line is not None:
        place = f"第 {rejected.line} 条"
    words = escape(rejected.reason if not place or place in rejected.reason else f"{place}：{rejected.reason}")
    return words if number is None else f'<a href="#r{number}">{words}</a>'
