"""Requests for a fact about a dish: time, difficulty, servings, calories, tools, taste, tips, what it holds."""

import re
from collections.abc import Callable

from msgspec.structs import replace

from shishen.conversation import shown
from shishen.conversation.about import about, part_of, same, unknown, without_dish
from shishen.conversation.part import Desk, Part
from shishen.domains.cooking import replies
from shishen.domains.cooking.english import translated
from shishen.domains.cooking.exclusions import findings, is_class
from shishen.domains.cooking.safety import cautions
from shishen.domains.cooking.substitution import find_ingredient, steps_with
from shishen.domains.cooking.understanding import Request, content, food_words, heard
from shishen.domains.cooking.words import segment
from shishen.records import Exclusion, Recipe, State

# What is done in a cold place, or by waiting.
COLD = ("冷藏", "冷冻", "冰箱", "静置", "室温")
# Foods that stand for the class that people ask after.
_CLASSES = {"黄豆": "大豆", "蛋": "鸡蛋", "奶": "牛奶", "面粉": "麸质", "小麦": "麸质"}
_FACTS: dict[str, Callable[[Recipe], str]] = {
    "difficulty": replies.difficulty_text,
    "servings": replies.servings_text,
    "calories": replies.calories_text,
}


def time(request: Request, state: State, desk: Desk) -> Part:
    """How long the dish, or one part of it, takes."""
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None or unknown(focus):
        return without_dish(request, focus, state, desk)
    verb = request.slots.get("verb")
    if verb is None:
        # 炸葱要多久 asks about a part of it.
        words = [w.text for w in segment(content(focus.rest)) if w.text not in view.name]
        verb = next((word for word in words if heard("verb").search(word) or word in COLD), None)
        verb = verb or next((word for word in COLD if word in translated(request.said)), None)
        verb = verb or ("冷藏" if re.search("fridge|refrigerat|chill", request.said) else None)
    if (
        verb is None
        and state.step is not None
        and same(focus.recipe, state)
        and heard("from_here").search(request.said)
    ):
        ahead = [(n, s) for n, s in enumerate(replies.steps_of(view), 1) if n >= state.step and s.minutes]
        if ahead:
            lines = "\n".join(f"- 第 {n} 步：{replies.one_line(step.text)}" for n, step in ahead[:2])
            return part_of("time", f"接下来写了时间的步骤：\n{lines}", focus.recipe, view, state)
    return part_of("time", replies.time_text(view, verb), focus.recipe, view, state)


def fact(request: Request, state: State, desk: Desk) -> Part:
    """Difficulty, servings, calories: a field of the record."""
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None or unknown(focus):
        return without_dish(request, focus, state, desk)
    text = _FACTS[request.intent](focus.recipe)
    return part_of(request.intent, text, focus.recipe, view, state)


def tools(request: Request, state: State, desk: Desk) -> Part:
    """The tools, or whether one is needed."""
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None or unknown(focus):
        return without_dish(request, focus, state, desk)
    tool = request.slots.get("tool") or request.slots.get("lacking")
    text = replies.tools_text(view, tool)
    if "lacking" in request.slots:
        text += f"\n\n没有{tool}能不能换别的做法，菜谱没有写，我不编。"
    return part_of("tools", text, focus.recipe, view, state)


def taste(request: Request, state: State, desk: Desk) -> Part:
    """How the dish tastes: from its record, or by rule with the reason."""
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None or unknown(focus):
        return without_dish(request, focus, state, desk)
    return part_of("taste", shown.taste_text(focus.recipe, desk, request.slot("by")), focus.recipe, view, state)


def tips(request: Request, state: State, desk: Desk) -> Part:
    """What the source says to mind, and what is dangerous in it; the steps where it says nothing of the kind."""
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None or unknown(focus):
        return without_dish(request, focus, state, desk)
    lines = [f"- {replies.one_line(line)}" for line in (*view.tips, *cautions(focus.recipe))]
    text = f"做「{view.name}」要注意：\n" + "\n".join(lines)
    if not lines:
        told = [f"- 第 {n} 步：{replies.one_line(step.text)}" for n, step in enumerate(replies.steps_of(view), 1)]
        text = f"「{view.name}」的菜谱没有写小贴士。"
        text += "它的步骤是：\n" + "\n".join(told) if told else ""
    return part_of("tips", text, focus.recipe, view, state)


def source(request: Request, state: State, desk: Desk) -> Part:
    """Where the recipe was read."""
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None:
        return without_dish(request, focus, state, desk)
    return part_of("source", f"「{view.name}」的做法是从菜谱库里读来的。", focus.recipe, view, state)


def detail(request: Request, state: State, desk: Desk) -> Part | None:
    """What the record says of something it mentions; None where it does not."""
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None:
        return None
    words = [w.text for w in segment(content(focus.rest)) if w.kind not in ("filler", "praise") and len(w.text) > 1]
    lines = [f"- 第 {n} 步：{clause}" for n, clause in replies.clauses_with(view, words)] if words else []
    lines += [f"- 小贴士：{replies.one_line(tip)}" for tip in view.tips if any(word in tip.lower() for word in words)]
    if not lines:
        return None
    text = f"「{view.name}」的菜谱里说到这一点的有：\n" + "\n".join(lines[:6])
    return part_of("detail", text, focus.recipe, view, state)


def contains(request: Request, state: State, desk: Desk) -> Part:
    """Whether something is in the dish, by what its ingredients are made of: detected or not, never that it is safe."""
    what = (request.slot("what") or "").strip()
    foods = [word.text for word in food_words(translated(what))] or [content(translated(what)).replace(" ", "") or what]
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None or unknown(focus):
        return without_dish(request, focus, state, desk)
    asked = Exclusion(_CLASSES.get(foods[-1], foods[-1]), "allergy")
    held = find_ingredient(view, asked.name)
    found = findings(focus.recipe, (asked,)) if is_class(asked.name) or held else ()
    if held:
        text = f"「{view.name}」里有：{'；'.join(replies.measured(i, view.ingredients) for i in held)}。"
    elif told := (steps_with(view, asked.name) if not found else ()):
        text = f"「{view.name}」的用料表里没有写「{asked.name}」，步骤里提到：\n"
        text += "\n".join(f"- 第 {n} 步：{clause}" for n, clause in told)
    elif found:
        text = f"「{view.name}」里检出：{shown.detected(found)}。"
    else:
        text = f"「{view.name}」的菜谱写明的食材里，未检出「{asked.name}」；调料和成品里有没有，请看包装标签。"
    return replace(part_of("contains", text, focus.recipe, view, state, ingredient=asked.name), said=request.said)
