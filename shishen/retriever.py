"""A question → dishes: the index proposes, the reranker shortens the list, the domain judges each name."""

from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec import Struct

from shishen.chinese import normalise
from shishen.domains.cooking.matching import THRESHOLD, How, Match, match, shorten
from shishen.domains.cooking.words import aliases, canonical_words, segment
from shishen.errors import ShishenError
from shishen.library import Library
from shishen.protocols import Found, Index, Reranker
from shishen.records import Hit

# How many names the index proposes, and how many of them are looked at closely.
PROPOSED, JUDGED = 40, 12
# How many dishes are looked for by what they are like, the score from which a name is nearer than that, and the
# one below which it is not near at all.
DESCRIBED, CLOSE, FAR = 8, 0.45, 0.4


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

    `threshold` is the least score in [0, 1] at which a dish counts as the one asked for; `limit` is how many
    dishes a resolution holds of each kind.
    """

    def __init__(
        self, library: Library, index: Index, reranker: Reranker, threshold: float = THRESHOLD, limit: int = 5
    ) -> None:
        self._library = library
        self._index = index
        self._reranker = reranker
        self._threshold = threshold
        self._limit = limit

    def catch_up(self) -> bool:
        """Bring the index to the library's generation; whether there was anything to do. Raises Busy."""
        worked = False
        while (then := self._index.generation()) != self._library.generation():
            # An index of another library, or of a backup's future, tells nothing of what has changed since.
            worked |= self._update(then if self._library.has_been(then) else 0, then)
        return worked

    def rebuild(self) -> bool:
        """Make the index anew; always something to do. Raises Busy."""
        while not self._update(0, self._index.generation()):
            # Another process was quicker, but the index was to be made anew.
            continue
        return True

    def _update(self, since: int, expected: int) -> bool:
        library = self._library
        now = library.generation()
        entries, gone = library.entries_since(since), library.gone_since(since)
        return self._index.update(entries, gone, now, anew=since == 0, expected=expected)

    def resolve(self, question: str) -> Resolution:
        """The dishes that a question names, or the nearest ones. `question` in any script, width and case."""
        text = shorten(normalise(question))
        core = _core(text)
        judged = self._judge(text, core)
        good = [pair for pair in judged if pair[0].score >= self._threshold]
        near = [pair for pair in judged if pair[0].score < self._threshold]
        if not good:
            # Names that are far off say less than dishes that the question describes.
            close = [pair for pair in near if pair[0].score >= CLOSE]
            rest = [pair for pair in near[len(close) :] if pair[0].score >= FAR]
            near = [*close, *self._described(core), *rest]
        best = judged[0][0] if judged else Match(0.0, "part")
        return Resolution(
            hits=tuple(islice(self._hits(good), self._limit)),
            neighbours=tuple(islice(self._hits(near), self._limit)),
            said=text[best.start : best.end],
            how=best.how,
        )

    def _judge(self, text: str, core: str) -> list[tuple[Match, Found]]:
        """Each dish that the index proposes by its name with how well it matches, best first."""
        query = f"{core} {canonical_words(core)}"
        # Who asks for a dish by another name (shakshuka) may mean one that is called more than that (香肠北非蛋).
        called = aliases("dish").get(core)
        if called is not None and called != core:
            query = f"{query} {called}"
        proposed = self._index.search(query, "name", PROPOSED)
        if not proposed and self._index.generation() == 0 and not self._library.empty:
            raise ShishenError("检索索引还没做好，或者坏了；请稍后再问，或运行 shishen index。")
        scores = self._reranker.scores(f"{text} {query}", [found.text for found in proposed])
        ranked = sorted(zip(scores, proposed, strict=True), key=lambda pair: -pair[0])[:JUDGED]
        best_of: dict[str, tuple[Match, Found]] = {}
        for _, found in ranked:
            verdict = match(text, found.text)
            if called is not None and (other := match(called, found.text)).score > verdict.score:
                verdict = Match(other.score, other.how, text.find(core), text.find(core) + len(core))
            if found.group not in best_of or verdict.score > best_of[found.group][0].score:
                best_of[found.group] = (verdict, found)
        return sorted(best_of.values(), key=_order)

    def _described(self, core: str) -> list[tuple[Match, Found]]:
        """Dishes whose own questions (what they are made of, how they taste) are near to what was asked."""
        words = {word.canonical for word in segment(core) if word.kind not in ("filler", "praise", "unknown")}
        about = self._index.search(core, "about", DESCRIBED)
        # Sharing a character is no likeness: a word of the question must stand in it.
        return [(Match(0.0, "part"), found) for found in about if any(w in canonical_words(found.text) for w in words)]

    def _hits(self, pairs: Iterable[tuple[Match, Found]]) -> Iterator[Hit]:
        """The most complete recipe of each dish, each dish once."""
        seen: set[str] = set()
        for verdict, found in pairs:
            recipe = next(iter(self._library.of_group(found.group)), None)
            # The index may be a batch behind the library.
            if recipe is None or found.group in seen:
                continue
            seen.add(found.group)
            yield Hit(
                recipe_id=recipe.id,
                name=recipe.name,
                score=round(verdict.score, 4),
                source=recipe.source,
                matched=verdict.how,
                recipe_count=found.recipe_count,
            )


def _order(judged: tuple[Match, Found]) -> tuple[float, int, bool, int, int]:
    """The best score first; then the one that takes in more of the question, by its own name, with more recipes."""
    verdict, found = judged
    return (
        -round(verdict.score, 2),
        verdict.start - verdict.end,
        found.text != found.group,
        -found.recipe_count,
        -len(found.text),
    )


def _core(text: str) -> str:
    """The words of a question that may belong to a dish name; all of them where nothing else is left."""
    kept = list(text)
    for word in segment(text):
        if word.kind == "filler":
            kept[word.start : word.end] = " " * len(word.text)
    return " ".join("".join(kept).split()) or text
