"""A question → dishes: the index proposes, the reranker shortens the list, the domain judges each name."""

from msgspec import Struct

from shishen.chinese import normalise
from shishen.domains.cooking.matching import THRESHOLD, How, Match, match, shorten
from shishen.domains.cooking.words import canonical_words, segment
from shishen.library import Library
from shishen.protocols import Found, Index, Reranker
from shishen.records import Hit

# How many names the index proposes, and how many of them are looked at closely.
PROPOSED, JUDGED = 40, 12


class Resolution(Struct, frozen=True):
    """What a question was taken to ask for.

    `hits` are dishes good enough to answer with, best first; `neighbours` the nearest others, for offering;
    `said` is what in the question stood for the dish, `how` how it matched.
    """

    hits: tuple[Hit, ...]
    neighbours: tuple[Hit, ...]
    said: str
    how: How


class Retriever:
    """Finds dishes in a library through its index.

    `threshold` is the least score in [0, 1] at which a dish counts as the one asked for.
    """

    def __init__(self, library: Library, index: Index, reranker: Reranker, threshold: float = THRESHOLD) -> None:
        self._library = library
        self._index = index
        self._reranker = reranker
        self._threshold = threshold

    def catch_up(self) -> bool:
        """Bring the index to the library's generation; whether there was anything to do."""
        now, then = self._library.generation(), self._index.generation()
        if now == then:
            return False
        # An index that is ahead belongs to another library: begin again.
        since = then if then < now else 0
        self._update(since, now)
        return True

    def rebuild(self) -> bool:
        """Make the index anew; always something to do."""
        self._update(0, self._library.generation())
        return True

    def _update(self, since: int, now: int) -> None:
        if since == 0:
            self._index.clear()
        self._index.update(self._library.entries_since(since), self._library.gone_since(since), now)

    def resolve(self, question: str, limit: int = 5) -> Resolution:
        """The dishes that a question names, or the nearest ones. `question` in any script, width and case."""
        text = shorten(normalise(question))
        core = _core(text)
        proposed = self._index.search(f"{core} {canonical_words(core)}", "name", PROPOSED)
        scores = self._reranker.scores(f"{text} {canonical_words(core)}", [found.text for found in proposed])
        ranked = sorted(zip(scores, proposed, strict=True), key=lambda pair: -pair[0])[:JUDGED]
        best_of: dict[str, tuple[Match, Found]] = {}
        for _, found in ranked:
            verdict = match(text, found.text)
            if found.group not in best_of or verdict.score > best_of[found.group][0].score:
                best_of[found.group] = (verdict, found)
        judged = sorted(best_of.values(), key=_order)
        hits: list[Hit] = []
        for verdict, found in judged[:limit]:
            recipe = next(iter(self._library.of_group(found.group)), None)
            if recipe is None:  # the index is a batch behind the library
                continue
            hits.append(
                Hit(
                    recipe_id=recipe.id,
                    name=recipe.name,
                    score=round(verdict.score, 4),
                    source=recipe.source,
                    matched=verdict.how,
                    recipe_count=found.recipe_count,
                )
            )
        good = tuple(hit for hit in hits if hit.score >= self._threshold)
        best = judged[0][0] if judged else None
        return Resolution(
            hits=good,
            neighbours=tuple(hit for hit in hits if hit not in good),
            said=text[best.start : best.end] if best else "",
            how=best.how if best else "part",
        )


def _order(judged: tuple[Match, Found]) -> tuple[float, bool, int, int]:
    """The best score first; then a dish by its own name before one by an alias, and the one with more recipes."""
    verdict, found = judged
    return -verdict.score, found.text != found.group, -found.recipe_count, len(found.text)


def _core(text: str) -> str:
    """The words of a question that may belong to a dish name; all of them where nothing else is left."""
    kept = list(text)
    for word in segment(text):
        if word.kind == "filler":
            kept[word.start : word.end] = " " * len(word.text)
    return " ".join("".join(kept).split()) or text
