"""How well a question names a dish: alignment by character and sound, judged by what the words mean.

The dish name is aligned to a window of the question (Sellers' approximate matching, the question's ends free,
with Damerau's transposition). A homophone or a slip of the pen is cheap; another ingredient, technique or form
is another dish and is dear. What stands directly before and after the window counts as well: 酸菜羊肉汤 is not
羊肉汤, but 热乎的羊肉汤 is.
"""

from functools import cache, lru_cache
from typing import Literal

from msgspec import Struct

from shishen.chinese import blurred, readings, split_pinyin
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import WordClass, segment

# The least score at which a dish is taken for the one that was asked for. Measured, not guessed:
# benchmarks/retrieval.py sweeps it over the labelled questions (docs/benchmarks.md).
THRESHOLD = 0.80

# What an extra word of the question costs, and what a word of the dish name costs that the question lacks.
EXTRA: dict[WordClass, float] = {
    "essential": 0.9, "technique": 0.9, "style": 0.35, "praise": 0.05, "filler": 0.15, "unknown": 0.45,
}  # fmt: skip
MISSING: dict[WordClass, float] = {
    "essential": 0.75, "technique": 0.75, "style": 0.25, "praise": 0.1, "filler": 0.2, "unknown": 0.4,
}  # fmt: skip
# A technique that the question adds to a name without one: 番茄炖牛腩 for 番茄牛腩.
ADDED_TECHNIQUE = 0.4
SAME_SOUND, NEAR_SOUND, LOOKALIKE, SLIP, OTHER = 0.2, 0.35, 0.3, 0.6, 1.0
SWAP, DOUBLED, TYPED_SOUND, IN_FILLER = 0.25, 0.25, 0.02, 0.25
# An unknown character beside the window.
BESIDE = 0.3
# Both sides have a word of weight that the other lacks: another dish.
OTHER_DISH = 0.7
# A question is a sentence or a few; the window is looked for in its first and last parts.
LONGEST_QUESTION = 240

How = Literal["exact", "sound", "similar", "part"]
_WEIGHTY = ("essential", "technique")


class Unit(Struct, frozen=True):
    """One character of a text, or one syllable typed as pinyin (then `character` is None).

    `start` and `end` are the place in the text of what it stands for: the character, or the whole word where
    that was replaced. `boundary`: punctuation stands before it.
    """

    character: str | None
    sounds: frozenset[str]
    kind: WordClass
    word: int
    cost_extra: float
    cost_missing: float
    start: int
    end: int
    boundary: bool = False
    inside_filler: bool = False


class Match(Struct, frozen=True):
    """`score` in [0, 1]; `how` the weakest link; `start` and `end` are the place in the question."""

    score: float
    how: How
    start: int = 0
    end: int = 0


_NOTHING = Match(0.0, "part")


@lru_cache(maxsize=8192)
def units(text: str, canonical: bool) -> tuple[Unit, ...]:
    """A normalised text as units; with `canonical` every known word is replaced by its canonical one."""
    found: list[Unit] = []
    end = 0
    for number, word in enumerate(segment(text)):
        boundary = any(not c.isspace() for c in text[end : word.start])
        end = word.end
        shown = word.canonical if canonical else word.text
        parts: list[tuple[str | None, frozenset[str]]] = [(shown, frozenset((shown,)))]
        if not shown.isascii():
            parts = [(c, readings(c)) for c in shown]
        elif shown.isalpha() and word.kind == "unknown" and (spelled := split_pinyin(shown)):
            parts = [(None, frozenset((s,))) for s in spelled]
        # A word's price is shared by its characters: one lost of two is half a word lost.
        share = len(parts) if word.kind != "unknown" else 1
        each = len(parts) == len(word.text)
        for offset, (character, sounds) in enumerate(parts):
            found.append(
                Unit(
                    character,
                    sounds,
                    word.kind,
                    number,
                    EXTRA[word.kind] / share,
                    MISSING[word.kind] / share,
                    word.start + offset if each else word.start,
                    word.start + offset + 1 if each else word.end,
                    boundary,
                    word.kind == "filler" and len(parts) > 1,
                )
            )
            boundary = False
    return tuple(found)


def shorten(question: str) -> str:
    """The first and the last part of a long question, with a stop between."""
    if len(question) <= LONGEST_QUESTION:
        return question
    half = LONGEST_QUESTION // 2
    return f"{question[:half]}。{question[1 - half :]}"


def match(question: str, name: str) -> Match:
    """How well a question names the dish `name`, as written or by canonical words, whichever is better.

    Both are normalised (`chinese.normalise`); `question` is at most `LONGEST_QUESTION` long (`shorten`).
    """
    as_written = align(units(question, False), units(name, False))
    if as_written.score == 1.0:
        return as_written
    asked, named = units(question, True), units(name, True)
    by_canon = max(align(asked, named), _reordered(asked, named), key=lambda found: found.score)
    return by_canon if by_canon.score > as_written.score else as_written


@cache
def _lookalikes() -> dict[str, frozenset[str]]:
    table: dict[str, frozenset[str]] = {}
    for group in knowledge("lookalikes")["groups"].split():
        for character in group:
            table[character] = table.get(character, frozenset()) | frozenset(group)
    return table


@lru_cache(maxsize=65_536)
def _blur(sounds: frozenset[str]) -> frozenset[str]:
    return frozenset(blurred(sound) for sound in sounds)


def _substitution(asked: Unit, named: Unit) -> float:
    """What it costs to take one unit of the question for one character of the name."""
    if asked.character is not None and asked.character == named.character:
        return IN_FILLER if asked.inside_filler else 0.0
    typed = asked.character is None
    if asked.sounds & named.sounds:
        return TYPED_SOUND if typed else SAME_SOUND
    if _blur(asked.sounds) & _blur(named.sounds):
        return NEAR_SOUND
    if typed or named.character is None:
        return OTHER + OTHER_DISH
    if asked.character in _lookalikes().get(named.character, ()):
        return LOOKALIKE
    return OTHER if asked.kind in _WEIGHTY and named.kind in _WEIGHTY else SLIP


def align(asked: tuple[Unit, ...], named: tuple[Unit, ...]) -> Match:
    """The best window of `asked` for the whole of `named`. Time is the product of the lengths."""
    rows, columns = len(named), len(asked)
    if not rows or not columns:
        return _NOTHING
    # cost[i][j]: named[:i] against a window of asked that ends at j; move[i][j]: the last step to it.
    # A window may begin anywhere, at the price of what then stands before it.
    ahead = [_price(_beside(asked, range(j - 1, -1, -1), 1)) for j in range(columns)] + [0.0]
    cost = [ahead] + [[0.0] * (columns + 1) for _ in range(rows)]
    move = [[""] * (columns + 1) for _ in range(rows + 1)]
    bare_name = all(unit.kind != "technique" for unit in named)
    extras = [_extra(asked, j, bare_name) for j in range(columns)]
    for i in range(1, rows + 1):
        unit = named[i - 1]
        above, here, moves = cost[i - 1], cost[i], move[i]
        here[0], moves[0] = above[0] + unit.cost_missing, "missing"
        for j in range(1, columns + 1):
            said = asked[j - 1]
            best, step = above[j - 1] + _substitution(said, unit), "same"
            if (price := above[j] + unit.cost_missing) < best:
                best, step = price, "missing"
            if i < rows and (price := here[j - 1] + extras[j - 1]) < best:
                best, step = price, "extra"
            if i > 1 and j > 1 and _swapped(asked[j - 2], said, named[i - 2], unit):
                price = cost[i - 2][j - 2] + SWAP
                if price < best:
                    best, step = price, "swap"
            here[j], moves[j] = best, step
    best_match = _NOTHING
    for j in range(1, columns + 1):
        # No window that ends here can beat the best one found: spare the way back.
        if 1.0 - cost[rows][j] / rows <= best_match.score:
            continue
        found = _judge(asked, named, cost, move, j)
        if found.score > best_match.score:
            best_match = found
    return best_match


def _extra(asked: tuple[Unit, ...], place: int, bare_name: bool) -> float:
    """What one unit of the question costs that the name lacks."""
    unit = asked[place]
    if bare_name and unit.kind == "technique":
        return min(unit.cost_extra, ADDED_TECHNIQUE)
    neighbours = asked[max(0, place - 1) : place] + asked[place + 1 : place + 2]
    doubled = unit.character is not None and any(unit.character == n.character for n in neighbours)
    return min(unit.cost_extra, DOUBLED) if doubled else unit.cost_extra


def _swapped(before: Unit, said: Unit, first: Unit, second: Unit) -> bool:
    return (
        said.character is not None
        and said.character == first.character
        and before.character == second.character
        and before.character != said.character
    )


def _judge(
    asked: tuple[Unit, ...], named: tuple[Unit, ...], cost: list[list[float]], move: list[list[str]], end: int
) -> Match:
    """The match whose window ends at `end`: the way back through the table, then what the words mean."""
    i, j = len(named), end
    kept_words: set[int] = set()
    lost_words: set[int] = set()
    foreign_words: set[int] = set()
    alike = True
    while i > 0:
        step = move[i][j]
        if step == "missing":
            lost_words.add(named[i - 1].word)
            alike = False
            i -= 1
        elif step == "extra":
            foreign_words.add(asked[j - 1].word)
            alike = False
            j -= 1
        elif step == "swap":
            alike = False
            i, j = i - 2, j - 2
        else:
            price = _substitution(asked[j - 1], named[i - 1])
            if price >= SLIP:
                lost_words.add(named[i - 1].word)
                foreign_words.add(asked[j - 1].word)
            else:
                kept_words.add(named[i - 1].word)
            alike = alike and price <= NEAR_SOUND
            i, j = i - 1, j - 1
    begin = j
    window = asked[begin:end]
    if not window or not kept_words:
        return _NOTHING
    weight = {unit.word for unit in named if unit.kind in _WEIGHTY}
    foreign = {unit.word for unit in window if unit.kind in _WEIGHTY} & foreign_words
    total = cost[len(named)][end]
    beside = [*_beside(asked, range(begin - 1, -1, -1), 1), *_beside(asked, range(end, len(asked)), 0)]
    if lost_words & weight and (foreign or any(unit.kind in _WEIGHTY for unit in beside)):
        total += OTHER_DISH
    after = _price(_beside(asked, range(end, len(asked)), 0))
    # A name of which only a part was said is measured against what was said as well.
    length = (len(named) + min(len(named), len(window))) / 2
    score = max(0.0, 1.0 - (total + after) / max(1.5, length))
    how: How = (
        "exact" if total + after == 0.0 else "sound" if alike else "part" if len(window) < len(named) else "similar"
    )
    return Match(score, how, window[0].start, window[-1].end)


def _reordered(asked: tuple[Unit, ...], named: tuple[Unit, ...]) -> Match:
    """The match where the question says the same words in another order (鸡蛋炒番茄, 土豆丝酸辣的)."""
    said, wanted = _words(asked), _words(named)
    if len(wanted) < 2 or sorted(said.values()) != sorted(wanted.values()):
        return _NOTHING
    window = [unit for unit in asked if unit.word in said]
    return Match(1.0 - SWAP / len(named), "similar", window[0].start, window[-1].end)


def _words(these: tuple[Unit, ...]) -> dict[int, str]:
    """The words that may be part of a dish name, by their number."""
    words: dict[int, str] = {}
    for unit in these:
        if unit.kind not in ("filler", "praise"):
            words[unit.word] = words.get(unit.word, "") + (unit.character or "?")
    return words


def _price(these: list[Unit]) -> float:
    """What stands beside a window costs; unknown words less than inside it, as they are mostly somebody talking."""
    unknown = sum(unit.kind == "unknown" for unit in these)
    return min(unknown, 2) * BESIDE + sum(unit.cost_extra for unit in these if unit.kind != "unknown")


def _beside(asked: tuple[Unit, ...], places: range, ahead: int) -> list[Unit]:
    """What stands directly beside the window, up to a filler word or punctuation.

    `ahead` is 1 to the left of the window, where the boundary stands before the unit to the right.
    """
    found: list[Unit] = []
    for place in places:
        unit = asked[place]
        if unit.kind == "filler" or (place + ahead < len(asked) and asked[place + ahead].boundary):
            break
        found.append(unit)
    return found
