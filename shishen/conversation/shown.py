"""A dish as this conversation shows it: scaled, with what was left out, kept back where an exclusion forbids it."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from shishen.conversation.part import OFFERED, Desk, Part, citing, offered
from shishen.domains.cooking.composing import number, span
from shishen.domains.cooking.describing import card
from shishen.domains.cooking.exclusions import Finding, findings, in_name, reminder
from shishen.domains.cooking.exclusions import shown as exclusions_shown
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.replies import quoted
from shishen.domains.cooking.safety import cautions
from shishen.domains.cooking.scaling import Scaled, factor_for_ingredient, factor_for_servings, scale
from shishen.domains.cooking.substitution import LeftOut, leave_out
from shishen.records import Dish, Exclusion, Recipe, State, Step
from shishen.selection import Choice

# What is kept from a dish by itself, and what the cook may take out of it.
_HARD = frozenset(("allergy", "diet"))
_DIETS = ("素食", "纯素", "净素", "清真")
# Beyond this a kitchen is none any more; the scaling refuses it as well.
MOST_TIMES = 100


class View(Struct, frozen=True):
    """`recipe` as it is shown, `head` what is said before it, `foot` after it; `conflict`: why it is not given."""

    recipe: Recipe
    head: str = ""
    foot: str = ""
    conflict: tuple[Finding, ...] = ()
    removable: tuple[str, ...] = ()


def view(recipe: Recipe, state: State) -> View:
    """The recipe as the state asks for it. What was said of the dish in focus holds for no other."""
    here = state.dish is not None and state.dish.id == recipe.id
    exclusions = [e for e in state.exclusions if here or e.scope == "conversation"]
    shown_recipe, heads = recipe, []
    if here and (scaled := scaled_by(recipe, state)):
        shown_recipe = scaled.recipe
        heads.append(scaling_text(recipe, scaled, state))
    shown_recipe, removed, conflict, removable = _without(shown_recipe, exclusions)
    if removed:
        heads.append(f"已按您的要求去掉：{'、'.join(removed)}；步骤里提到的地方都注明了。")
    feet = [f"> 小心：{line}" for line in cautions(recipe)]
    if state.lasting:
        feet.append(remembered(state.lasting))
    return View(shown_recipe, "\n\n".join(heads), "\n\n".join(feet), conflict, removable)


def remembered(exclusions: Sequence[Exclusion]) -> str:
    """忌口：花生过敏、不吃辣, which stands under every answer that gives a dish; allergies with their reminder."""
    text = f"> 忌口：{exclusions_shown(exclusions)}"
    note = reminder(exclusions)
    return f"{text}。{note}" if note else text


def scaled_by(recipe: Recipe, state: State) -> Scaled | None:
    """The recipe scaled as the state says; None where nothing is to be scaled, or it cannot be."""
    factor = factor_of(recipe, state)
    if factor is None or not 0 < factor <= MOST_TIMES or factor == 1:
        return None
    return scale(recipe, factor)


def factor_of(recipe: Recipe, state: State) -> float | None:
    """What the amounts are multiplied by; None where nothing was asked, or the source does not say what it serves."""
    if state.factor is not None:
        return state.factor
    if state.servings is not None:
        return factor_for_servings(recipe, state.servings)
    if state.have is not None:
        by = factor_for_ingredient(recipe, state.have.name, state.have.value, state.have.unit)
        return by.factor if by else None
    return None


def scaling_text(recipe: Recipe, scaled: Scaled, state: State) -> str:
    """What the amounts were scaled from and to, and what was not scaled plainly."""
    times = f"× {round(scaled.factor, 2):g}"
    if state.factor is not None:
        text = f"已换算成原方的 {state.factor:g} 倍。"
    elif state.servings is not None:
        served = span(recipe.servings.min, recipe.servings.max) if recipe.servings else ""
        text = f"已换算成 {number(state.servings)} 人份（原方 {served} 人份，{times}）。"
    else:
        have = state.have
        assert have is not None
        text = f"已按您有的 {number(have.value)} {have.unit or ''}{have.name}换算（原方用量 {times}）。"
    return text + "".join(f"\n- {note}" for note in scaled.notes)


def _without(
    recipe: Recipe, exclusions: Sequence[Exclusion]
) -> tuple[Recipe, list[str], tuple[Finding, ...], tuple[str, ...]]:
    """(the recipe without what may be taken out, what that is, what forbids it altogether, what could be taken out)."""
    found = findings(recipe, tuple(exclusions))
    if not found:
        return recipe, [], (), ()
    gone = [e for e in exclusions if e.scope == "dish" and e.kind == "dislike"]
    removed = [name for e in gone for name in _names_of(found, e)]
    hard: list[Finding] = []
    removable: list[str] = []
    # What a dish tastes of cannot be taken out of it: 不吃辣, and a dish that is hot.
    tastes = {flavour for trait in card(recipe).tastes for flavour in trait.value}
    lost: dict[str, LeftOut | None] = {}
    for finding in found:
        if finding.exclusion in gone:
            continue
        if any(_same(finding.what, name) for name in removed):
            # Left out already, for this dish.
            continue
        named = finding.place == "name" or (finding.exclusion.name in tastes and finding.exclusion.kind == "dislike")
        if not named and finding.what not in lost:
            lost[finding.what] = leave_out(finding.what, recipe)
        left = lost.get(finding.what)
        essential = named or left is None or left.essential
        # A spoon of cooking wine can be left out for who is pregnant; a glass of rum is what the drink is.
        grave = (
            finding.exclusion.kind == "condition" and finding.what not in knowledge("versions")["cooking_wine"].split()
        )
        if essential or grave or finding.exclusion.kind in _HARD:
            hard.append(finding)
            if not essential:
                removable.append(finding.what)
        elif finding.place in ("ingredient", "step"):
            removed.append(finding.what)
    if hard:
        # What could be left out is told only where that would be all.
        can = tuple(dict.fromkeys(removable)) if len(removable) == len(hard) else ()
        return recipe, [], tuple(f for f in found if f.exclusion not in gone), can
    names = list(dict.fromkeys(removed))
    return strike(recipe, names), names, (), ()


def _names_of(found: Sequence[Finding], exclusion: Exclusion) -> list[str]:
    return [f.what for f in found if f.exclusion == exclusion and f.place in ("ingredient", "step")]


def _same(one: str, other: str) -> bool:
    return one in other or other in one


def strike(recipe: Recipe, names: Sequence[str]) -> Recipe:
    """The recipe without these ingredients; every step that speaks of one says that it is left out."""
    if not names:
        return recipe
    lost: dict[int, list[str]] = {}
    gone = set()
    for name in names:
        left = leave_out(name, recipe)
        if left is None:
            continue
        gone |= {i.name for i in left.ingredients}
        for place, _ in left.steps:
            lost.setdefault(place, []).append(name)
    shown_number = 0
    steps: list[Step] = []
    for step in recipe.steps:
        shown_number += not step.noise
        if not step.noise and (missing := lost.get(shown_number)):
            step = replace(step, text=f"{step.text}（不放{'、'.join(dict.fromkeys(missing))}）")
        steps.append(step)
    kept = tuple(i for i in recipe.ingredients if i.name not in gone)
    return replace(recipe, ingredients=kept, steps=tuple(steps))


def detected(found: Sequence[Finding]) -> str:
    """检出：蚝油（蚝油 → 贝类）、虾仁, each once."""
    told = dict.fromkeys(f.what + (f"（{f.why}）" if f.why and f.why != f.what else "") for f in found)
    return "、".join(list(told)[:8])


def warning(recipe: Recipe, state: State) -> str:
    """The line that goes before a short answer about a dish that holds what must be avoided; empty where none does."""
    conflict = view(recipe, state).conflict
    if not conflict:
        return ""
    whose = _whose(tuple(dict.fromkeys(f.exclusion for f in conflict)))
    return f"⚠ {whose}，这道菜里检出：{detected(conflict)}。"


def refusal(recipe: Recipe, seen: View, state: State, desk: Desk) -> Part:
    """Why a dish is not given, and what could be instead: dishes that keep to every exclusion."""
    conflict = seen.conflict
    exclusions = tuple(dict.fromkeys(f.exclusion for f in conflict))
    text = f"{_whose(exclusions)}，「{recipe.name}」里检出：{detected(conflict)}，所以不建议做，不给做法。"
    if seen.removable:
        text += f"它们不是这道菜的主料；要看去掉它们的做法，可以说「{recipe.name}不放{'、'.join(seen.removable)}」。"
    instead = alternatives(recipe, desk, tuple(e for e in state.exclusions if e in exclusions or e.scope != "dish"))
    if instead:
        text += f"\n\n不违反忌口的相近的菜：{quoted([r.name for r in instead])}。"
    note = reminder(exclusions)
    body = f"{text}\n\n{note}" if note else text
    after = replace(offered(state, [Dish(r.id, r.name) for r in instead]), intent="how_to_cook")
    return Part(
        intent="how_to_cook", text=body, state=after, refused=True, recipes=citing(instead), records=(recipe,),
        said=note or "",
    )  # fmt: skip


def _whose(exclusions: Sequence[Exclusion]) -> str:
    """Who asked for it: 您说过花生过敏, 您要的是素食的, 您要的是没有辣的."""
    lasting = [e for e in exclusions if e.scope == "conversation"]
    cared = [e.name for e in lasting if e.kind == "condition"]
    avoided = [e for e in lasting if e.kind != "condition"]
    words = [f"您说过{exclusions_shown(avoided)}"] if avoided else []
    words += [f"您说过要照顾{'、'.join(cared)}"] if cared else []
    for one in exclusions:
        if one.scope == "dish":
            named = one.name if one.name in _DIETS else f"没有{one.name}"
            words.append(f"您要的是{named}的")
    return "，".join(words)


def alternatives(recipe: Recipe, desk: Desk, exclusions: Sequence[Exclusion]) -> list[Recipe]:
    """Dishes that break no exclusion: with the same main food, else of the same category, else any."""
    mains = [name for name in card(recipe).mains if in_name(name, exclusions) is None][:1]
    near: list[Choice] = []
    for wish in ({"foods": mains} if mains else None, {"category": recipe.category}, {"meals": True}):
        count = OFFERED - 1 - len(near)
        if wish is None or count <= 0:
            continue
        taken = (recipe.name, *(choice.recipe.name for choice in near))
        near += desk.selection.fitting(count, exclusions=exclusions, without=taken, seed=desk.seed, **wish)
    return [choice.recipe for choice in near]


def taste_text(recipe: Recipe, desk: Desk, flavour: str | None) -> str:
    """How a dish tastes, with the reason; says so where neither the record nor a rule tells."""
    known = desk.selection.card_of(recipe)
    if flavour and (found := [t for t in known.tastes if flavour in t.value]):
        return f"「{recipe.name}」{'、'.join(t.value for t in found)}（{found[0].because}）。"
    if not known.tastes:
        return f"「{recipe.name}」的菜谱没有写口味，从用料也看不准，我不猜。"
    told = "；".join(f"{t.value}（{t.because}）" for t in known.tastes)
    if flavour:
        return f"「{recipe.name}」从用料看不出{flavour}；看得出的口味：{told}。"
    return f"「{recipe.name}」的口味：{told}。"
