"""Dialogues about dishes that the library lacks: the answer says so plainly and offers real ones that are near.

Who is near enough to be taken for the dish (`matching.THRESHOLD`) is what the cook would answer with; such a dish is
not asked for here, as a model must not learn to refuse what is there.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from shishen.chinese import HAN, normalise
from shishen.domains.cooking.composing import missing_text
from shishen.domains.cooking.dialogues.absent_names import other_names
from shishen.domains.cooking.dialogues.dialogue import Dialogue
from shishen.domains.cooking.dialogues.drawing import number_of
from shishen.domains.cooking.dialogues.overview import Dish, Overview
from shishen.domains.cooking.dialogues.templates import Templates, fill
from shishen.domains.cooking.matching import THRESHOLD, match
from shishen.domains.cooking.words import WordClass, segment
from shishen.records import Hit

KIND = "refusal"
OFFERED = 3
# Dishes that share words with the one asked for, and are looked at closely.
LOOKED_AT = 20
# Dishes that share one word; what thousands have in common says little, and is much to count.
MOST_SHARING = 2000
# What a shared word says of how near two dishes are: what is in them first, then what they are.
_WEIGHTS: dict[WordClass, float] = {"food": 2.0, "form": 1.5, "flavour": 1.2, "hazard": 1.2, "technique": 1.0}


def refusals(overview: Overview, templates: Templates, seed: int, count: int) -> Iterator[Dialogue]:
    """At most `count` questions for dishes that are not there, each dish once before any is asked for again."""
    if not overview.seen_count:
        return
    lacking = sorted(overview.lacking(), key=lambda name: number_of(str(seed), KIND, name))
    near = _Near(overview.dishes)
    answered: dict[str, tuple[str, tuple[Dish, ...]]] = {}
    given = 0
    for turn in range(len(templates.questions[KIND])):
        for name in lacking if turn == 0 else list(answered):
            if given >= count:
                return
            if name not in answered:
                neighbours = near.to(name)
                # Of a library that is not known in full nobody can say that nothing in it is near.
                if neighbours is None or (overview.is_sampled and not neighbours):
                    continue
                hits = [_hit(dish) for dish in neighbours]
                answered[name] = missing_text(name, hits), tuple(neighbours)
            question = templates.draw(KIND, turn + 1, str(seed), name)[turn]
            answer, offered = answered[name]
            yield Dialogue(
                KIND, ((fill(question, {"dish": name}), answer),), tuple(d.record for d in offered), said=name
            )
            given += 1


def _hit(dish: Dish) -> Hit:
    return Hit(recipe_id=dish.id, name=dish.name, score=0.0, source=dish.source, matched="similar")


class _Near:
    """Finds the dishes that are near to a name."""

    def __init__(self, dishes: Sequence[Dish]) -> None:
        self._dishes = dishes
        self._sharing: dict[str, list[int]] = {}
        for place, dish in enumerate(dishes):
            for part in {part for name in dish.called for part in (*_words(name), *name)}:
                self._sharing.setdefault(part, []).append(place)

    def to(self, name: str) -> list[Dish] | None:
        """The nearest dishes, none where none is like it; None where one of them may be the dish itself."""
        asked = [normalise(one) for one in other_names(name) if HAN.search(one)]
        looking = self._sharing_most({character: 1.0 for one in asked for character in one})
        if any(_may_be(one, called) for place in looking for called in self._dishes[place].called for one in asked):
            return None
        # A way of cooking alone makes no two dishes alike.
        alike = self._sharing_most(_words(name), more_than=_WEIGHTS["technique"])
        return [self._dishes[place] for place in alike[:OFFERED]]

    def _sharing_most(self, parts: Mapping[str, float], more_than: float = 0.0) -> list[int]:
        """The places of the dishes that share most of these words or characters, the shortest names first."""
        shared: Counter[int] = Counter()
        for part, weight in parts.items():
            for place in self._sharing.get(part, ())[:MOST_SHARING]:
                shared[place] += int(10 * weight)
        found = [place for place, weight in shared.items() if weight > 10 * more_than]
        return sorted(found, key=lambda place: (-shared[place], len(self._dishes[place].name), place))[:LOOKED_AT]


def _may_be(asked: str, called: str) -> bool:
    """Whether the cook would take a dish for the one asked for, or that is the wider name: 炒面 of 炒方便面."""
    characters = iter(called)
    return all(character in characters for character in asked) or match(asked, called).score >= THRESHOLD


def _words(name: str) -> dict[str, float]:
    """The words of a name that liken dishes, with their weights."""
    return {word.canonical: _WEIGHTS[word.kind] for word in segment(normalise(name)) if word.kind in _WEIGHTS}
