"""Requests for steps: one by its number or its place, the one after something was done, how hot."""

import re

from msgspec.structs import replace

from shishen.conversation.about import about, ingredients_asked, part_of, same, unknown, without_dish
from shishen.conversation.focus import Focus
from shishen.conversation.part import Desk, Part, focused
from shishen.domains.cooking import replies
from shishen.domains.cooking.spoken_numbers import number_of
from shishen.domains.cooking.substitution import find_ingredient, steps_with
from shishen.domains.cooking.understanding import Request, content, food_words, is_food
from shishen.domains.cooking.words import segment
from shishen.records import Recipe, State

# Verbs that say the same of an ingredient.
_VERBS = (
    "放加下倒撒入投淋",
    "炒煸爆翻",
    "煮炖焖烧熬滚",
    "切剁拍改",
    "腌抓拌",
    "焯汆烫",
    "炸",
    "煎",
    "烤",
    "蒸",
    "揉和擀",
    "泡浸",
)
# Words that tell of a temperature or a fire.
_HOT = ("度", "℃", "°", "成热", "成油温", "大火", "中火", "小火", "火", "油温", "热油", "水温", "冷水", "温水", "开水")


def step(request: Request, state: State, desk: Desk) -> Part:
    """One step, by its number or its place beside the last one; or how many there are."""
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None or unknown(focus):
        return without_dish(request, focus, state, desk)
    after = focused(state, focus.recipe)
    total = len(replies.steps_of(view))
    slots = request.slots
    if "which" in slots or "which2" in slots:
        return _which_step(request, focus, view, state)
    if "next" in slots and food_words(request.before):
        # 豆角焖够时间了，然后: what comes after that.
        told = after_step(replace(request, rest="", slots={"what": request.before}, before=""), state, desk)
        if told.state.step is not None and not told.refused:
            return told
    if "count" in slots or "english_count" in slots:
        return part_of("step", f"「{view.name}」一共 {total} 步。", focus.recipe, view, state)
    n = _step_number(slots, after.step, total)
    if n is None or not 1 <= n <= total:
        text = f"「{view.name}」一共 {total} 步，"
        if n is not None and n > total and not ("next" in slots or "english_next" in slots):
            text += f"没有第 {n} 步。"
        elif n is not None and n < 1:
            text += "这已经是第 1 步了，前面没有了。"
        else:
            text += "已经是最后一步，做完就可以出锅了。"
        return replace(part_of("step", text, focus.recipe, view, state), said=request.said)
    return part_of("step", replies.step_line(view, n), focus.recipe, view, state, step=n)


def _which_step(request: Request, focus: Focus, view: Recipe, state: State) -> Part:
    """In which step something is used: 咖喱块是第几步放的."""
    assert focus.recipe is not None
    asked = "".join(ingredients_asked(focus)[-1:])
    told = steps_with(view, asked) if asked else ()
    text = "\n".join(f"- 第 {n} 步：{clause}" for n, clause in told)
    text = f"「{view.name}」里说到{asked}的步骤：\n{text}" if told else f"「{view.name}」的步骤里没有找到「{asked}」。"
    at = told[0][0] if told else state.step
    return replace(part_of("step", text, focus.recipe, view, state, step=at), said=request.said)


def _step_number(slots: dict[str, str], at: int | None, total: int) -> int | None:
    """The step that is meant: by its number, from the end, or beside the one spoken of."""
    if "last" in slots or slots.get("nthen") == "last":
        return total
    if "nth_after" in slots:
        value = number_of(slots["nth_after"])
        return int(value) + 1 if value is not None else None
    for name in ("nth", "nth2", "english", "nthen"):
        if name in slots:
            value = number_of(slots[name])
            return int(value) if value is not None else None
    if "from_end" in slots:
        value = number_of(slots["from_end"])
        return total + 1 - int(value) if value is not None else None
    if "first" in slots or "first2" in slots:
        return 1
    if "previous" in slots or "english_previous" in slots:
        return (at or 1) - 1
    if "repeat" in slots or "english_repeat" in slots:
        return at or 1
    return (at or 0) + 1


def after_step(request: Request, state: State, desk: Desk) -> Part:
    """What comes after something was done: the rest of its step, and the next one."""
    what = request.slots.get("what") or request.slots.get("english") or ""
    asked = replace(request, rest=f"{request.rest} {what}")
    focus, view = about(asked, state, desk)
    if focus.recipe is None or view is None:
        return without_dish(asked, focus, state, desk)
    steps = replies.steps_of(view)
    place = _step_of(view, what, state.step if same(view, state) else None)
    if place is None:
        text = f"「{view.name}」的步骤里没有找到「{what.strip()}」。"
        return replace(part_of("after", text, focus.recipe, view, state), said=request.said)
    lines = [replies.step_line(view, n) for n in (place, place + 1) if n <= len(steps)]
    tail = "做完这一步，接着是：" if len(lines) > 1 else "这就是最后一步。"
    text = f"{lines[0]}\n\n{tail}" + (f"\n\n{lines[1]}" if len(lines) > 1 else "")
    return part_of("after", text, focus.recipe, view, state, step=min(place + 1, len(steps)))


def _step_of(view: Recipe, what: str, at: int | None) -> int | None:
    """The step in which something is done: the one that shares most with the words, from the present one on."""
    words = [w for w in segment(what) if w.kind != "filler"]
    foods = [w.text for w in words if is_food(w) or w.kind == "form"]
    verbs = next((family for family in _VERBS if any(verb in what for verb in family)), "")
    best: tuple[float, int] | None = None
    for n, one in enumerate(replies.steps_of(view), 1):
        text = one.text.lower()
        hits = sum(len(w.text) * (2 if w.kind == "food" else 1) for w in words if w.text in text)
        if foods and not any(f in text for f in foods):
            for food in foods:
                if any(i.name in text for i in find_ingredient(view, food)):
                    hits += 2 * len(food)
        for food in foods:
            if verbs and re.search(
                rf"[{verbs}][^，。；]{{0,12}}{re.escape(food)}|{re.escape(food)}[^，。；]{{0,6}}[{verbs}]", text
            ):
                hits += 3
        # The very verb that was said (焖) tells more than its family.
        hits += 3 * any(verb in text and verb in what for verb in verbs)
        near = 0.5 if at is not None and n >= at else 0.0
        if hits and (best is None or hits + near > best[0]):
            best = (hits + near, n)
    return best[1] if best else None


def heat(request: Request, state: State, desk: Desk) -> Part:
    """How hot: the sentences of the steps that name a temperature or a fire."""
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None or unknown(focus):
        return without_dish(request, focus, state, desk)
    lines = [f"- 第 {n} 步：{clause}" for n, clause in replies.clauses_with(view, _HOT)]
    words = [w.text for w in segment(content(focus.rest)) if w.kind == "technique"]
    if near := [line for line in lines if any(word in line for word in words)]:
        lines = near
    text = f"「{view.name}」里说到火候和温度的：\n" + "\n".join(lines)
    if not lines:
        text = f"「{view.name}」的菜谱没有写温度和火候。"
    return part_of("heat", text, focus.recipe, view, state)


def size(request: Request, state: State, desk: Desk) -> Part:
    """How something is cut: the sentences that cut it."""
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None or unknown(focus):
        return without_dish(request, focus, state, desk)
    cut = replies.clauses_with(view, ("切", "剁", "cm", "厘米", "片成", "改刀"))
    foods = ingredients_asked(focus)
    lines = [f"- 第 {n} 步：{clause}" for n, clause in cut if any(food in clause for food in foods)]
    lines = lines or [f"- 第 {n} 步：{clause}" for n, clause in cut]
    text = f"「{view.name}」里说到怎么切的：\n" + "\n".join(lines)
    return part_of("size", text if lines else f"「{view.name}」的菜谱没有写怎么切。", focus.recipe, view, state)
