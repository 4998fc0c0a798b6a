"""A text as printed, ready to be asked: do these words, these numbers with their units, this sentence stand in it?

Both sides are made flat first: one width, one script, no spaces, line breaks or punctuation, so that 「盐……5 克」
and 「盐 5克」 are one; what parts two numbers stays. Numbers are compared by value and unit (三个 = 3个, 500g =
500 克) and as a whole: 5 does not stand in 50.
"""

import re
import unicodedata
from collections import Counter
from functools import cache, lru_cache

from msgspec import Struct
from msgspec.structs import replace

from shishen.chinese import simplify
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.quantities import numerals
from shishen.domains.cooking.quantities.vocabulary import vocabulary

# Of 100 characters so many may differ, or a sentence is another one: slips of OCR that a model mends.
_DIFFERENT = 0.1
_LONGEST_SENTENCE, _MOST_CLAUSES = 5000, 100
# Characters between a name and its amount; on each side of a number that tell which of several it is.
_BESIDE, _AROUND = 2, 4
_HAN_DIGITS = frozenset(numerals.DIGITS) | frozenset(numerals.POWERS)
_FIRST = numerals.FIRST - frozenset("几")

_TO = re.compile(r"(?<=\d)\s*[-~〜∼—–―−‐‑─至到]+\s*(?=\d)")
# 1〇克, l0克, 2OO克: what OCR takes for figures, and 〇 among them.
_NOUGHT = re.compile(r"(?<=\d)(?:[○〇]|o(?=o*(?:g|kg|mg|ml|cm|mm|[^a-z]|$)))+|(?<![a-z\d])[o○〇](?=\.?\d)")
_ONE = re.compile(r"(?<![a-z\d])[li](?=\d)")
_GAP = re.compile(r"(?P<kept>(?<=\d)[./,-](?=\d))|[^\w%°]+|_+")
_CLAUSE = re.compile(r"[。！!？?；;，,、：:\n]+")
_LIST_MARK = re.compile(
    r"^\s*(?:\d{1,2}[.、)）．]\s*(?!\d)|[一二三四五六七八九十]{1,3}[、．]|第[一二三四五六七八九十\d]{1,3}步)"
)
_NEGATED = re.compile(r"[不勿别没无未忌][\u4e00-\u9fff]")
# Units that are no measures of ingredients, each as all the ways to write it.
_OTHER_UNITS = re.compile(
    r"(?P<minute>分[钟半]?|min)|(?P<hour>个?小时|h(?![a-z]))|(?P<second>秒)|(?P<degree>°c?|度)|(?P<day>天)"
    r"|(?P<centimetre>厘米|公分|cm)|(?P<millimetre>毫米|mm)|(?P<percent>%|成)|(?P<person>个?人)"
)


class Number(Struct, frozen=True):
    """A number with what it counts: its span of values, its unit in one form ("" where none follows)."""

    low: float | None
    high: float | None
    unit: str
    start: int
    end: int

    @property
    def values(self) -> frozenset[float]:
        """Both ends of the span, those that it has."""
        return frozenset(value for value in (self.low, self.high) if value is not None)


class PrintedText:
    """One text, flat, with its numbers."""

    def __init__(self, text: str) -> None:
        self.flat = flat(text)
        self._numbers = _with_spans(self.flat)
        self._amounts = {
            (value, unit) for number in self._numbers for value in number.values for unit in ("", number.unit)
        }

    def has(self, words: str) -> bool:
        """Whether the words stand in the text one after another; a number at their edges as a whole number."""
        wanted = flat(words)
        at = self.flat.find(wanted) if wanted else -1
        while at >= 0:
            if not _cut(self.flat, at) and not _cut(self.flat, at + len(wanted)):
                return True
            at = self.flat.find(wanted, at + 1)
        return False

    def lacking(self, words: str) -> list[str]:
        """The numbers of `words`, with their units, that do not stand in the text."""
        wanted = flat(_LIST_MARK.sub("", words))
        lacking = []
        for number in _claimed(wanted):
            if any((value, number.unit) not in self._amounts for value in number.values):
                lacking.append(wanted[number.start : number.end + 2])
        # More digits than any amount has: it must be there as it is.
        lacking += [run for run in re.findall(r"\d{8,}", wanted) if run not in self.flat]
        return lacking

    def gives_another(self, name: str, amount: str) -> bool:
        """Whether the text gives this name an amount, right beside it, and never one with a number of `amount`."""
        wanted, claimed = flat(name), {value for number in numbers(flat(amount)) for value in number.values}
        beside: set[float] = set()
        at = self.flat.find(wanted) if wanted and claimed else -1
        while at >= 0:
            end = at + len(wanted)
            for number in self._numbers:
                # Behind it after 约 or 各, or before it with its unit.
                if 0 <= number.start - end <= _BESIDE or 0 <= at - number.end <= _BESIDE:
                    beside |= number.values
            at = self.flat.find(wanted, end)
        return bool(beside) and not beside & claimed

    def says(self, sentences: str) -> bool:
        """Whether these sentences stand in the text but for small differences, with every number and every "not".

        Nine of ten characters must stand there in order; a clause may be interrupted once (by a column's end).
        """
        if self.has(sentences):
            return True
        wanted = flat(_LIST_MARK.sub("", sentences))
        if not wanted or len(wanted) > _LONGEST_SENTENCE or self.lacking(sentences):
            return False
        if any(negated not in self.flat for negated in _NEGATED.findall(wanted)):
            return False
        if not all(self._in_its_place(number, wanted) for number in _claimed(wanted)):
            return False
        if distance(wanted, self.flat) <= len(wanted) * _DIFFERENT:
            return True
        clauses = [clause for part in _CLAUSE.split(_LIST_MARK.sub("", sentences)) if (clause := flat(part))]
        if len(clauses) > _MOST_CLAUSES:
            return False
        return sum(len(clause) for clause in clauses if self._says_clause(clause)) >= len(wanted) * (1 - _DIFFERENT)

    def _in_its_place(self, number: Number, wanted: str) -> bool:
        """Whether this number stands somewhere among about the same characters, and not only in another step."""
        left, right = _around(wanted, number)
        for other in self._numbers:
            if number.values <= other.values and number.unit in (other.unit, ""):
                others = _around(self.flat, other)
                shared = (Counter(left) & Counter(others[0])) + (Counter(right) & Counter(others[1]))
                if shared.total() * 2 >= len(left) + len(right):
                    return True
        return False

    def _says_clause(self, clause: str) -> bool:
        if clause in self.flat or (
            len(clause) * _DIFFERENT >= 1 and distance(clause, self.flat) <= len(clause) * _DIFFERENT
        ):
            return True
        # Up to where it is interrupted, and from there on further down.
        head = next((size for size in range(len(clause) - 2, 2, -1) if clause[:size] in self.flat), 0)
        after = self.flat.find(clause[:head]) + head
        return bool(head) and self.flat.find(clause[head:], after) >= 0


def _with_spans(flat_text: str) -> list[Number]:
    """Every number of a text; the lower end of a span counts what the upper does (3 minutes in 3-5分钟)."""
    found = numbers(flat_text)
    for i in range(len(found) - 2, -1, -1):
        number, following = found[i : i + 2]
        if not number.unit and flat_text[number.end : following.start] in ("-", "到", "至"):
            found[i] = replace(number, unit=following.unit)
    return found


def _claimed(flat_text: str) -> list[Number]:
    """The numbers that a text must have a page for: 一起 and 三鲜 hold none, as no unit follows."""
    return [number for number in numbers(flat_text) if flat_text[number.start].isdigit() or number.unit]


def _around(flat_text: str, number: Number) -> tuple[str, str]:
    """The characters before a number, and those behind what it counts."""
    end = number.end + (2 if number.unit else 0)
    return flat_text[max(0, number.start - _AROUND) : number.start], flat_text[end : end + _AROUND]


def flat(text: str) -> str:
    """One width, one script, lower case; nothing but letters, digits and what parts or joins digits."""
    text = "".join(map(_plain, text))
    text = _ONE.sub("1", _NOUGHT.sub(lambda found: "0" * len(found[0]), _TO.sub("-", text)))
    return _GAP.sub(lambda found: _gap(found, text), text)


@lru_cache(maxsize=16_384)
def _plain(character: str) -> str:
    """One character: ½ is ` 1/2`, ① parts, everything else is its plain form."""
    if unicodedata.decomposition(character).startswith("<fraction>"):
        return " " + unicodedata.normalize("NFKC", character).replace("\u2044", "/")
    if unicodedata.category(character) == "No":
        return "|"
    if unicodedata.category(character) == "Cf":
        return ""
    # Character by character: in words, OpenCC would make one of two forms by what stands beside it.
    return "".join(map(simplify, unicodedata.normalize("NFKC", character).lower()))


def _gap(found: re.Match[str], text: str) -> str:
    """What is left of a gap: something only where two numbers would grow together."""
    gap = found[0]
    if found["kept"]:
        return gap
    left, right = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    if left.isdigit() and right.isdigit():
        # 1 1/2 is one number; a line's end or a comma parts two.
        return " " if gap.strip(" \u3000\t") == "" else "|"
    # 二|十分钟 where a line ends is one number still, 一、二 are two.
    return "|" if gap.strip() and left in _HAN_DIGITS and right in _HAN_DIGITS and left and right else ""


def numbers(flat_text: str) -> list[Number]:
    """Every number of a flat text in order."""
    found: list[Number] = []
    place = 0
    while place < len(flat_text):
        character = flat_text[place]
        inside = character.isdigit() and place > 0 and (flat_text[place - 1].isdigit() or flat_text[place - 1] == ".")
        number = None if inside or character not in _FIRST else numerals.read(flat_text, place)
        if number is None:
            place += 1
            continue
        unit = _unit(flat_text, number.end)
        found.append(Number(number.span.min, number.span.max, unit, place, number.end))
        place = max(number.end, place + 1)
    return found


def _unit(flat_text: str, place: int) -> str:
    """The unit that begins here, in one form; 2个小时 counts hours, not pieces."""
    if other := _OTHER_UNITS.match(flat_text, place):
        return other.lastgroup or ""
    measure = vocabulary().unit.match(flat_text, place)
    return _one_form().get(measure["unit"], measure["unit"]) if measure else ""


@cache
def _one_form() -> dict[str, str]:
    """Units of one size under one name: 克 and g."""
    units = knowledge("units")
    named: dict[tuple[str, float], str] = {}
    return {
        unit: named.setdefault((kind, size), unit) for kind in ("mass", "volume") for unit, size in units[kind].items()
    }


def _cut(text: str, place: int) -> bool:
    """Whether a number runs across this place."""
    left, right = text[place - 1 : place] if place else "", text[place : place + 1]
    if right.isdigit():
        return left.isdigit() or (left in "./," and left != "" and text[place - 2 : place - 1].isdigit())
    if left.isdigit():
        return right in "./," and right != "" and text[place + 1 : place + 2].isdigit()
    return left != "" and right != "" and left in _HAN_DIGITS and right in _HAN_DIGITS


def distance(wanted: str, text: str) -> int:
    """The fewest changes of characters that make `wanted` stand somewhere in `text`.

    Myers, "A fast bit-vector algorithm for approximate string matching", JACM 46 (1999): one step a character of
    the text, however long `wanted` is.
    """
    size = len(wanted)
    if not size:
        return 0
    full, last = (1 << size) - 1, 1 << (size - 1)
    places: dict[str, int] = {}
    for i, character in enumerate(wanted):
        places[character] = places.get(character, 0) | 1 << i
    plus, minus, score, best = full, 0, size, size
    for character in text:
        equal = places.get(character, 0)
        across = (((equal & plus) + plus) ^ plus) | equal
        vertical = equal | minus
        up, down = minus | (full & ~(across | plus)), plus & across
        if up & last:
            score += 1
        elif down & last:
            score -= 1
        best = min(best, score)
        up, down = (up << 1) & full, (down << 1) & full
        plus, minus = down | (full & ~(vertical | up)), up & vertical
    return best
