"""Requests for a dish: its recipe, its ingredients, how much of one of them."""

from collections.abc import Sequence

from msgspec.structs import replace

from shishen.conversation import shown
from shishen.conversation.about import about, ingredients_asked, part_of, unknown, without_dish
from shishen.conversation.focus import Focus, find
from shishen.conversation.part import OFFERED, Desk, Part, citing, focused
from shishen.domains.cooking import replies
from shishen.domains.cooking.asked_words import is_ill, requests
from shishen.domains.cooking.composing import beyond_text, found_text, rows
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.substitution import find_ingredient, steps_with
from shishen.domains.cooking.understanding import Request, content
from shishen.domains.cooking.words import bare
from shishen.records import Exclusion, Ingredient, Recipe, State


def how_to_cook(request: Request, state: State, desk: Desk) -> Part:
    """The whole recipe of a dish; a refusal with real neighbours where the library has none such."""
    focus = find(request, state, desk)
    if focus.recipe is None or (not focus.named and content(focus.rest)):
        return without_dish(request, focus, state, desk)
    after = focused(state, focus.recipe)
    wanted = [word for word in requests(request.said) if word not in focus.recipe.name]
    none, less, beyond = versions(wanted)
    if beyond:
        text = beyond_text(beyond, is_ill(beyond), focus.resolution.hits[:1] if focus.resolution else ())
        return Part(intent="beyond", text=text, state=after, refused=True, recipes=citing([focus.recipe]), said=text)
    exclusions = (*after.exclusions, *(e for e in none if e not in after.exclusions))
    return recipe_part(focus, replace(after, exclusions=exclusions), desk, less)


def versions(wanted: Sequence[str]) -> tuple[list[Exclusion], list[str], list[str]]:
    """(what a version of a dish must not hold, words for less of something, words that cannot be followed)."""
    known = knowledge("versions")
    none, less, beyond = [], [], []
    for word in wanted:
        if word in known["none"]:
            name, kind = known["none"][word]
            none.append(Exclusion(name, kind, "dish"))
        elif word in known["less"].split():
            less.append(word)
        elif word in known["beyond"].split():
            beyond.append(word)
    return none, less, beyond


def recipe_part(focus: Focus, state: State, desk: Desk, less: Sequence[str] = ()) -> Part:
    """The recipe as the conversation has it: scaled, with what was left out; or why it is not given."""
    assert focus.recipe is not None
    recipe = focus.recipe
    view = shown.view(recipe, state)
    if view.conflict:
        return shown.refusal(recipe, view, state, desk)
    head = view.head
    if less:
        head = f"菜谱没有写{replies.quoted(less)}的做法，下面是原来的，放的时候自己减。\n\n{head}".strip()
    said = None
    others = focus.resolution.hits[1 : OFFERED + 1] if focus.resolution else ()
    count = 1
    if focus.resolution and focus.resolution.hits:
        count = focus.resolution.hits[0].recipe_count
        said = focus.resolution.said if bare(focus.resolution.said) != bare(recipe.name) else None
    # Others are offered by name only where nothing has to be kept away from.
    text = found_text(view.recipe, said, () if state.exclusions else others, count)
    text = "\n\n".join(part for part in (head, text, view.foot) if part)
    return Part(
        intent="how_to_cook", text=text, state=replace(state, step=None, intent="how_to_cook"),
        recipes=citing([recipe]),
        records=(recipe, view.recipe), said=f"{said or ''} {head} {view.foot}",
    )  # fmt: skip


def ingredients(request: Request, state: State, desk: Desk) -> Part:
    """What a dish needs, as a table."""
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None or unknown(focus):
        return without_dish(request, focus, state, desk)
    if not view.ingredients:
        text = f"「{view.name}」的菜谱没有列出材料。"
    else:
        text = f"「{view.name}」要准备：\n\n" + "\n".join(rows(view.ingredients))
    head = shown.view(focus.recipe, focused(state, focus.recipe)).head
    part = part_of("ingredients", f"{head}\n\n{text}".strip(), focus.recipe, view, state)
    return replace(part, said=f"{part.said} {head}")


def amount(request: Request, state: State, desk: Desk) -> Part:
    """How much of one ingredient; of all where none is named."""
    focus, view = about(request, state, desk)
    if focus.recipe is None or view is None:
        return without_dish(request, focus, state, desk)
    asked = ingredients_asked(focus)
    if not asked:
        if unknown(focus):
            return without_dish(request, focus, state, desk)
        return ingredients(request, state, desk)
    found = {name: find_ingredient(view, name) for name in asked}
    if not any(found.values()) and unknown(focus) and len(content(focus.rest)) > sum(map(len, asked)):
        return without_dish(request, focus, state, desk)
    head = shown.view(focus.recipe, focused(state, focus.recipe)).head if any(found.values()) else ""
    texts = [head, *(amount_text(view, name, those) for name, those in found.items())]
    text = "\n\n".join(text for text in texts if text)
    part = part_of("amount", text, focus.recipe, view, state, ingredient=asked[-1])
    return replace(part, said=f"{part.said} {head}")


def amount_text(view: Recipe, asked: str, found: tuple[Ingredient, ...]) -> str:
    """The amounts of what was asked about, and the steps where the source has none."""
    mentioned = [(n, clause) for n, clause in steps_with(view, asked)]
    lines = "\n".join(f"- 第 {n} 步：{clause}" for n, clause in mentioned)
    if not found:
        if mentioned:
            return f"「{view.name}」的用料表里没有写「{asked}」的用量，步骤里提到：\n{lines}"
        return f"「{view.name}」的菜谱里没有「{asked}」。"
    text = "；".join(replies.measured(i, view.ingredients) for i in found)
    unsaid = all(i.min is None and i.max is None for i in found)
    return f"「{view.name}」里，{text}。" + (f"\n\n步骤里提到：\n{lines}" if unsaid and mentioned else "")
