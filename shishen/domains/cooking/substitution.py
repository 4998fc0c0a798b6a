"""What can stand in for an ingredient, what is lost without it, and which steps speak of it.

An ingredient answers by what it does in the dish (its role), from `data/roles*.toml`; nothing is said to be the same.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from shishen.chinese import normalise
from shishen.domains.cooking.exclusions import in_name
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.roles import (
    Group,
    covers,
    equal,
    families_of,
    foods_in,
    general,
    groups_of,
    is_seasoning,
    listed,
    same_spelling,
)
from shishen.domains.cooking.words import bare, segment
from shishen.records import Exclusion, Ingredient, Recipe

_CLAUSE = re.compile(r"[^，,。；;！!？?\n]+")
_SENTENCE = re.compile(r"[^。；;！!？?\n]+")


class Candidate(Struct, frozen=True):
    """Something that can stand in: its name, what changes and how to use it, and the allergens that it holds."""

    name: str
    effect: str
    allergens_note: str | None = None


class Substitution(Struct, frozen=True, kw_only=True):
    """What can stand in for an ingredient. `steps` are the numbers, as shown, of the steps that name it.

    `ingredient` is its name in the recipe, else as asked; `essential` says that the dish is not this dish without it.
    """

    ingredient: str
    role: str
    role_text: str
    candidates: tuple[Candidate, ...]
    steps: tuple[int, ...] = ()
    essential: bool = False
    warning: str | None = None


class LeftOut(Struct, frozen=True, kw_only=True):
    """What leaving an ingredient out does. `steps` are those that name it: the number as shown, and the clause."""

    ingredients: tuple[Ingredient, ...]
    steps: tuple[tuple[int, str], ...]
    essential: bool
    effect: str
    warning: str | None = None


class Replaced(Struct, frozen=True, kw_only=True):
    """What comes of one thing in the place of another. `refused`: it must not be eaten at all, `warning` says why.

    `by_role` is None where the table knows no role for it; `fits` says that it can do the same work.
    """

    ingredient: str
    by: str
    role: str | None
    by_role: str | None
    fits: bool
    effect: str
    steps: tuple[int, ...] = ()
    essential: bool = False
    refused: bool = False
    warning: str | None = None


def find_ingredient(recipe: Recipe, name: str) -> tuple[Ingredient, ...]:
    """The ingredients that `name` means: by name or alias, else an alternative, a part, a general word; () for none."""

    def exact(ingredient: Ingredient) -> bool:
        return equal(name, ingredient.name)

    def alternative(ingredient: Ingredient) -> bool:
        return any(equal(name, alt) for alt in ingredient.alt)

    def part(ingredient: Ingredient) -> bool:
        return any(covers(name, n) or covers(n, name) for n in (ingredient.name, *ingredient.alt))

    def wider(ingredient: Ingredient) -> bool:
        return any(general(name, n) or general(n, name) for n in (ingredient.name, *ingredient.alt))

    if not bare(name):
        return ()
    for test in (exact, alternative, part, wider):
        if found := tuple(i for i in recipe.ingredients if test(i)):
            return found
    return ()


def _named_by(word: str, names: Sequence[str], recipe: Recipe) -> bool:
    """Whether a word of a step means one of `names` in this recipe; another ingredient of just that name takes it."""
    if any(equal(word, name) for name in names):
        return True
    others = [i for i in recipe.ingredients if i.name not in names]
    if any(
        equal(word, i.name) or (same_spelling(word, i.name) and not any(same_spelling(word, n) for n in names))
        for i in others
    ):
        return False
    if any(_spells_out(word, name) for name in names):
        return True
    if any(covers(word, n) or covers(n, word) or general(word, n) or general(n, word) for n in names):
        return True
    return any(_only_one(word, name, recipe) for name in names)


def _spells_out(word: str, name: str) -> bool:
    """Whether a word runs two names together, this one among them: 青红椒 – 青椒."""
    letters = iter(word)
    return len(name) > 1 and all(c in letters for c in name) and bool(families_of(word) & families_of(name))


def _only_one(word: str, name: str, recipe: Recipe) -> bool:
    """Whether both are of one family of which the recipe has nothing else (葱花 where there is only 大葱)."""
    shared = families_of(word) & families_of(name) & frozenset(listed("single", "families"))
    return bool(shared) and sum(bool(shared & families_of(i.name)) for i in recipe.ingredients) <= 1


def _shown(recipe: Recipe) -> Iterator[tuple[int, str]]:
    """The steps that are shown, numbered from 1: captions are not."""
    yield from enumerate((step.text for step in recipe.steps if not step.noise), 1)


def _places(recipe: Recipe, name: str) -> Iterator[tuple[int, str, list[int]]]:
    """Number, text and the places of the words in it that mean `name`, for each step that has one."""
    found = find_ingredient(recipe, name)
    names = tuple(dict.fromkeys([i.name for i in found] or [name]))
    extra = frozenset(normalise(i.name) for i in recipe.ingredients) | {normalise(name)}
    meant: dict[str, bool] = {}
    for number, text in _shown(recipe):
        # Characters that normalising makes longer or shorter would move the places: rare, and only the excerpt suffers.
        places = []
        for at, word in foods_in(_normalised(text), extra):
            if word not in meant:
                meant[word] = _named_by(word, names, recipe)
            if meant[word]:
                places.append(at)
        if places:
            yield number, _normalised(text), places


def _normalised(text: str) -> str:
    """A text normalised line by line, so that a line's end still parts clauses."""
    return "\n".join(normalise(line) for line in text.splitlines())


def _around(text: str, places: Sequence[int], pattern: re.Pattern[str]) -> list[str]:
    return [text[start:end].strip() for start, end in _spans_around(text, places, pattern)]


def _spans_around(text: str, places: Sequence[int], pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    return [m.span() for m in pattern.finditer(text) if any(m.start() <= at < m.end() for at in places)]


def steps_with(recipe: Recipe, name: str) -> tuple[tuple[int, str], ...]:
    """The steps that name it: the number as shown (captions are not counted), and the clauses that do."""
    written = dict(_shown(recipe))
    told = []
    for number, text, places in _places(recipe, name):
        # As the source writes it, where the places hold: 60S and 1T are not 60s and 1t.
        whole = written[number] if len(written[number]) == len(text) else text
        told.append((number, "；".join(whole[a:b].strip() for a, b in _spans_around(text, places, _CLAUSE))))
    return tuple(told)


def _group_in(recipe: Recipe | None, name: str, asked: str) -> tuple[Group | None, str]:
    """The group that a name plays in this recipe, and the sentences of the recipe that name it."""
    groups = groups_of(name) or groups_of(asked)
    said = ""
    if recipe is not None:
        said = "\n".join(s for _, text, at in _places(recipe, asked) for s in _around(text, at, _SENTENCE))
    for sentence in said.split("\n"):
        for group in groups:
            if any(word in sentence for word in group.when):
                return group, said
    plain = [group for group in groups if not group.when] or groups[-1:]
    return (plain[0] if plain else None), said


class _Promise(Struct, frozen=True):
    """What a dish's name promises: families by its form (粥), foods or roles by its flavour (糖醋), foods by name."""

    families: tuple[str, ...]
    flavours: tuple[str, ...]
    foods: tuple[str, ...]


@lru_cache(maxsize=4096)
def _promise(dish: str) -> _Promise:
    plain = bare(dish)
    form = max((f for f in knowledge("roles")["form"] if plain.endswith(f)), key=len, default="")
    flavours: list[str] = []
    for flavour in knowledge("roles")["flavour"]:
        if flavour in plain:
            flavours.extend(listed("flavour", flavour))
            plain = plain.replace(flavour, " ")
    words = (word.text for word in segment(plain) if word.kind in ("food", "form"))
    foods = (word for word in words if groups_of(word) and word not in ("水", "油"))
    return _Promise(listed("form", form), tuple(dict.fromkeys(flavours)), tuple(dict.fromkeys(foods)))


def _essential(recipe: Recipe, found: Sequence[Ingredient]) -> bool:
    """Whether the dish is not this dish without these: its name promises them, else they are the one main food."""
    needed = [i.name for i in found if not i.optional]
    if not needed:
        return False
    promise = _promise(recipe.name)
    kept = [i.name for i in recipe.ingredients if i not in found]
    if any(_sole(family, needed, kept, _of_family) for family in promise.families):
        return True
    if any(_sole(word, needed, kept, _keeps) for word in promise.flavours):
        return True
    told = False
    for word in promise.foods:
        keepers = [i.name for i in recipe.ingredients if _keeps(word, i.name)]
        close = [name for name in keepers if equal(word, name) or covers(word, name)] or keepers
        if not close and len(word) > 1:
            # 番茄酱 of 番茄红酱: nothing nearer is there.
            close = [i.name for i in recipe.ingredients if word in bare(i.name)]
        if any(name in needed for name in close):
            return True
        told = told or bool(close)
    if told or any(_keeps(word, name) for word in promise.flavours for name in kept):
        return False
    return _main(recipe, needed)


def _sole(word: str, needed: Sequence[str], kept: Sequence[str], test: Callable[[str, str], bool]) -> bool:
    return any(test(word, name) for name in needed) and not any(test(word, name) for name in kept)


def _of_family(family: str, name: str) -> bool:
    return family in families_of(name)


def _keeps(word: str, name: str) -> bool:
    """Whether an ingredient keeps what a word of the dish's name promises: a role (酸) or a food."""
    if any(group.role == word for group in groups_of(name)):
        return True
    return equal(word, name) or covers(word, name) or covers(name, word) or general(word, name)


def _main(recipe: Recipe, needed: Sequence[str]) -> bool:
    """Whether one of these is the only food that is no seasoning, or more than half of such food by mass."""
    foods = [i for i in recipe.ingredients if not i.optional and not is_seasoning(i.name)]
    if len(foods) == 1:
        return foods[0].name in needed
    mass = knowledge("units")["mass"]
    weights = {i.name: (i.max or i.min or 0.0) * mass.get(i.unit or "", 0.0) for i in foods}
    heaviest = max(weights, key=lambda name: weights[name], default="")
    return heaviest in needed and 2 * weights[heaviest] > sum(weights.values())


@lru_cache(maxsize=4096)
def _allergens(name: str) -> tuple[str, ...]:
    """The common allergens that a name is known to hold."""
    return tuple(a for a in listed("common", "names") if in_name(name, (Exclusion(a, "allergy"),)))


def _widened(exclusions: Sequence[Exclusion]) -> tuple[Exclusion, ...]:
    """The exclusions, and for each allergy those of its relatives: who must avoid 花生 is not offered 腰果."""
    related = (
        Exclusion(name, "allergy", e.scope)
        for e in exclusions
        if e.kind == "allergy"
        for name in listed("related", e.name)
    )
    return (*exclusions, *related)


def _note(name: str) -> str | None:
    held = [a for a in _allergens(name) if a != "酒精"]
    parts = [f"含或可能含{'、'.join(held)}，对它过敏的人不能用"] if held else []
    if "酒精" in _allergens(name):
        parts.append("含酒精，儿童和孕妇不要用")
    return "；".join(parts) or None


def _warning(group: Group | None, said: str, name: str, others: Sequence[str]) -> str | None:
    """What must be said before something is replaced: the dish may fail, or one allergen takes another's place."""
    parts = []
    if group and group.warning and (not group.warning_when or any(w in said for w in group.warning_when)):
        parts.append(group.warning)
    # Whatever a substitute may hold is in its own note; here is said that the one may take the other's place.
    ours = [a for a in _allergens(name) if a != "酒精"]
    theirs = dict.fromkeys(a for other in others for a in _allergens(other) if a not in ("酒精", *ours))
    if ours and theirs:
        parts.append(f"{name}（{'、'.join(ours)}）和替代品（{'、'.join(theirs)}）都涉及常见过敏原，过敏的人要避开")
    elif ours:
        parts.append(f"{name}涉及常见过敏原（{'、'.join(ours)}）；若因过敏而换，请告诉我，并看包装标签")
    elif theirs:
        parts.append(f"替代品涉及常见过敏原（{'、'.join(theirs)}），过敏的人要避开")
    return "；".join(parts) or None


def substitute(name: str, recipe: Recipe | None, exclusions: Sequence[Exclusion] = ()) -> Substitution | None:
    """What can stand in for `name`, in a recipe or in general; None where the table knows no role for it."""
    found = find_ingredient(recipe, name) if recipe else ()
    shown = found[0].name if found else name
    group, said = _group_in(recipe, shown, name)
    if group is None:
        return None
    forbidden = _widened(exclusions)
    kept = tuple(
        Candidate(candidate, effect, _note(candidate))
        for candidate, effect in group.candidates
        if not equal(candidate, shown) and not equal(candidate, name) and not in_name(candidate, forbidden)
    )
    # Whoever has no 醋 has no 陈醋 either; where nothing else is left, a narrower kind is better than nothing.
    kept = tuple(c for c in kept if not covers(shown, c.name) and not covers(name, c.name)) or kept
    return Substitution(
        ingredient=shown,
        role=group.role,
        role_text=group.does,
        candidates=kept,
        steps=tuple(n for n, _, _ in _places(recipe, name)) if recipe else (),
        essential=bool(recipe and _essential(recipe, found)),
        warning=_warning(group, said, shown, [c.name for c in kept]),
    )


def leave_out(name: str, recipe: Recipe) -> LeftOut | None:
    """What leaving `name` out of a recipe does; None where neither its ingredients nor its steps have it."""
    found = find_ingredient(recipe, name)
    steps = steps_with(recipe, name)
    if not found and not steps:
        return None
    group, said = _group_in(recipe, found[0].name if found else name, name)
    warned = group and group.warning and (not group.warning_when or any(w in said for w in group.warning_when))
    return LeftOut(
        ingredients=found,
        steps=steps,
        essential=_essential(recipe, found),
        effect=group.without if group else "少了它的味道，其余做法不变",
        warning=group.warning if group and warned else None,
    )


def replaced(recipe: Recipe, name: str, by: str) -> Replaced | None:
    """What comes of `by` in the place of `name`; None where the recipe has no `name` and the table knows it not."""
    found = find_ingredient(recipe, name)
    steps = tuple(n for n, _, _ in _places(recipe, name))
    shown = found[0].name if found else name
    group, said = _group_in(recipe, shown, name)
    if group is None and not found and not steps:
        return None
    others = groups_of(by)
    essential = _essential(recipe, found)
    fits = bool(group and any(g.role == group.role for g in others))
    offered = next((e for c, e in group.candidates if equal(c, by)), None) if group else None
    unsafe = next((why for word, why in knowledge("roles")["unsafe"].items() if word in bare(by)), None)
    if unsafe:
        effect = f"不能用{by}代替{shown}"
    elif offered:
        effect = offered
    elif fits and group:
        effect = (
            f"也能{group.does}，味道和口感会变，先少放，尝了再加"
            if group.seasoning
            else "可以换，味道、口感和火候都会变"
        )
    elif group and others:
        effect = f"{shown}的作用是{group.does}；{by}的作用是{others[0].does}，味道会变"
    else:
        effect = f"不知道{by}在这道菜里会怎样，先少量试，尝了再加"
    warnings = [unsafe or _warning(group, said, shown, [by])]
    if essential and not families_of(by) & families_of(shown):
        warnings.append(f"换掉{shown}就不是{recipe.name}了，会变成另一道菜")
    return Replaced(
        ingredient=shown,
        by=by,
        role=group.role if group else None,
        by_role=next((g.role for g in others if group and g.role == group.role), others[0].role if others else None),
        fits=(fits or offered is not None) and not unsafe,
        effect=effect,
        steps=steps,
        essential=essential,
        refused=bool(unsafe),
        warning="；".join(w for w in warnings if w) or None,
    )
