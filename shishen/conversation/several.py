"""Requests about several dishes: which of two, what to buy, a menu."""

import re
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from shishen.conversation import shown
from shishen.conversation.choose import wish_of
from shishen.conversation.focus import named_dishes, recall, target
from shishen.conversation.part import Desk, Part, citing, focused, offered
from shishen.conversation.talk import nothing_in_focus
from shishen.domains.cooking.composing import amount, number, span, whole_time
from shishen.domains.cooking.describing import Want, basics, wanted
from shishen.domains.cooking.exclusions import shown as exclusions_shown
from shishen.domains.cooking.pantry import covers
from shishen.domains.cooking.references import reference
from shishen.domains.cooking.replies import quoted, source_line, steps_of
from shishen.domains.cooking.spoken_numbers import NUMBER, number_of
from shishen.domains.cooking.understanding import Request, blanked
from shishen.domains.cooking.words import canonical_ingredient
from shishen.records import Dish, Exclusion, Recipe, State
from shishen.selection import Choice

_WEEK = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
# Nobody buys these.
_WATERS = frozenset(("水", "清水", "热水", "开水", "温水", "冷水", "凉水", "冰水", "沸水", "温开水", "自来水"))
_EACH = re.compile(rf"每(?:天|顿|餐|晚)(?:吃|做|就|只)?(?:要)?(?P<n>{NUMBER})(?:个|道|样)?菜?")
MOST_DAYS, MOST_DISHES = 7, 30
# What a meal is made of, by course; where the library lacks one, any dish that fits stands in.
_BREAKFAST, _MAIN, _GREEN, _SOUP = "早餐", "荤菜", "素菜", "汤羹"


def _named(text: str, desk: Desk) -> list[Recipe]:
    return [r for hit, _ in named_dishes(text, desk) if (r := desk.library.peek(hit.recipe_id))]


def _pointed_at(text: str, state: State, desk: Desk) -> list[Recipe]:
    """The dish of every reference in a text (第一个和刚才那个)."""
    pointed_at = []
    while (pointed := reference(text)) is not None:
        text = blanked(text, [(pointed.start, pointed.end)])
        pointed_at.append(target(pointed, state))
    return _recalled(pointed_at, desk)


def _recalled(dishes: Iterable[Dish | None], desk: Desk) -> list[Recipe]:
    """The recipes of those that are in the library."""
    return [recipe for dish in dishes if (recipe := recall(dish, desk))]


def compare(request: Request, state: State, desk: Desk) -> Part:
    """Two or more dishes side by side, and which of them the records say is easier, quicker, lighter."""
    recipes = _spoken_of(request, state, desk)
    if len(recipes) < 2:
        if not recipes:
            return nothing_in_focus(request, state)
        text = f"要比较两道菜，我只听出了{quoted([r.name for r in recipes])}；另一道菜谱库里没有，或者没听清。"
        return Part(
            intent="compare", text=text, state=focused(state, recipes[0]), refused=True, recipes=citing(recipes),
            records=tuple(recipes),
        )  # fmt: skip
    head = f"| | {' | '.join(r.name for r in recipes)} |\n|---|{'---|' * len(recipes)}"
    told = [
        ("难度", [f"{'★' * r.difficulty}" if r.difficulty else "没写" for r in recipes]),
        ("时间", [f"约 {whole_time(r.minutes)}" if r.minutes is not None else "没写" for r in recipes]),
        ("热量", [f"{number(r.calories)} 大卡" if r.calories is not None else "没写" for r in recipes]),
        ("份量", [f"{span(r.servings.min, r.servings.max)} 人份" if r.servings else "没写" for r in recipes]),
        ("材料", [f"{len(r.ingredients)} 样" for r in recipes]),
        ("步骤", [f"共 {len(steps_of(r))} 步" for r in recipes]),
        ("口味", ["、".join(t.value for t in desk.selection.card_of(r).tastes) or "看不准" for r in recipes]),
    ]
    table = "\n".join([head, *(f"| {name} | {' | '.join(values)} |" for name, values in told)])
    by = request.slots.get("by") or request.slots.get("by4") or request.slots.get("eng") or ""
    verdict = _verdict(recipes, by)
    sources = "\n".join(f"- {r.name}：{source_line(r)}" for r in recipes)
    warnings = "\n".join(w for r in recipes if (w := shown.warning(r, state)))
    text = "\n\n".join(part for part in (warnings, verdict, table, sources) if part)
    after = replace(offered(state, [Dish(r.id, r.name) for r in recipes]), intent="compare")
    return Part(intent="compare", text=text, state=after, recipes=citing(recipes), records=tuple(recipes))


def ahead(recipes: Sequence[Recipe], by: str) -> str | None:
    """The name of the dish that is quicker, simpler or lighter by the records; None where they do not tell."""
    values = _measured(recipes, by)[0]
    known = [(value, r.name) for value, r in zip(values, recipes, strict=True) if value is not None]
    return min(known)[1] if known else None


def _verdict(recipes: Sequence[Recipe], by: str) -> str:
    """Which dish comes first by what was asked; says so where the records do not tell."""
    if by in ("好吃", "好", "下饭", "适合我", "辣", "spicier"):
        return "哪个更合口味，菜谱里没有写，我不替您下结论；两道的情况是："
    values, least, most = _measured(recipes, by)
    known = [(value, r.name) for value, r in zip(values, recipes, strict=True) if value is not None]
    if len(known) < len(recipes):
        return "有的菜谱没有写这一项，比不出来；写了的是："
    low, high = min(known), max(known)
    if low[0] == high[0]:
        return "按菜谱写的，这一项一样："
    return f"按菜谱写的，「{low[1]}」{least}，「{high[1]}」{most}："


def _measured(recipes: Sequence[Recipe], by: str) -> tuple[list[float | None], str, str]:
    """(the field that is compared, of each dish; what is said of the least of it; and of the most)."""
    if any(
        word in by for word in ("快", "用时", "时间", "省时", "短", "耗时", "久", "费时", "quick", "fast", "longer")
    ):
        return [r.minutes for r in recipes], "更快", "更费时间"
    if any(word in by for word in ("热量", "卡", "健康", "清淡", "低", "calor", "health", "light")):
        return [r.calories for r in recipes], "热量更低", "热量更高"
    if "材料" in by:
        return [float(len(r.ingredients)) for r in recipes], "材料更少", "材料更多"
    if "步骤" in by:
        return [float(len(steps_of(r))) for r in recipes], "步骤更少", "步骤更多"
    return [None if r.difficulty is None else float(r.difficulty) for r in recipes], "更简单", "更难"


def _spoken_of(request: Request, state: State, desk: Desk) -> list[Recipe]:
    """The dishes of a request: those named, those pointed at, then the one in focus, then the last list."""
    found = _named(request.rest, desk)
    found += _pointed_at(request.rest, state, desk)
    whole = any(word in request.said for word in ("这俩", "这两", "它俩", "他俩", "两个", "这几"))
    if not found and state.list and (whole or state.intent in ("compare", "shopping_list")):
        return _recalled(state.list[:4], desk)
    if len(found) < 2 and (here := recall(state.dish, desk)):
        found.append(here)
    if len(found) < 2 and state.dishes and (before := recall(state.dishes[-1], desk)):
        found.append(before)
    if len(found) < 2:
        found += _recalled(state.list[:3], desk)
    return list({recipe.id: recipe for recipe in found}.values())[:4]


def shopping_list(request: Request, state: State, desk: Desk, more: bool = False) -> Part:
    """What to buy for the dishes named, else for the list, else for the one in focus; what is at home is marked.

    With `more` the dishes named are bought for besides those of the last list.
    """
    recipes = _recalled(state.list, desk) if more else []
    recipes += _named(request.rest, desk)
    recipes += _pointed_at(request.rest, state, desk)
    if not recipes:
        whole = any(word in request.said for word in ("这些", "全部", "都", "它们", "这几", "菜单", "所有"))
        listed = _recalled(state.list, desk)
        here = recall(state.dish, desk)
        from_list = listed and (whole or here is None or state.intent in ("menu", "recommend", "pantry"))
        recipes = listed if from_list else [here] if here else []
    if not recipes:
        return nothing_in_focus(request, state)
    recipes = list({recipe.id: recipe for recipe in recipes}.values())[:MOST_DISHES]
    views = [shown.view(recipe, state) for recipe in recipes]
    if blocked := [(r, v) for r, v in zip(recipes, views, strict=True) if v.conflict]:
        return shown.refusal(*blocked[0], state, desk)
    lines = _to_buy([v.recipe for v in views], state)
    text = f"做{quoted([r.name for r in recipes])}要买的：\n\n" + "\n".join(lines)
    text += "\n\n" + "\n".join(source_line(r) for r in recipes)
    heads = "\n\n".join(v.head for v in views if v.head)
    after = offered(focused(state, recipes[0]) if len(recipes) == 1 else state, [Dish(r.id, r.name) for r in recipes])
    return Part(
        intent="shopping_list", text=f"{heads}\n\n{text}".strip(), state=replace(after, intent="shopping_list"),
        recipes=citing(recipes), records=tuple(view.recipe for view in views) + tuple(recipes), said=heads,
    )  # fmt: skip


def _to_buy(recipes: Sequence[Recipe], state: State) -> list[str]:
    """One line an ingredient, with the amount for each dish; basic seasonings after the rest, what is at home last."""
    needs: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for recipe in recipes:
        for i in recipe.ingredients:
            key = canonical_ingredient(i.name)
            names.setdefault(key, i.name)
            said = amount(i)
            said = "菜谱没写用量" if said.startswith("—") else said
            needs.setdefault(key, []).append(f"{said}（{recipe.name}）" if len(recipes) > 1 else said)
    for water in _WATERS & needs.keys():
        del needs[water]
    at_home = [key for key in needs if any(covers(have, key) for have in state.pantry)]
    seasonings = [key for key in needs if key in basics() and key not in at_home]
    rest = [key for key in needs if key not in at_home and key not in seasonings]

    def line(key: str) -> str:
        return f"- {names[key]}：{'；'.join(needs[key])}"

    lines = [line(key) for key in rest]
    if seasonings:
        lines += ["", "家里常备的调料，看看够不够：", *map(line, seasonings)]
    if at_home:
        lines += ["", "您说家里已有的：", *map(line, at_home)]
    return lines


def menu(request: Request, state: State, desk: Desk) -> Part:
    """A menu for a table, a day or some days: every dish real, none twice, every exclusion kept to."""
    asked = wish_of(request, None)
    wants = tuple(w for w in asked.wants if w.kind not in ("course", "occasion") or w.negated)
    lasting = state.lasting
    taken = list(state.seen)
    lines: list[str] = []
    recipes: list[Recipe] = []
    short = False
    for title, courses in _plan(request):
        if title:
            lines.append(f"\n**{title}**\n" if lines else f"**{title}**\n")
        for course in courses:
            choice = _one(course, wants, lasting, taken, asked.foods, desk, len(recipes))
            if choice is None:
                short = True
                continue
            taken.append(choice.recipe.name)
            recipes.append(choice.recipe)
            lines.append(f"{len(recipes)}. 「{choice.recipe.name}」：{_told(choice)}")
    after = replace(state, wish=request.said[-200:], intent="menu")
    if not recipes:
        text = "菜谱库里凑不出这样的菜单。" + (f"（已避开：{exclusions_shown(lasting)}）" if lasting else "")
        return Part(intent="menu", text=text, state=after, refused=True)
    head = f"给您排了 {len(recipes)} 道，每道都不重样："
    tail = "菜谱库里合适的菜不够，有的位置空着。" if short else ""
    foot = shown.remembered(lasting) if lasting else ""
    text = "\n\n".join(part for part in (head, "\n".join(lines), tail, foot, "要购物清单，说「列购物清单」。") if part)
    return Part(
        intent="menu", text=text, state=offered(after, [Dish(r.id, r.name) for r in recipes]),
        recipes=citing(recipes), records=tuple(recipes), said=f"{head} {foot} {request.said}",
    )  # fmt: skip


def _plan(request: Request) -> list[tuple[str, list[str]]]:
    """(title, courses) of each meal of the menu that was asked for."""
    slots, said = request.slots, request.said
    if "dishes" in slots or "veg" in slots:
        dishes = _small(slots.get("dishes"), 3)
        soups = _small(slots.get("soups"), 0)
        greens = _small(slots["veg"], 1) if "veg" in slots else dishes // 2
        mains = dishes if "veg" in slots else dishes - greens
        return [("", [_MAIN] * mains + [_GREEN] * greens + [_SOUP] * soups)]
    days = _small(request.slot("days"), 0)
    span_ = request.slot("span") or ""
    if span_ in ("周", "星期", "礼拜") or "周" in said or "星期" in said or "week" in said:
        days = 7 if span_ in ("周", "星期", "礼拜") or not days else days
    if "工作日" in said:
        days = 5
    if days <= 1:
        if any(word in said for word in ("天", "日", "三餐", "早中晚", "早午晚", "day")):
            return [("早餐", [_BREAKFAST]), ("午餐", [_MAIN, _GREEN]), ("晚餐", [_MAIN, _SOUP])]
        return [("", [_MAIN, _MAIN, _GREEN, _GREEN, _SOUP])]
    days = min(days, MOST_DAYS)
    meals = [_MAIN, _GREEN]
    if "三餐" in said or "早中晚" in said:
        meals = [_BREAKFAST, _MAIN, _GREEN]
    elif "早餐" in said or "早饭" in said:
        meals = [_BREAKFAST]
    if each := _EACH.search(said):
        meals = ([_MAIN, _GREEN, _MAIN, _GREEN, _SOUP] * 2)[: _small(each["n"], 2) or 1]
    titles = _WEEK if days == 7 else tuple(f"第 {n} 天" for n in range(1, days + 1))
    return [(titles[day], list(meals)) for day in range(days)]


def _small(text: str | None, otherwise: int) -> int:
    value = number_of(text) if text else None
    return otherwise if value is None or not 0 <= value <= MOST_DISHES else int(value)


def _one(
    course: str,
    wants: tuple[Want, ...],
    lasting: tuple[Exclusion, ...],
    taken: Sequence[str],
    foods: tuple[str, ...],
    desk: Desk,
    place: int,
) -> Choice | None:
    """One dish of a course; one of no course where none of it fits, except that a soup is a soup."""
    for also in (wanted(course), () if course == _SOUP else wanted("素菜") if course == _MAIN else ()):
        found = desk.selection.fitting(
            1, wants=(*also, *wants), foods=foods if place == 0 else (), exclusions=lasting, without=taken,
            seed=desk.seed + place,
        )  # fmt: skip
        if found:
            return found[0]
    return None


def _told(choice: Choice) -> str:
    recipe = choice.recipe
    told = [recipe.category] if recipe.category else []
    told += [f"约 {whole_time(recipe.minutes)}"] if recipe.minutes is not None else []
    return "，".join(told) or f"用料 {len(recipe.ingredients)} 样"
