"""How well a question names a dish: alignment by character and sound, judged by what the words mean.

The dish name is aligned to a window of the question (Sellers' approximate matching, the question's ends free,
with Damerau's transposition). A homophone or a slip of the pen is cheap; another ingredient, technique or form
is another dish and is dear. What stands directly before and after the window counts as well: 酸菜羊肉汤 is not
羊肉汤, but 热乎的羊肉汤 is.
"""

from functools import cache, lru_cache
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from shishen.chinese import blurred
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.units import Unit, units
from shishen.domains.cooking.words import WordClass, segment

# The least score at which a dish is taken for the one that was asked for. Measured, not guessed:
# benchmarks/retrieval.py sweeps it over the labelled questions (docs/benchmarks.md).
THRESHOLD = 0.80

# What a word of the question costs directly before the window and directly after it. What follows a
# dish is mostly said about it (炸多久, 放多少水), unless it is a form (盖饭, 汤); what precedes it belongs to it.
BEFORE: dict[WordClass, float] = {
    "hazard": 1.1, "food": 1.1, "form": 1.1, "cut": 1.1, "flavour": 1.1, "technique": 1.1, "style": 0.4, "praise": 0.05,
    "request": 0.05, "unknown": 0.35,
}  # fmt: skip
AFTER: dict[WordClass, float] = {
    "hazard": 1.1, "food": 0.4, "form": 1.1, "cut": 0.3, "flavour": 0.4, "technique": 0.2, "style": 0.2, "praise": 0.05,
    "request": 0.05, "unknown": 0.2,
}  # fmt: skip
# A technique that is a verb, before the window.
AS_VERB = 0.3
# A syllable typed as pinyin may belong to any word.
TYPED_BESIDE = 0.45
# After this many unknown characters it is somebody talking, and no longer the name of a dish.
TALKING = 2
# A technique that the question adds to a name without one: 番茄炖牛腩 for 番茄牛腩.
ADDED_TECHNIQUE = 0.4
SAME_SOUND, NEAR_SOUND, LOOKALIKE, SLIP, OTHER = 0.2, 0.4, 0.3, 0.6, 1.0
SWAP, DOUBLED, TYPED_SOUND, IN_FILLER = 0.25, 0.25, 0.02, 0.25
# Another ingredient, technique or form in the place of the one in the name is another dish: what it costs, and
# the most that such a match can score however long the rest of the name is.
OTHER_DISH, OTHER_DISH_SCORE = 0.7, 0.7
# The price of one character of a two-character ingredient: what a name's length is counted in.
UNIT = 0.375
# The most that an ingredient alone scores against a dish that is called more than that.
BARE_INGREDIENT = 0.7
# What a match by canonical words is worth beside one by the words themselves.
BY_CANON = 0.98
# A question is a sentence or a few; the window is looked for in its first and last parts.
LONGEST_QUESTION = 240

How = Literal["exact", "sound", "similar", "part"]
_WEIGHTY = ("hazard", "food", "form", "cut", "flavour", "technique")


class Match(Struct, frozen=True):
    """`score` in [0, 1]; `how` the weakest link; `start` and `end` are the place in the question."""

    score: float
    how: How
    start: int = 0
    end: int = 0


_NOTHING = Match(0.0, "part")


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
    found = _match(question, name)
    if any(word.kind == "hazard" and word.text not in name for word in segment(question)):
        # 发芽土豆丝 is never 土豆丝, whatever else is right.
        return replace(found, score=min(found.score, OTHER_DISH_SCORE))
    return found


def _match(question: str, name: str) -> Match:
    as_written = align(units(question, False), units(name, False))
    if as_written.score == 1.0:
        return as_written
    asked, named = units(question, True), units(name, True)
    # 想用微波炉做鸡蛋羹: a style that was said somewhere is not missing from the name 微波炉鸡蛋羹.
    said = {word.canonical for word in segment(question) if word.kind == "style"}
    styled = {unit.word for unit in named if unit.kind == "style"}
    if said and styled:
        words = _words(named)
        named = tuple(
            replace(unit, cost_missing=TYPED_SOUND) if unit.word in styled and words[unit.word] in said else unit
            for unit in named
        )
    by_canon = max(align(asked, named), _reordered(asked, named), key=lambda found: found.score)
    # Between 土豆烧牛肉 and 土豆炖牛肉, which mean the same, the one that was said comes first.
    by_canon = replace(by_canon, score=by_canon.score * BY_CANON)
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
    # 冷吃兔 has a word of asking in it; a word of asking seldom has a dish in it.
    inside = IN_FILLER if asked.inside_filler else 0.0
    if asked.character is not None and asked.character == named.character:
        return inside
    typed = asked.character is None
    if asked.sounds & named.sounds:
        return TYPED_SOUND if typed else SAME_SOUND + inside
    if _blur(asked.sounds) & _blur(named.sounds):
        return NEAR_SOUND + inside
    if typed or named.character is None:
        return OTHER + OTHER_DISH
    if asked.character in _lookalikes().get(named.character, ()):
        return LOOKALIKE + inside
    if asked.kind in _WEIGHTY and named.kind in _WEIGHTY:
        return OTHER
    # A slip that leaves nothing of a word (牛肉能 for 牛肉饭) has lost that word.
    return max(SLIP, named.cost_missing + 0.1)


def align(asked: tuple[Unit, ...], named: tuple[Unit, ...]) -> Match:
    """The best window of `asked` for the whole of `named`. Time is the product of the lengths."""
    rows, columns = len(named), len(asked)
    if not rows or not columns:
        return _NOTHING
    # cost[i][j]: named[:i] against a window of asked that ends at j; move[i][j]: the last step to it.
    # A window may begin anywhere, at the price of what then stands before it.
    ahead = [_price(_beside(asked, range(j - 1, -1, -1), 1), BEFORE, _is_verb(asked, j)) for j in range(columns)]
    ahead.append(0.0)
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
    # 吓虾 is 虾 written twice as much as 虾虾 is.
    doubled = unit.character is not None and any(unit.sounds & n.sounds for n in neighbours)
    return min(unit.cost_extra, DOUBLED) if doubled else unit.cost_extra


def _swapped(before: Unit, said: Unit, first: Unit, second: Unit) -> bool:
    return (
        said.character is not None
        and said.character == first.character
        and before.character == second.character
        and before.character != said.character
    )


class Trace(Struct):
    """The way back through the table: which words were heard, lost, replaced, and which are left over.

    Sets hold the words' numbers: those of the name, and (`foreign`, `grown`, `heard`) those of the question.
    """

    begin: int
    kept: set[int]
    lost: set[int]
    replaced: set[int]
    foreign: set[int]
    grown: set[int]
    heard: set[int]
    mistaken: set[tuple[int, int]]
    changed: set[int]
    lost_weight: float = 0.0
    alike: bool = True


def _trace(asked: tuple[Unit, ...], named: tuple[Unit, ...], move: list[list[str]], end: int) -> Trace:
    trace = Trace(end, set(), set(), set(), set(), set(), set(), set(), set())
    i, j = len(named), end
    while i > 0:
        step, unit = move[i][j], named[i - 1]
        trace.alike &= step == "same"
        if step == "missing":
            trace.lost.add(unit.word)
            trace.lost_weight += unit.cost_missing
            i -= 1
        elif step == "extra":
            trace.foreign.add(asked[j - 1].word)
            if _extra(asked, j - 1, False) > DOUBLED:
                trace.grown.add(asked[j - 1].word)
            j -= 1
        elif step == "swap":
            trace.kept |= {unit.word, named[i - 2].word}
            i, j = i - 2, j - 2
        else:
            price = _substitution(asked[j - 1], unit)
            if price >= SLIP:
                trace.lost.add(unit.word)
                trace.replaced.add(unit.word)
                trace.foreign.add(asked[j - 1].word)
                trace.changed.add(asked[j - 1].word)
            else:
                trace.kept.add(unit.word)
                trace.heard.add(asked[j - 1].word)
                if price > TYPED_SOUND:
                    trace.mistaken.add((asked[j - 1].word, unit.word))
            trace.alike &= price <= NEAR_SOUND
            i, j = i - 1, j - 1
    trace.begin = j
    return trace


def _judge(
    asked: tuple[Unit, ...], named: tuple[Unit, ...], cost: list[list[float]], move: list[list[str]], end: int
) -> Match:
    """The match whose window ends at `end`: what it cost, and what the words mean."""
    trace = _trace(asked, named, move, end)
    window = asked[trace.begin : end]
    if not trace.kept or (len(window) == 1 and trace.lost):
        return _NOTHING
    before, after = _beside(asked, range(trace.begin - 1, -1, -1), 1), _beside(asked, range(end, len(asked)), 0)
    other = _another_dish(named, window, trace, before, after)
    total = cost[len(named)][end] + _price(after, AFTER) + (OTHER_DISH if other else 0.0)
    # A name of which only a part was said is measured against what was said as well.
    weight = sum(unit.cost_missing for unit in named) - trace.lost_weight / 2
    score = max(0.0, 1.0 - total / max(1.5, weight / UNIT))
    if other:
        score = min(score, OTHER_DISH_SCORE)
    if trace.lost and all(unit.kind == "food" for unit in window) and len({unit.word for unit in window}) == 1:
        # 鸡翅 names an ingredient, not one dish of those made of it.
        score = min(score, BARE_INGREDIENT)
    how: How = "exact"
    if total > 0.0:
        how = "sound" if trace.alike else "part" if len(window) < len(named) else "similar"
    # What was said of the dish (空气炸锅可乐鸡翅) is part of what was understood otherwise.
    begin = next((unit.start for unit in reversed(before) if unit.kind != "praise"), window[0].start)
    return Match(score, how, begin, window[-1].end)


def _another_dish(
    named: tuple[Unit, ...], window: tuple[Unit, ...], trace: Trace, before: list[Unit], after: list[Unit]
) -> bool:
    """Whether the question has a word of weight in the place of one that the name has."""
    weighty = {unit.word for unit in named if unit.kind in _WEIGHTY}
    left_over = trace.foreign | {u.word for u in before} | {u.word for u in after if u.kind != "technique"}
    if trace.lost & weighty and any(u.word in left_over for u in (*window, *before, *after) if u.kind in _WEIGHTY):
        return True
    # A whole word of two characters replaced by words unknown: 葱烧蹄筋 for 葱烧海参.
    if any(word not in trace.kept and _size(named, word) > 1 for word in trace.replaced & weighty):
        return True
    # A known word that only sounds like the name's: 芋头 for 鱼头.
    if any(_weighs(window, said) and _weighs(named, word) for said, word in trace.mistaken):
        return True
    # A known word of which a part stands for another: 油条 for 薯条.
    if any(_weighs(window, word) for word in trace.changed):
        return True
    # A word grown into another: 鱿鱼 for 鱼; or one more character in the midst of the name: 白切生鸡.
    grown = {unit.word for unit in window if unit.kind in _WEIGHTY} & trace.heard
    return bool(trace.grown & (grown | {unit.word for unit in window if unit.kind == "unknown" and unit.character}))


def _weighs(these: tuple[Unit, ...], word: int) -> bool:
    """Whether a word is one of weight, and no single character."""
    own = [unit for unit in these if unit.word == word]
    return len(own) > 1 and own[0].kind in _WEIGHTY


def _size(these: tuple[Unit, ...], word: int) -> int:
    return sum(unit.word == word for unit in these)


def _reordered(asked: tuple[Unit, ...], named: tuple[Unit, ...]) -> Match:
    """The match where the question says the same in another order: words (鸡蛋炒番茄), or at least characters."""
    said, wanted = _words(asked), _words(named)
    window = [unit for unit in asked if unit.word in said]
    price = 0.0
    if len(wanted) >= 2 and sorted(said.values()) == sorted(wanted.values()):
        price = SWAP
    elif len(window) == len(named) >= 4 and sorted(map(_sound, window)) == sorted(map(_sound, named)):
        price = 2 * SWAP
    if not price:
        return _NOTHING
    return Match(1.0 - price / len(named), "similar", window[0].start, window[-1].end)


def _sound(unit: Unit) -> str:
    return min(unit.sounds)


def _words(these: tuple[Unit, ...]) -> dict[int, str]:
    """The words that may be part of a dish name, by their number."""
    words: dict[int, str] = {}
    for unit in these:
        if unit.kind not in ("filler", "praise"):
            words[unit.word] = words.get(unit.word, "") + (unit.character or "?")
    return words


def _price(these: list[Unit], prices: dict[WordClass, float], verb: bool = False) -> float:
    """What stands beside a window costs, by the prices of that side; each word once.

    With `verb` a technique of one character right beside the window is what is done with the dish (想煮奶茶).
    """
    price = 0.0
    words: set[int] = set()
    for unit in these:
        if verb and unit is these[0] and unit.kind == "technique" and _size(tuple(these), unit.word) == 1:
            price += AS_VERB
        elif unit.kind == "unknown" or unit.word not in words:
            price += TYPED_BESIDE if unit.character is None else prices[unit.kind]
        words.add(unit.word)
    return price


def _is_verb(asked: tuple[Unit, ...], begin: int) -> bool:
    """Whether what stands before a window would be a verb: a word of asking stands before that."""
    return begin >= 2 and asked[begin - 2].kind == "filler"


def _beside(asked: tuple[Unit, ...], places: range, ahead: int) -> list[Unit]:
    """What stands directly beside the window, up to a filler word or punctuation.

    `ahead` is 1 to the left of the window, where the boundary stands before the unit to the right.
    """
    found: list[Unit] = []
    unknown = 0
    for place in places:
        unit = asked[place]
        if unit.kind == "filler" or (place + ahead < len(asked) and asked[place + ahead].boundary):
            break
        unknown += unit.kind == "unknown" and unit.character is not None
        if unknown > TALKING:
            break
        found.append(unit)
    return found
