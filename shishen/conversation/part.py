"""What the handlers of a turn work with (`Desk`) and what they give (`Part`)."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from shishen.domains.cooking.understanding import Intent
from shishen.library import Library
from shishen.records import Cited, Dish, Hit, Recipe, State
from shishen.retriever import Retriever
from shishen.selection import Selection

# How many dishes are offered by name where none was found.
OFFERED = 4
# How many visits to dishes are remembered.
MOST_VISITED = 50


class Desk(Struct, frozen=True):
    """The collaborators of every handler, and the chance that varies what is recommended."""

    library: Library
    retriever: Retriever
    selection: Selection
    seed: int


class Part(Struct, frozen=True, kw_only=True):
    """One request answered: the words, what they stand on, and the state after it.

    `records` are the recipes (as shown: scaled, with things left out) that every number of `text` must stand in;
    `said` is what else may hold one: the user's words, a rule that was reviewed.
    """

    intent: Intent
    text: str
    state: State
    refused: bool = False
    recipes: tuple[Cited, ...] = ()
    records: tuple[Recipe, ...] = ()
    said: str = ""


def cited(hit: Hit) -> Cited:
    """A hit as an answer cites it."""
    return Cited(hit.recipe_id, hit.name, hit.score, hit.source)


def citing(recipes: Iterable[Recipe]) -> tuple[Cited, ...]:
    """Recipes as an answer cites them, each once."""
    return tuple({r.id: Cited(r.id, r.name, 1.0, r.source) for r in recipes}.values())


def focused(state: State, recipe: Recipe) -> State:
    """The state with this dish in focus; the one before is remembered, and what was said of it is forgotten."""
    dish = Dish(recipe.id, recipe.name)
    if state.dish == dish:
        return state
    # A history: who goes back to the first dish has it twice, so that it stays the first.
    dishes = (*state.dishes, state.dish)[-MOST_VISITED:] if state.dish is not None else state.dishes
    return replace(
        state, dish=dish, dishes=dishes, step=None, servings=None, factor=None, have=None, ingredient=None,
        exclusions=state.lasting,
    )  # fmt: skip


def offered(state: State, dishes: Iterable[Dish]) -> State:
    """The state with this list to choose from."""
    listed = tuple(dishes)
    if not listed:
        return state
    return replace(state, list=listed, seen=tuple(dict.fromkeys((*state.seen, *(d.name for d in listed)))))
