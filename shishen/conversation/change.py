"""Requests that change a dish: scale it, put one thing for another, leave something out."""

import re

from msgspec.structs import replace

from shishen.conversation import shown
from shishen.conversation.about import without_dish
from shishen.conversation.dish import how_to_cook
from shishen.conversation.focus import Focus, find, is_of, recall
from shishen.conversation.part import Desk, Part, citing, focused
from shishen.conversation.talk import nothing_in_focus
from shishen.domains.cooking.composing import rows
from shishen.domains.cooking.english import translated
from shishen.domains.cooking.exclusions import Finding, in_name
from shishen.domains.cooking.replies import measured, one_line, servings_text, source_line, time_text
from shishen.domains.cooking.scaling import factor_for_ingredient, factor_for_servings
from shishen.domains.cooking.spoken_numbers import number_of
from shishen.domains.cooking.substitution import (
    LeftOut,
    Replaced,
    Substitution,
    find_ingredient,
    leave_out,
    replaced,
    steps_with,
    substitute,
)
from shishen.domains.cooking.understanding import Request, content, is_food
from shishen.domains.cooking.words import bare, segment
from shishen.records import Amount, Exclusion, Recipe, State

# More than a kitchen can cook for; beyond it the amounts would be a joke told with a straight face.
MOST_PEOPLE = 100
# 时间也要变成三倍吗
_OF_TIME = re.compile(
    r"(?:时间|火候|多久).{0,12}(?:吗|么|不|呢|[?？])|(?:time|long).{0,20}\b(?:double|triple|too|also)"
)
_TIMES = {"double": 2.0, "half": 0.5, "triple": 3.0}


def scale(request: Request, state: State, desk: Desk) -> Part:
    """The dish for so many people, so many times, or for what somebody has of one ingredient."""
    have = request.slot("have_name")
    focus = find(request, state, desk, [have] if have else [], parts=True)
    if focus.recipe is None:
        return without_dish(request, focus, state, desk)
    after = focused(state, focus.recipe)
    if _OF_TIME.search(request.said):
        text = "时间和火候不按倍数变：量多了换大锅或分锅做，以熟透为准；菜谱写的是原来的量要的时间。"
        body = f"{text}\n\n{time_text(focus.recipe)}\n\n{source_line(focus.recipe)}"
        recipes = citing([focus.recipe])
        return Part(intent="time", text=body, state=after, recipes=recipes, records=(focus.recipe,), said=request.said)
    plain = replace(after, servings=None, factor=None, have=None)
    if "original" in request.slots:
        return _scaled(focus, plain, desk, "")
    if people := request.slot("people"):
        return _for_people(request, focus, plain, after, desk, number_of(people))
    times = next((value for name, value in _TIMES.items() if request.slot(name)), None)
    if times is None and (said := request.slot("times")):
        times = number_of(said)
    if times is not None:
        return _by_times(request, focus, plain, after, desk, times)
    return _by_ingredient(request, focus, plain, after, desk)


def _refused(request: Request, focus: Focus, state: State, text: str) -> Part:
    assert focus.recipe is not None
    return Part(
        intent="scale", text=text, state=replace(state, intent="scale"), refused=True,
        recipes=citing([focus.recipe]), records=(focus.recipe,), said=f"{request.said} {text}",
    )  # fmt: skip


def _for_people(request: Request, focus: Focus, state: State, was: State, desk: Desk, people: float | None) -> Part:
    recipe = focus.recipe
    assert recipe is not None
    if people is None or people <= 0 or people > MOST_PEOPLE or people % 0.5:
        return _refused(
            request, focus, was, f"份量要是 1 到 {MOST_PEOPLE} 之间的人数，这个我换算不了。您说个实际的人数就行。"
        )
    if factor_for_servings(recipe, people) is None:
        text = f"{servings_text(recipe)}所以不能按人数换算；可以说「双份」「减半」，我按倍数算。"
        part = _refused(request, focus, was, f"{text}\n\n{source_line(recipe)}")
        return replace(part, refused=False, said=f"{part.said} {text}")
    return _scaled(focus, replace(state, servings=people), desk, request.said)


def _by_times(request: Request, focus: Focus, state: State, was: State, desk: Desk, times: float) -> Part:
    if not 0 < times <= shown.MOST_TIMES:
        return _refused(request, focus, was, f"{shown.MOST_TIMES} 倍以内才能换算，您再说一个倍数。")
    return _scaled(focus, replace(state, factor=times), desk, request.said)


def _by_ingredient(request: Request, focus: Focus, state: State, was: State, desk: Desk) -> Part:
    recipe = focus.recipe
    assert recipe is not None
    name = (request.slot("have_name") or request.before or request.rest).strip()
    amount = request.slot("have")
    value = number_of(amount) if amount else None
    unit = request.slot("have_unit")
    written = next((i.name for i in recipe.ingredients if bare(i.name) == bare(name)), None)
    called = find_ingredient(recipe, name) if written is None else ()
    food = (
        written
        or (called[0].name if len(called) == 1 else None)
        or next((word.text for word in reversed(segment(name)) if is_food(word)), name)
    )
    if value is None or value <= 0:
        return _refused(request, focus, was, "这个数量换算不了，您说个实际的数量就行。")
    by = factor_for_ingredient(recipe, food, value, unit)
    if by is None:
        found = find_ingredient(recipe, food)
        if not found:
            text = f"「{recipe.name}」的菜谱里没有「{food}」，没法按它换算。"
        else:
            text = f"「{recipe.name}」里的用量没法和您说的单位对上，没法按它换算：\n\n" + "\n".join(rows(found))
        return _refused(request, focus, was, f"{text}\n\n{source_line(recipe)}")
    return _scaled(focus, replace(state, have=Amount(by.ingredient.name, value, unit)), desk, request.said)


def _scaled(focus: Focus, state: State, desk: Desk, said: str) -> Part:
    """The dish as the state scales it: its table, its notes and the steps whose amounts have changed."""
    recipe = focus.recipe
    assert recipe is not None
    seen = shown.view(recipe, state)
    if seen.conflict:
        return shown.refusal(recipe, seen, state, desk)
    parts = [f"## {recipe.name}", seen.head, "### 材料", "\n".join(rows(seen.recipe.ingredients))]
    changed = [
        (n, step.text)
        for n, (step, was) in enumerate(
            zip(
                (s for s in seen.recipe.steps if not s.noise),
                (s for s in recipe.steps if not s.noise),
                strict=True,
            ),
            1,
        )
        if step.text != was.text
    ]
    if changed:
        parts.append("### 用量有变的步骤")
        parts.append("\n".join(f"- 第 {n} 步：{one_line(text)}" for n, text in changed))
    parts.append(source_line(recipe))
    if seen.foot:
        parts.append(seen.foot)
    return Part(
        intent="scale", text="\n\n".join(part for part in parts if part), state=replace(state, intent="scale"),
        recipes=citing([recipe]), records=(seen.recipe, recipe), said=f"{said} {seen.head} {seen.foot}",
    )  # fmt: skip


def swap(request: Request, state: State, desk: Desk) -> Part:
    """What can stand in for an ingredient, or whether one can stand in for another."""
    slots = request.slots
    it, by = slots.get("it", "").strip(), slots.get("other", "").strip()
    owner, it = _owned(it)
    it, by = translated(it), translated(by)
    here = recall(state.dish, desk)
    name = _food_of(it)
    if not name and not by:
        name = _food_of(translated(request.rest), here)
    asked = replace(request, rest=f"{owner} {_minus(request.rest, name)}".strip() if name else request.rest)
    focus = find(asked, state, desk, [name, by])
    recipe = focus.recipe
    if not name and recipe is not None:
        name = _food_of(content(focus.rest), recipe) or (state.ingredient or "")
    if by and not name:
        name = state.ingredient or ""
    if not name:
        return nothing_in_focus(request, state) if recipe is None else _which(recipe, state)
    after = replace(focused(state, recipe) if recipe else state, intent="substitute", ingredient=name)
    lasting = tuple(after.exclusions)
    if by and recipe is not None:
        swapped = replaced(recipe, name, by)
        broken = in_name(by, lasting) if lasting else None
        text = swapped_text(recipe, name, by, swapped, broken)
        refused = swapped is None or swapped.refused or swapped.essential or broken is not None
    else:
        found = substitute(name, recipe, lasting)
        text = substitution_text(recipe, name, found)
        refused = found is None
    note = shown.remembered(lasting) if lasting else ""
    body = "\n\n".join(part for part in (text, source_line(recipe) if recipe else "", note) if part)
    return Part(
        intent="substitute", text=body, state=after, refused=refused,
        recipes=citing([recipe] if recipe else []), records=(recipe,) if recipe else (), said=note,
    )  # fmt: skip


def _which(recipe: Recipe, state: State) -> Part:
    return Part(
        intent="substitute", text=f"您想换掉「{recipe.name}」里的哪一样？", state=focused(state, recipe),
        recipes=citing([recipe]), records=(recipe,),
    )  # fmt: skip


def _owned(it: str) -> tuple[str, str]:
    """(the dish, the ingredient) of 宫保鸡丁里的鸡肉; no dish where only the ingredient is named."""
    for mark in ("里面的", "里边的", "里的", "中的", "里头的", "里"):
        dish, found, name = it.partition(mark)
        if found and name.strip():
            return dish, name
    return "", it


def _food_of(text: str, recipe: Recipe | None = None) -> str:
    """The ingredient that a text names: one of the dish's, else its last food, else what is left of it."""
    words = [word for word in segment(text) if word.kind not in ("filler", "praise")]
    if recipe is not None:
        for word in reversed(words):
            if is_of(word.text, recipe) or find_ingredient(recipe, word.text):
                return word.text
    foods = [word.text for word in words if is_food(word) or word.kind in ("form", "flavour")]
    if foods:
        return foods[-1]
    return "".join(word.text for word in words)[:10] if words and recipe is None else ""


def _minus(text: str, name: str) -> str:
    place = text.rfind(name)
    return text if place < 0 else text[:place] + " " * len(name) + text[place + len(name) :]


def substitution_text(recipe: Recipe | None, name: str, found: Substitution | None) -> str:
    """What can stand in for an ingredient, what that does, and in which steps it is used."""
    if found is None:
        return f"「{name}」能用什么代替，我没有可靠的依据，不乱说。"
    used = recipe is not None and bool(found.steps or find_ingredient(recipe, name))
    lines = [] if used or recipe is None else [f"「{recipe.name}」的菜谱里没有写{found.ingredient}，照它做用不着。"]
    where = f"「{recipe.name}」里的" if recipe and used else ""
    lines.append(f"{where}{found.ingredient}的作用是{found.role}。{found.role_text}".rstrip())
    if found.candidates:
        lines.append("可以换成：")
        lines.append(
            "\n".join(
                f"- {c.name}：{c.effect}" + (f"（{c.allergens_note}）" if c.allergens_note else "")
                for c in found.candidates
            )
        )
    else:
        lines.append("合您忌口的替代品，我这里没有。")
    if recipe and found.steps:
        lines.append(f"用到它的步骤：{'、'.join(f'第 {n} 步' for n in found.steps)}。")
    if recipe and found.essential:
        lines.append(f"它是「{recipe.name}」的主料，换掉就不是这道菜的味道了。")
    if found.warning:
        lines.append(f"注意：{found.warning}")
    return "\n\n".join(lines)


def swapped_text(recipe: Recipe, name: str, by: str, found: Replaced | None, broken: Finding | None) -> str:
    """Whether one thing can stand in for another in this dish."""
    if broken is not None:
        return f"不行：{by}违反您的忌口（{shown.detected([broken])}）。"
    if found is None:
        return f"「{recipe.name}」里用{by}代替{name}行不行，我没有可靠的依据，不乱说。"
    lines = []
    written = [i for i in find_ingredient(recipe, name) if any(by in alt or alt in by for alt in i.alt)]
    if written:
        # The recipe itself says so.
        return f"可以，菜谱自己就写着{'；'.join(measured(i, recipe.ingredients) for i in written)}。"
    if found.essential:
        lines.append(f"{found.ingredient}是「{recipe.name}」的主料，换成{by}就是另一道菜了。")
    if found.refused:
        lines = [f"不行：{found.effect}。"]
    elif not found.essential:
        can = "可以" if found.fits else "不太合适，"
        lines.append(f"{can}用{by}代替{found.ingredient}：{found.effect}。")
    else:
        lines.append(f"{found.effect}。")
    if found.steps:
        lines.append(f"改动的步骤：{'、'.join(f'第 {n} 步' for n in found.steps)}。")
    if found.warning:
        lines.append(f"注意：{found.warning}")
    return "\n\n".join(lines)


def omit(request: Request, state: State, desk: Desk) -> Part:
    """What happens where an ingredient is left out; refused where the dish is then no longer itself."""
    owner, it = _owned(request.slots.get("it", "").strip())
    it = translated(it)
    here = recall(state.dish, desk)
    name = _food_of(it, here) or _food_of(it)
    if not name:
        name = _food_of(translated(request.rest), here)
    asked = replace(request, rest=f"{owner} {_minus(request.rest, name)}".strip() if name else request.rest)
    focus = find(asked, state, desk, [name])
    if focus.recipe is None:
        return without_dish(asked, focus, state, desk)
    if not name:
        return how_to_cook(asked, state, desk)
    recipe = focus.recipe
    after = replace(focused(state, recipe), intent="leave_out", ingredient=name)
    left = leave_out(name, recipe)
    if left is None:
        text = f"「{recipe.name}」的菜谱里本来就没有「{name}」。"
        return Part(
            intent="leave_out", text=f"{text}\n\n{source_line(recipe)}", state=after, recipes=citing([recipe]),
            records=(recipe,), said=request.said,
        )  # fmt: skip
    if left.essential or _in_the_name(name, recipe):
        text = f"{_listed(left, name)}是「{recipe.name}」的主料，不放就不是这道菜了。"
        text += f"\n\n{left.effect}" if left.effect else ""
        return Part(
            intent="leave_out", text=f"{text}\n\n{source_line(recipe)}", state=after, refused=True,
            recipes=citing([recipe]), records=(recipe,), said=request.said,
        )  # fmt: skip
    after = replace(after, exclusions=_with(after.exclusions, Exclusion(name, "dislike", "dish")))
    return left_out_part(recipe, name, left, after, desk)


def _in_the_name(name: str, recipe: Recipe) -> bool:
    """Whether a dish is called by what is to be left out of it: 鸡肉, in 宫保鸡丁."""
    stem = name.removesuffix("肉") or name
    return stem in recipe.name and any(is_food(word) for word in segment(name))


def left_out_part(recipe: Recipe, name: str, left: LeftOut, state: State, desk: Desk) -> Part:
    """What is lost without an ingredient, which steps change, and the table without it."""
    seen = shown.view(recipe, state)
    if seen.conflict:
        return shown.refusal(recipe, seen, state, desk)
    lines = [f"可以，「{recipe.name}」不放{_listed(left, name)}：{left.effect or '味道会有些不同。'}"]
    if left.warning:
        lines.append(f"注意：{left.warning}")
    told = "\n".join(f"- 第 {n} 步：{clause}" for n, clause in steps_with(recipe, name))
    if told:
        lines.append(f"这些步骤里不放它：\n{told}")
    struck = shown.strike(seen.recipe, [i.name for i in left.ingredients] or [name])
    lines.append("去掉之后的材料：\n\n" + "\n".join(rows(struck.ingredients)))
    lines.append(source_line(recipe))
    if seen.foot:
        lines.append(seen.foot)
    return Part(
        intent="leave_out", text="\n\n".join(lines), state=state, recipes=citing([recipe]),
        records=(struck, seen.recipe, recipe), said=f"{seen.head} {seen.foot}",
    )  # fmt: skip


def _listed(left: LeftOut, name: str) -> str:
    return "、".join(dict.fromkeys(i.name for i in left.ingredients)) or name


def _with(exclusions: tuple[Exclusion, ...], one: Exclusion) -> tuple[Exclusion, ...]:
    return exclusions if one in exclusions else (*exclusions, one)
