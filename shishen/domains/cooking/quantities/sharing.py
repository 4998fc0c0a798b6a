"""What holds for a whole list: 各, one amount before or after it, a head noun said once, a thing said twice."""

import itertools

from msgspec.structs import replace

from shishen.domains.cooking.quantities import naming
from shishen.domains.cooking.quantities.measures import Quantity
from shishen.domains.cooking.quantities.parts import Part
from shishen.domains.cooking.quantities.vocabulary import vocabulary


def share(parts: list[Part], pending: list[Quantity], text: str) -> list[Part]:
    """Amounts over lists: 各, and one quantity before or after a whole list, hold for every name without its own."""
    if not parts:
        return parts
    bare = [p for p in parts if p.quantity is None]
    if pending:
        held = parts[0].quantity
        spread = [*pending, held] if held and parts[0].leading else pending
        if len(spread) == len(parts) > 1:
            return [replace(p, quantity=q) for p, q in zip(parts, spread, strict=True)]
        if pending[0].counted or held is None or not held.counted:
            parts[0].quantity = pending[0]
        parts[0].leading = True
    owned = [p for p in parts if p.quantity is not None]
    bare = [p for p in parts if p.quantity is None]
    last = parts[-1].quantity
    if len(owned) > 1 and last is not None and last.vague and not parts[-1].leading and not parts[-1].each:
        # 酱油半碗、冰糖、蚝油适量: a closing vague word holds back to the last amount.
        for part in reversed(parts[:-1]):
            if part.quantity is not None:
                break
            part.quantity = last
        return parts
    if not bare or not owned:
        return parts
    if any(p.each and p.quantity is not None for p in parts):
        return _each(parts)
    if len(owned) == 1 and owned[0].leading:
        shared = owned[0].quantity
        after = parts.index(owned[0])
        return [replace(p, quantity=shared) if i > after else p for i, p in enumerate(parts)]
    if len(owned) == 1 and owned[0] is parts[-1] and not parts[-1].leading and _for_all(parts[-1].quantity, text):
        shared = parts[-1].quantity
    else:
        return parts
    return [replace(p, quantity=p.quantity or shared) for p in parts]


def _each(parts: list[Part]) -> list[Part]:
    """酱油、醋各一勺，糖半勺: what follows 各 holds for the names before it; `各一勺酱油、醋` for those after it."""
    shared: list[Part] = []
    for i, part in enumerate(parts):
        later = next((p for p in parts[i:] if p.quantity is not None), None)
        earlier = next((p for p in reversed(parts[:i]) if p.quantity is not None), None)
        giver = later if later is not None and later.each and not later.leading else earlier
        held = part.quantity or (giver.quantity if giver is not None and giver.each else None)
        shared.append(replace(part, quantity=held))
    return shared


def _for_all(quantity: Quantity | None, text: str) -> bool:
    """Whether an amount after a list holds for all of it: 姜、糖适量 and 盐、糖 5g do, 白糖，八角三片 does not."""
    if quantity is None or not quantity.counted:
        return True
    return "共" in text or (quantity.unit in vocabulary().measured and "，" not in text and "," not in text)


def without_echoes(parts: list[Part]) -> list[Part]:
    """A remark that names an item again (`不能不来黑胡椒酱`) is no second item."""
    counted = {name for part in parts if part.quantity for name in part.names}
    seen: set[str] = set()
    kept: list[Part] = []
    for part in parts:
        echo = part.remarked and seen.issuperset(part.names)
        announced = counted.issuperset(part.names)
        translation = bool(kept) and all(name.isascii() for name in part.names)
        if part.quantity is None and (echo or announced or translation):
            continue
        seen.update(part.names)
        kept.append(part)
    return kept


def with_heads(parts: list[Part]) -> list[Part]:
    """青、红椒 → 青椒, 红椒."""
    for part, after in reversed(list(itertools.pairwise(parts))):
        if (
            len(part.names) == 1
            and part.names[0] in naming.COLOURS
            and after.names
            and after.names[0][0] in naming.COLOURS
        ):
            part.names = [naming.with_head(part.names[0], after.names[0])]
    return parts
