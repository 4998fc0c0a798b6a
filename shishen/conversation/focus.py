"""Which dish a request speaks of: one that it names, one that it points at, or the one in focus."""

import re
from collections.abc import Iterable
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from shishen.conversation.part import Desk
from shishen.domains.cooking.english import translated
from shishen.domains.cooking.references import Reference, ellipsis, reference
from shishen.domains.cooking.substitution import find_ingredient
from shishen.domains.cooking.understanding import Request, blanked, content, is_food
from shishen.domains.cooking.words import bare, canonical_ingredient, segment
from shishen.records import Dish, Hit, Recipe, State
from shishen.retriever import Resolution

# Words that say which dish is meant; a text without any of them names none.
_NAMING = frozenset(("hazard", "food", "form", "flavour"))
_SAYS_MORE = ("technique", "form", "flavour")
_GOING_BACK = re.compile(
    r"^\s*(?:那|那么|还是|再)?(?:回到|说回|返回|换回|接着说|继续说|再说说?|回头说)(?=[\u4e00-\u9fff]{2})(?!刚|之前|前面|上|第|最|一开)"
)
# How many dishes one request may name.
MOST_DISHES = 6
_CALLED = re.compile(
    r"(?:叫做?|名叫|就是|那道|这道|做个|吃个|做道|学做|想做|想吃|要吃|包的|做的)([\u4e00-\u9fff]{2,10})\s*$"
)
# How many pieces of a ramble are looked through for a dish, the last first.
MOST_PIECES = 6
# How many words may stand beside a dish's name and belong to it.
CUT_OFF = 3


class Focus(Struct, frozen=True):
    """What a request speaks of.

    `recipe` is the dish found, `resolution` how; `rest` is what was said beside it. `missing` is the name of a dish
    that the library does not have; `unlisted` that a list was pointed at which is not there, or not that long.
    """

    recipe: Recipe | None = None
    resolution: Resolution | None = None
    rest: str = ""
    missing: str | None = None
    unlisted: Reference | None = None
    named: bool = False


def find(request: Request, state: State, desk: Desk, fits: Iterable[str] = (), parts: bool = False) -> Focus:
    """The dish of a request. `fits` are names (ingredients of the dish in focus) that would name no other dish.

    With `parts` the request is about a part of a dish (an amount, a step): foods that the dish in focus has name no
    other dish, and a dish's name may stand beside the name of the part.
    """
    rest = _GOING_BACK.sub("", request.rest)
    if rest != request.rest and (spoken := _spoken_before(content(rest), state)):
        return Focus(recall(spoken, desk), rest="", named=True)
    earlier: Focus | None = None
    for piece in reversed(request.before.split("\n")[-MOST_PIECES:]):
        if not content(piece) and reference(piece) is None:
            continue
        earlier = find(Request(request.intent, piece, piece), state, desk, fits, parts)
        if earlier.named or earlier.unlisted:
            break
    if earlier is not None and not content(rest) and reference(rest) is None:
        return earlier
    if pointed := reference(rest):
        left = blanked(rest, [(pointed.start, pointed.end)])
        dish = target(pointed, state)
        if pointed.kind == "of_kind" and (dish is None or content(left)):
            # 芹菜拌茶树菇这个凉菜: named right beside it.
            named_beside = _found(desk.retriever.resolve(left), left, desk) if content(left) else None
            if named_beside or dish is None:
                rest, pointed, dish = left, replace(pointed, kind="this"), state.dish
        if pointed.kind != "this" or (dish is not None and dish != state.dish):
            if dish is None:
                # 三号菜 may be the name of a dish.
                resolution = desk.retriever.resolve(rest)
                exactly = resolution.how == "exact" and resolution.said == rest.strip()
                return (exactly and _found(resolution, rest, desk)) or Focus(rest=left, unlisted=pointed)
            if pointed.kind == "before":
                dish = _with_foods(left, state, desk) or dish
            recipe = recall(dish, desk)
            return Focus(recipe, rest=left, missing=None if recipe else dish.name, named=True)
        rest = left
    core = content(rest)
    here = earlier.recipe if earlier and earlier.named else recall(state.dish, desk)
    named = earlier is not None and earlier.named
    if not core or (here is not None and (set(core.split()) <= set(fits) or not _names_something(core))):
        # Somebody talking; the dish named just before, or the one in focus, is the one that is meant.
        return Focus(here, rest=rest, named=named)
    resolution = desk.retriever.resolve(rest)
    if not resolution.hits and (called := _CALLED.search(rest)):
        # 我记得有个菜叫松仁玉米
        named_so = desk.retriever.resolve(called[1])
        resolution = named_so if named_so.hits else resolution
    if parts and not resolution.hits and (within := _within(rest, desk)):
        return within
    if found := _found(resolution, rest, desk):
        other = found.recipe if parts and here is not None and found.recipe != here else None
        ours = other is not None and here is not None and _is_part(resolution.said, other, here)
        return Focus(here, rest=rest, named=named) if ours else found
    if parts and here is None and (listed := _with_foods(rest, state, desk)):
        return Focus(recall(listed, desk), rest=rest)
    if named or (parts and here is not None and belongs(core, here)):
        return Focus(here, rest=rest, named=named)
    return Focus(here, resolution, rest)


def _is_part(said: str, found: Recipe, here: Recipe) -> bool:
    """Whether words that are like a dish's name (可乐, like 可乐桶) are ingredients of the dish in focus."""
    words = [word for word in segment(content(said)) if word.kind != "filler"]
    foods = [word.text for word in words if is_food(word)]
    # 韭菜炒蛋 says more than its foods; what is said of a food (啤酒烧开) does not.
    more = any(word.text in found.name for word in words if not is_food(word) and word.kind in _SAYS_MORE)
    return bool(foods) and (is_of(said, here) or (not more and all(belongs(food, here) for food in foods)))


def _with_foods(text: str, state: State, desk: Desk) -> Dish | None:
    """The dish spoken of last that has the foods of a text (刚才那个鸡蛋的); None where it names no food."""
    foods = [word.text for word in segment(content(text)) if is_food(word)]
    spoken = (*state.dishes, state.dish) if state.dish else state.dishes
    for dish in (*reversed(spoken), *state.list) if foods else ():
        recipe = recall(dish, desk)
        if recipe and all(food in recipe.name or find_ingredient(recipe, food) for food in foods):
            return dish
    return None


def _spoken_before(name: str, state: State) -> Dish | None:
    """The dish spoken of, or offered, that is called by a part of its name: 回到饼干."""
    spoken = (*state.dishes, state.dish) if state.dish else state.dishes
    return next((d for d in (*reversed(spoken), *state.list) if name and name in d.name), None)


def _found(resolution: Resolution, rest: str, desk: Desk) -> Focus | None:
    """The focus on the first hit; None where there is none."""
    recipe = desk.library.peek(resolution.hits[0].recipe_id) if resolution.hits else None
    if recipe is None:
        return None
    return Focus(recipe, resolution, without(rest, resolution.said), named=True)


def _within(rest: str, desk: Desk) -> Focus | None:
    """The dish of 手抓饼面要醒多久: what is left when a part of that dish (面) is cut off an end of the words."""
    words = [word for word in segment(rest) if word.kind != "filler"]
    for count in range(1, min(CUT_OFF, len(words) - 1) + 1):
        for kept, cut in ((words[:-count], words[-count:]), (words[count:], words[:count])):
            resolution = desk.retriever.resolve(rest[kept[0].start : kept[-1].end])
            found = _found(resolution, rest, desk)
            if found and found.recipe and belongs("".join(word.text for word in cut), found.recipe):
                return found
    return None


def belongs(text: str, recipe: Recipe) -> bool:
    """Whether all that a text names is of this dish: its ingredients, what its steps speak of, its name."""
    texts = [recipe.name, *(step.text for step in recipe.steps), *recipe.tips]
    named = [w.text for w in segment(translated(text)) if w.kind in _NAMING or is_food(w)]
    return all(any(word in said for said in texts) or find_ingredient(recipe, word) for word in named)


def _names_something(core: str) -> bool:
    """Whether a text has a word that could be of a dish's name, or one that nobody knows."""
    words = [word for word in segment(core) if word.kind != "filler"]
    return any(word.kind in _NAMING for word in words) or sum(len(w.text) for w in words if w.kind == "unknown") > 1


def without(text: str, said: str) -> str:
    """The text without the words that named a dish."""
    start = text.find(said) if said else -1
    return text if start < 0 else blanked(text, [(start, start + len(said))])


def target(pointed: Reference, state: State) -> Dish | None:
    """The dish that a reference points at; None where there is none such."""
    visited = tuple(dict.fromkeys((*state.dishes, *((state.dish,) if state.dish else ()))))
    if pointed.kind == "other" or (pointed.kind == "before" and state.dish is None):
        among = (*reversed(state.dishes), *state.list)
        return next((dish for dish in among if dish != state.dish), state.dish)
    if pointed.kind == "before":
        return state.dishes[-1] if state.dishes else state.dish
    if pointed.kind == "first_of_all":
        return visited[0] if visited else None
    if pointed.kind == "this":
        # What was just recommended, one dish alone, is what 这个 means.
        chosen = state.intent in ("recommend", "again", "pantry") and len(state.list) == 1
        return state.list[0] if chosen else state.dish
    if pointed.kind == "of_kind":
        of_kind = [dish for dish in (*reversed(visited), *state.list) if pointed.word in dish.name]
        return next((dish for dish in of_kind if dish.name.endswith(pointed.word)), of_kind[0] if of_kind else None)
    among = visited if (pointed.back and len(visited) > 1) or not state.list else state.list
    place = pointed.n - 1 if pointed.n > 0 else len(among) - 1
    return among[place] if 0 <= place < len(among) else None


def recall(dish: Dish | None, desk: Desk) -> Recipe | None:
    """The recipe of a dish spoken of before; None where it is not, or no longer, in the library."""
    return desk.library.peek(dish.id) if dish is not None and dish.id else None


def named_dishes(text: str, desk: Desk) -> list[tuple[Hit, str]]:
    """Every dish that a text names, in its order, with the words that named it: 红烧肉和回锅肉 → two."""
    found: list[tuple[int, Hit, str]] = []
    left = text
    for _ in range(MOST_DISHES):
        if not content(left) or not _names_something(content(left)):
            break
        resolution = desk.retriever.resolve(left)
        place = left.find(resolution.said) if resolution.said else -1
        if not resolution.hits or place < 0:
            break
        if all(hit.recipe_id != resolution.hits[0].recipe_id for _, hit, _ in found):
            found.append((place, resolution.hits[0], resolution.said))
        left = blanked(left, [(place, place + len(resolution.said))])
    return [(hit, said) for _, hit, said in sorted(found, key=lambda pair: pair[0])]


def only_foods(text: str) -> list[str]:
    """The foods that a text names where it names nothing else (土豆和牛肉); else nothing."""
    text = content(translated(text))
    words = [word for word in segment(text) if word.kind not in ("filler", "praise")]
    # 酸菜鱼 is a dish; 酸菜和鱼 are two foods.
    apart = all(one.end < other.start for one, other in pairwise(words))
    return [word.text for word in words] if words and apart and all(is_food(word) for word in words) else []


def is_of(name: str, recipe: Recipe) -> bool:
    """Whether a name is that of a dish's ingredient, by any of its names."""
    wanted = canonical_ingredient(name)
    return any(
        wanted == canonical_ingredient(n) or bare(name) == bare(n) for i in recipe.ingredients for n in (i.name, *i.alt)
    )


def asked_about(request: Request) -> str:
    """What 那糖呢 asks about, else the words of the request."""
    return ellipsis(request.rest) or request.rest
