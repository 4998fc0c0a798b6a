"""What every question about a dish needs: the dish as the conversation shows it, and the answer around it."""

import re

from msgspec.structs import replace

from shishen.conversation import shown
from shishen.conversation.focus import Focus, asked_about, find, is_of, recall
from shishen.conversation.part import Desk, Part, citing, focused
from shishen.conversation.talk import missing, nothing_in_focus, unlisted
from shishen.domains.cooking import replies
from shishen.domains.cooking.english import translated
from shishen.domains.cooking.substitution import find_ingredient
from shishen.domains.cooking.understanding import Intent, Request, content, food_words, is_food
from shishen.domains.cooking.words import bare, segment
from shishen.records import Recipe, State

_ORIGINAL = re.compile(r"原来|原方|原本|原先|没换算|originally")
_NOT_NAMES = re.compile(r"[^\w]+")


def about(request: Request, state: State, desk: Desk) -> tuple[Focus, Recipe | None]:
    """The focus of a question about a dish, and the recipe as the conversation has it."""
    here = recall(state.dish, desk)
    fits: set[str] = set()
    if here is not None:
        words = content(asked_about(request)).split()
        # 韭菜炒蛋 is no part of 洋葱炒鸡蛋, though both have eggs; nor is 可乐鸡翅 a part of itself.
        fits = {w for w in words if bare(w) != bare(here.name) and (is_of(w, here) or _only_its(w, here))}
    focus = find(request, state, desk, fits, parts=True)
    if focus.recipe is None:
        return focus, None
    now = state if same(focus.recipe, state) else focused(state, focus.recipe)
    if _ORIGINAL.search(request.said):
        now = replace(now, servings=None, factor=None, have=None)
    return focus, shown.view(focus.recipe, now).recipe


def _only_its(text: str, here: Recipe) -> bool:
    """Whether a text is nothing but ingredients of the dish."""
    words = segment(text)
    return all(is_food(word) and find_ingredient(here, word.text) for word in words)


def without_dish(request: Request, focus: Focus, state: State, desk: Desk) -> Part:
    """What is said where a request names no dish of the library."""
    if focus.unlisted:
        return unlisted(focus.unlisted, state)
    if focus.missing or (focus.resolution and content(focus.rest)):
        return missing(request, focus, state, desk)
    return nothing_in_focus(request, state)


def unknown(focus: Focus) -> bool:
    """Whether something was named that the library does not have, so that the dish in focus is not meant."""
    if focus.named or focus.resolution is None:
        return False
    words = segment(content(focus.rest))
    # A technique alone (炸的时候) is a part of the dish in focus.
    return any(word.kind in ("food", "form", "flavour", "hazard") or is_food(word) for word in words)


def part_of(intent: Intent, text: str, recipe: Recipe, view: Recipe, state: State, **changed: object) -> Part:
    """A short answer about a dish, with its source and a warning where it holds what must be avoided."""
    after = replace(focused(state, recipe), intent=intent, **changed)
    warning = shown.warning(recipe, after)
    body = "\n\n".join(part for part in (warning, text, replies.source_line(recipe)) if part)
    return Part(
        intent=intent,
        text=body, state=after, recipes=citing([recipe]), records=(recipe, view), said=warning,
    )  # fmt: skip


def same(recipe: Recipe, state: State) -> bool:
    return state.dish is not None and state.dish.id == recipe.id


def ingredients_asked(focus: Focus) -> list[str]:
    """The ingredients of 盐和糖放多少, without the dish: the words left that name foods, else all that is left."""
    left = translated(content(focus.rest))
    if foods := list(dict.fromkeys(word.text for word in food_words(left))):
        return foods
    rest = _NOT_NAMES.sub("", left)[:12]
    return [rest] if rest else []
