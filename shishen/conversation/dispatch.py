"""Which handler answers a request, after what stands between its lines: a wish in the form of a dish, 快的那个."""

import re
from collections.abc import Sequence
from itertools import pairwise

from msgspec.structs import replace

from shishen.conversation import change, choose, dish, facts, several, steps, talk
from shishen.conversation.focus import find, named_dishes, recall
from shishen.conversation.handlers import HANDLERS
from shishen.conversation.part import Desk, Part, focused
from shishen.conversation.unspoken import is_wish, unspoken
from shishen.domains.cooking.describing import wanted
from shishen.domains.cooking.english import translated
from shishen.domains.cooking.exclusions import Reading
from shishen.domains.cooking.merging import is_equipment
from shishen.domains.cooking.quantities import read_line
from shishen.domains.cooking.references import ellipsis, reference
from shishen.domains.cooking.substitution import find_ingredient
from shishen.domains.cooking.understanding import (
    Request,
    blanked,
    content,
    food_words,
    heard,
    is_food,
)
from shishen.domains.cooking.words import segment
from shishen.records import Exclusion, State


def handled(request: Request, state: State, desk: Desk, constrained: bool, reading: Reading) -> Part | None:
    """One request answered; None where there was nothing in it."""
    if chosen := _by_comparison(request, state, desk):
        return dish.how_to_cook(replace(request, rest=chosen, before=""), state, desk)
    if request.intent in ("servings", "tips", "substitute", "taste"):
        request = _as_meant(request, state, desk)
    if request.intent in ("leave_out", "contains") and (tool := _tool_of(request)):
        return facts.tools(replace(request, intent="tools", slots={"tool": tool}), state, desk)
    out = [e for e in reading.added if e.scope == "dish"]
    if reading.asked and request.intent in ("none", "how_to_cook") and out:
        return _without(request, out, reading.spans, state, desk)
    if request.intent == "none":
        return unspoken(request, state, desk, constrained)
    if request.intent in ("calories", "difficulty", "time") and state.intent == "compare" and not content(request.rest):
        by = {"calories": "热量", "difficulty": "难", "time": "快"}[request.intent]
        return several.compare(replace(request, slots={"by": by}), state, desk)
    adding = request.intent in ("pantry", "again", "how_to_cook") and heard("more").search(request.said)
    if state.intent == "shopping_list" and adding and named_dishes(request.rest, desk):
        return several.shopping_list(request, state, desk, more=True)
    if request.intent == "thanks" and state.step is not None and heard("done").fullmatch(request.said.strip()):
        return steps.step(replace(request, intent="step", slots={"next": request.said}), state, desk)
    if request.intent == "again" and state.intent == "menu" and state.wish and "count" not in request.slots:
        return several.menu(Request("menu", "", state.wish), state, desk)
    if request.intent == "again" and "of" in request.slots and wanted(request.slots["of"]):
        request = replace(request, said=request.slots["of"])
    if request.intent == "recommend" and (part := _one_dish(request, state, desk)):
        return part
    if request.intent == "how_to_cook" and constrained and not content(f"{request.rest} {request.before}"):
        # 来个没有辣椒的: whatever keeps to that.
        return choose.recommend(replace(request, intent="recommend", slots={}), state, desk)
    if request.intent == "how_to_cook":
        if part := _not_a_dish(request, state, desk):
            return part
        if "people" in request.slots:
            return change.scale(request, state, desk)
    if request.intent in ("amount", "ingredients", "time") and (what := ellipsis(request.rest)):
        request = replace(request, rest=what)
    if request.intent == "scale" and "have6" in request.slots and state.have is None:
        return unspoken(replace(request, intent="none", rest=request.said), state, desk, constrained)
    if request.intent == "pantry" and state.intent == "shopping_list" and (foods := food_words(request.rest)):
        # 家里已经有土豆了: one thing less to buy.
        had = tuple(dict.fromkeys((*state.pantry, *(word.text for word in foods))))
        return several.shopping_list(Request("shopping_list", "", "这些"), replace(state, pantry=had), desk)
    if request.intent == "scale" and (name := next((v for n, v in request.slots.items() if "name" in n), None)):
        here = recall(state.dish, desk)
        if not (here and find_ingredient(here, name)) and not content(request.rest + request.before):
            # 我有两个番茄: of no dish that is spoken of, so it is what is at home.
            return choose.pantry(replace(request, intent="pantry", rest=name, slots={}), state, desk)
    if request.intent == "scale" and not state.dish and not content(request.rest + request.before):
        return talk.nothing_in_focus(request, state)
    return HANDLERS[request.intent](request, state, desk)


def _as_meant(request: Request, state: State, desk: Desk) -> Request:
    """The request, as another one where its words could be either and what stands beside them decides."""
    if "portion" in request.slots and content(find(request, state, desk, parts=True).rest):
        # 盐的份量是多少 is of the salt; 红烧肉的份量是多少 of the dish.
        return replace(request, intent="amount", slots={})
    if "advice" in request.slots and not find(request, state, desk).named:
        return replace(request, intent="recommend", slots={})
    if "of" in request.slots and content(request.rest) and not find(request, state, desk).named:
        # 我喜欢清淡的口味 tells of a wish, 地三鲜的口味 asks.
        return replace(request, intent="none", rest=request.said, slots={})
    it = request.slots.get("it", "").removeprefix("做").rstrip("都得要该会")
    swapped = re.search("[换替代改]|没|缺", request.said) is not None
    if it and "other" not in request.slots and not swapped and desk.retriever.resolve(it).how in ("exact", "alias"):
        # 红烧肉都用些什么 asks what is in it; 料酒用什么好 what may stand in for it.
        return replace(request, intent="ingredients", rest=it, slots={})
    return request


def _tool_of(request: Request) -> str | None:
    """The piece of equipment of 必须用砂锅吗; None where a food is asked about."""
    named = next((value for name, value in request.slots.items() if name.startswith(("it", "what"))), "")
    return named if named and (is_equipment(named) or read_line(named).kind == "tool") else None


def _by_comparison(request: Request, state: State, desk: Desk) -> str | None:
    """The dish of 就做快的那个, after two were compared; None where nothing of the kind is said."""
    match = heard("the_one").search(request.said)
    if state.intent != "compare" or match is None:
        return None
    compared = [recipe for d in state.list if (recipe := recall(d, desk))]
    return several.ahead(compared, next(filter(None, match.groups())))


def _one_dish(request: Request, state: State, desk: Desk) -> Part | None:
    """酸菜鱼有没有: one dish that is asked for by name, there or not; None where a kind of dish is wished for."""
    core = content(translated(request.rest))
    words = [w for w in segment(core) if w.kind not in ("filler", "praise")]
    joined = len(words) > 1 and all(one.end == other.start for one, other in pairwise(words))
    if not joined or request.slots.keys() - {"what"} or wanted(request.said) or heard("of_kind").search(request.rest):
        return None
    resolution = desk.retriever.resolve(request.rest)
    weighty = any(is_food(w) or w.kind in ("form", "technique", "flavour", "hazard") for w in words)
    return dish.how_to_cook(request, state, desk) if resolution.hits or (weighty and len(core) <= 8) else None


def _without(
    request: Request, out: Sequence[Exclusion], spans: Sequence[tuple[int, int]], state: State, desk: Desk
) -> Part:
    """不放花生的宫保鸡丁: the dish without it, or why there is none."""
    rest = request.said
    for start, end in spans:
        rest = blanked(rest, [(start, min(end, len(rest)))]) if start < len(rest) else rest
    asked = replace(request, intent="how_to_cook", rest=rest, slots={})
    focus = find(asked, state, desk)
    if focus.recipe is None or not focus.named:
        return change.omit(replace(asked, intent="leave_out", slots={"it": out[0].name}), state, desk)
    state = focused(state, focus.recipe)
    if len(out) == 1 and find_ingredient(focus.recipe, out[0].name):
        return change.omit(replace(asked, intent="leave_out", slots={"it": out[0].name}), state, desk)
    # 不放辣 is a class of things; what is of it is taken out, where the dish can be without.
    added = tuple(e for e in out if e not in state.exclusions)
    return dish.recipe_part(focus, replace(state, exclusions=(*state.exclusions, *added)), desk)


def _not_a_dish(request: Request, state: State, desk: Desk) -> Part | None:
    """A wish (来点辣的), or foods alone (土豆怎么做), where a dish was asked for in form only; else None."""
    rest = request.rest
    if reference(rest) is not None or not content(rest):
        return None
    if desk.retriever.resolve(rest).hits:
        return None
    if (part := choose.by_foods(request, state, desk)) is not None:
        return part
    if is_wish(rest, request.said):
        return choose.recommend(replace(request, intent="recommend"), state, desk)
    return None
