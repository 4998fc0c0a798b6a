"""Chinese text as the search sees it: one script, one width, toneless syllables, and tokens.

Everything here is pure and knows nothing about food.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise

import opencc
from msgspec import Struct

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
# Unicode's format characters (Cf): joiners, marks of direction, soft hyphens, byte order marks.
_INVISIBLE = re.compile(
    "[\u00ad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_MARKED = re.compile("[āáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜńňǹ]")
_PIECE = re.compile(r"[A-Za-z]+|[0-9]+(?:\.[0-9]+)?|" + HAN.pattern)


class Tokens(Struct, frozen=True):
    """The four token lists of one text, in text order."""

    characters: list[str]
    bigrams: list[str]
    syllables: list[str]
    syllable_bigrams: list[str]


@cache
def _to_simplified() -> "opencc.OpenCC":
    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Traditional characters made simplified (OpenCC's t2s: characters, no change of wording).

    Half a surrogate pair, which is no text to OpenCC, becomes a question mark.
    """
    if not HAN.search(text):
        return text
    try:
        return str(_to_simplified().convert(text))
    except UnicodeEncodeError:
        return str(_to_simplified().convert(text.encode("utf-8", "replace").decode()))


def normalise(text: str) -> str:
    """One form for comparing: NFKC (full width → half), lower case, simplified, single spaces, nothing invisible."""
    # Names and ingredients come again and again in a corpus; a long text does not.
    return _normalise_short(text) if len(text) <= 64 else _normalise(text)


def _normalise(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower()
    if _MARKED.search(text):
        # Pinyin with its tones, mápó dòufu; ü is typed as v.
        text = _MARKED.sub(lambda found: toneless(found[0]), text)
    return simplify(_SPACE.sub(" ", _INVISIBLE.sub("", text)).strip())


_normalise_short = lru_cache(maxsize=32_768)(_normalise)


def pieces(text: str) -> list[str]:
    """The parts of a normalised text that search looks at: each Han character, each Latin word, each number."""
    return _PIECE.findall(text)


@cache
def _pinyin_table() -> dict[int, str]:
    from pypinyin.pinyin_dict import pinyin_dict

    return dict(pinyin_dict)


def toneless(pinyin: str) -> str:
    """`fǔ` → `fu`, `lǜ` → `lv`."""
    decomposed = unicodedata.normalize("NFD", pinyin)
    # The diaeresis of ü is kept as v; the tone marks go.
    decomposed = decomposed.replace("u\u0308", "v")
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower()


@lru_cache(maxsize=65_536)
def syllable(character: str) -> str:
    """The commonest reading of one character without its tone; what is not a Han character is itself."""
    readings = _pinyin_table().get(ord(character)) if len(character) == 1 else None
    return toneless(readings.split(",", 1)[0]) if readings else character


@lru_cache(maxsize=65_536)
def readings(character: str) -> frozenset[str]:
    """Every toneless reading of one character (茄: qie, jia)."""
    found = _pinyin_table().get(ord(character)) if len(character) == 1 else None
    return frozenset(toneless(r) for r in found.split(",")) if found else frozenset((character,))


@lru_cache(maxsize=8192)
def blurred(syllable_: str) -> str:
    """A syllable without the contrasts that many speakers do not make: zh/z, n/l, h/f, an/ang, en/eng, in/ing."""
    for hard, soft in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if syllable_.startswith(hard):
            syllable_ = soft + syllable_[2:]
    if syllable_[:1] == "n" and len(syllable_) > 1:
        syllable_ = "l" + syllable_[1:]
    if syllable_.startswith("hu") and len(syllable_) > 2:
        # hui and hun are hu + ei, hu + en, spelled short.
        syllable_ = "f" + {"i": "ei", "n": "en"}.get(syllable_[2:], syllable_[2:])
    return syllable_[:-1] if syllable_.endswith("ng") else syllable_


@cache
def syllable_table() -> frozenset[str]:
    """Every toneless syllable of Mandarin, out of the character table (about 410 of them)."""
    common = (c for c in range(0x4E00, 0x9FA6))
    found = {toneless(_pinyin_table()[c].split(",", 1)[0]) for c in common if c in _pinyin_table()}
    spelled = re.compile(r"[bpmfdtnlgkhjqxzcsrywaoe][a-z]{0,5}")
    odd = {"m", "n", "ng", "hm", "hng", "eng", "ê", "yo", "lo", "o", "e", "dia", "den", "nou", "kei", "zhei"}
    return frozenset(s for s in found if spelled.fullmatch(s) and s not in odd) | {"e"}


@lru_cache(maxsize=4096)
def split_pinyin(word: str) -> tuple[str, ...] | None:
    """A run of Latin letters as Mandarin syllables (`maposhoufu` → no; `mapodoufu` → ma po dou fu), or None.

    The fewest syllables win; a vowel after the first letter of a syllable needs an apostrophe in careful
    pinyin, which nobody types, so every split is tried.
    """
    table = syllable_table()
    word = word.lower().replace("ü", "v")
    best: list[tuple[str, ...] | None] = [None] * (len(word) + 1)
    best[0] = ()
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 6), end):
            head = best[start]
            if head is None or word[start:end] not in table:
                continue
            candidate = (*head, word[start:end])
            held = best[end]
            if held is None or len(candidate) < len(held):
                best[end] = candidate
    return best[len(word)]


def sounds(text: str) -> list[str]:
    """The toneless syllables of a normalised text; Latin words that are pinyin are split into syllables."""
    return [sound for _, sound in spoken(text)]


def spoken(text: str) -> Iterator[tuple[str | None, str]]:
    """(character, syllable) for each piece of a normalised text; the character is None where pinyin was typed."""
    for piece in pieces(text):
        if HAN.fullmatch(piece):
            yield piece, syllable(piece)
        else:
            for part in split_pinyin(piece) or (piece,):
                yield None, part


def _bigrams(units: list[str], joint: str = "") -> list[str]:
    return [a + joint + b for a, b in pairwise(units)]


def tokens(text: str) -> Tokens:
    """The search tokens of a text: characters, character bigrams, syllables, syllable bigrams."""
    units = list(spoken(normalise(text)))
    characters = [c for c, _ in units if c is not None]
    syllables = [s for _, s in units]
    return Tokens(characters, _bigrams(characters), syllables, _bigrams(syllables, "_"))
