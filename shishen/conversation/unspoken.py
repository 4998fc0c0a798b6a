"""A turn without words of asking: a choice from the list, 那糖呢, a dish, foods, a wish, or nothing of ours."""

import re
from itertools import pairwise

from msgspec.structs import replace

from shishen.conversation import change, choose, dish, facts, talk
from shishen.conversation.focus import Focus, belongs, find, only_foods, recall
from shishen.conversation.handlers import HANDLERS
from shishen.conversation.part import Desk, Part
from shishen.domains.cooking.describing import Want, wanted
from shishen.domains.cooking.english import translated
from shishen.domains.cooking.references import ellipsis, reference
from shishen.domains.cooking.substitution import find_ingredient
from shishen.domains.cooking.understanding import (
    Request,
    blanked,
    content,
    food_words,
    heard,
    is_food,
    nothing_asked,
)
from shishen.domains.cooking.words import segment
from shishen.records import Recipe, State

# What a short question can go on with for another dish (那红烧肉呢).
_GOES_ON = ("ingredients", "time", "difficulty", "servings", "calories", "tools", "taste", "tips", "step")
_OF_AMOUNTS = ("amount", "ingredients", "scale", "how_to_cook", "contains")
CHOOSING = ("recommend", "pantry", "menu", "again")


def unspoken(request: Request, state: State, desk: Desk, constrained: bool) -> Part | None:
    """A turn without words of asking: a choice from the list, 那糖呢, a dish, foods, a wish, or nothing of ours."""
    rest = request.rest
    if not content(rest) and reference(rest) is None:
        return None if constrained or not nothing_asked(rest) else talk.greeting(request, state, desk)
    if state.intent in ("substitute", "leave_out") and (offer := heard("will_it_do").match(rest.strip())):
        rest = f"{offer['what']}呢"
    if (short := ellipsis(rest)) and (part := goes_on(short, request, state, desk)):
        return part
    pointed = reference(rest)
    if pointed is not None and pointed.kind != "this":
        return dish.how_to_cook(request, state, desk)
    here = recall(state.dish, desk)
    foods = only_foods(rest) if state.intent in _OF_AMOUNTS and here is not None else []
    if foods and here is not None and all(belongs(food, here) for food in foods):
        return dish.amount(replace(request, intent="amount"), state, desk)
    focus = find(request, state, desk)
    if focus.named:
        return dish.how_to_cook(request, state, desk)
    if state.intent == "pantry" and (foods := only_foods(heard("still").sub("", rest))):
        return choose.pantry(replace(request, rest="、".join(foods)), state, desk)
    if (part := choose.by_foods(request, state, desk)) is not None:
        return part
    if is_wish(rest, request.said) or choose.stars_of(rest) is not None:
        # 要快一点的 narrows the last wish; 来俩凉菜 is a new one.
        anew = any(w.kind == "course" for w in wanted(translated(rest))) and heard("new_wish").search(request.said)
        narrows = state.wish is not None and state.intent in CHOOSING and not anew
        handler = choose.refine if narrows else choose.recommend
        return handler(replace(request, intent="recommend"), state, desk)
    if state.dish and (part := facts.detail(request, state, desk)) is not None:
        return part
    if constrained:
        return None
    return _lost(request, focus, state, desk)


def is_wish(rest: str, said: str) -> bool:
    """Whether a text says what somebody would like (辣的, 带豆腐的菜, 甜品三样) rather than names a dish."""
    rest, said = translated(rest), translated(said)
    wants = wanted(rest)
    left = blanked(rest, [(w.start, w.end) for w in wants])
    marked = heard("of_kind").search(said) is not None
    if not marked and any(_grown_on(rest, want) for want in wants):
        return False
    if not wants and not (marked and food_words(left)):
        return False
    named = [w for w in segment(content(left)) if is_food(w)]
    if not wants and any(one.end == other.start for one, other in pairwise(named)):
        # 酸菜鱼 is a dish, whatever is asked of it.
        return False
    words = [w for w in segment(content(left)) if w.kind not in ("filler", "praise", "style", "cut")]
    words = [w for w in words if w.text not in ("菜", "饭", "肉", "汤") and not (marked and is_food(w))]
    if any(w.kind != "unknown" for w in words):
        return False
    return marked or sum(len(w.text) for w in words) <= 1


def _grown_on(text: str, want: Want) -> bool:
    """Whether the words of a wish are a part of a longer word: 西班牙 and 海鲜 in 西班牙海鲜饭, no wish for either."""
    beside = [w for w in segment(content(text)) if w.kind not in ("filler", "praise")]
    said = text[want.start : want.end]
    whole = "".join(w.text for w in beside)
    more = whole.replace(said, "", 1).strip("菜汤点儿些的口味式样类")
    return said in whole and bool(more) and " " not in content(text)


def _of_here(thing: str, here: Recipe) -> bool:
    """Whether a short question (那糖呢) is about something in the dish in focus; 那开水白菜呢 is not."""
    foods = food_words(thing)
    joined = any(one.end == other.start for one, other in pairwise(foods))
    if joined:
        return all(find_ingredient(here, food.text) for food in foods)
    return bool(find_ingredient(here, thing)) or (bool(foods) and belongs(thing, here))


def _lost(request: Request, focus: Focus, state: State, desk: Desk) -> Part:
    """A dish that is not there where the words could be one, else nothing that a cook is asked."""
    words = [w for w in segment(content(request.rest)) if w.kind != "filler"]
    weighty = any(w.kind in ("food", "form", "technique", "flavour", "hazard") for w in words)
    if weighty and focus.resolution is not None and len(content(request.rest)) <= 20:
        return talk.missing(request, focus, state, desk)
    return talk.out_of_scope(request, state, desk)


def goes_on(what: str, request: Request, state: State, desk: Desk) -> Part | None:
    """那糖呢 after an amount, 那红烧肉呢 after a time: the same question again of another thing."""
    here = recall(state.dish, desk)
    asked = replace(request, rest=what, slots={})
    verb = re.search(f"(?:{heard('verb').pattern})$", content(what))
    if here is not None and verb and (verb[0] == content(what) or state.intent == "time"):
        return facts.time(replace(asked, intent="time", rest="", slots={"verb": verb[0]}), state, desk)
    thing = content(what) or what
    swapping = state.intent in ("substitute", "leave_out")
    listed = here is not None and not swapping and state.intent not in CHOOSING
    if here is not None and listed and _of_here(thing, here):
        return dish.amount(replace(asked, intent="amount"), state, desk)
    if state.intent in ("substitute", "leave_out") and here is not None and state.ingredient and food_words(what):
        slots = {"it": state.ingredient, "other": what}
        return change.swap(replace(asked, intent="substitute", slots=slots), state, desk)
    if state.intent == "substitute" and here is not None and find_ingredient(here, what):
        return change.swap(replace(asked, intent="substitute", slots={"it": what}), state, desk)
    if state.intent == "leave_out" and here is not None and find_ingredient(here, what):
        return change.omit(replace(asked, intent="leave_out", slots={"it": what}), state, desk)
    if state.intent in _GOES_ON or state.intent == "amount":
        pointed = reference(what)
        named = (pointed is not None and pointed.kind != "this") or bool(desk.retriever.resolve(what).hits)
        if named and state.intent in _GOES_ON and state.intent != "step":
            return HANDLERS[state.intent](replace(asked, intent=state.intent), state, desk)
        if named and state.intent == "amount" and state.ingredient:
            return dish.amount(replace(asked, intent="amount", rest=f"{what} {state.ingredient}"), state, desk)
    return None
