"""`/api/recipes`: the library as JSON."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from shishen.domains.cooking.words import canonical_ingredient
from shishen.kitchen import Kitchen

# Beyond any library; SQLite's numbers end at 2^63.
LAST_OFFSET = 1_000_000_000
router = APIRouter(prefix="/api/recipes", tags=["recipes"])


@router.get("")
def recipes(
    request: Request,
    name: str | None = None,
    category: str | None = None,
    ingredient: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=LAST_OFFSET)] = 0,
) -> Response:
    """Recipes in the order they came, narrowed by part of a name, category or ingredient (any of its names)."""
    kitchen: Kitchen = request.app.state.kitchen
    wanted = canonical_ingredient(ingredient) if ingredient else None
    found = kitchen.library.recipes(name=name, category=category, ingredient=wanted, limit=limit, offset=offset)
    return _json(list(found))


@router.get("/{id_}")
def recipe(request: Request, id_: str) -> Response:
    """One recipe by its id."""
    kitchen: Kitchen = request.app.state.kitchen
    return _json(kitchen.recipe(id_))


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
