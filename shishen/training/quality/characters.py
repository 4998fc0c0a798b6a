"""Many texts as one array of normalised characters, and the hashes of their n-grams.

A text is told by its letters and digits alone: one width, one case, one script, without spaces and punctuation.
Where `numbers` are levelled, 500 克 and 两克 are one: every run of digits or Chinese numerals is a single 0.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from shishen.chinese import simplify

Codes = NDArray[np.uint32]
Hashes = NDArray[np.uint64]

_NUMERALS = "〇一二三四五六七八九十百千两半几"
_DROPPED, _BOUNDARY, _ZERO = 0, 1, ord("0")
# The last code point, no character: it stands between texts.
_MARK = "\U0010ffff"
_SPACE_OF_UNICODE = 0x110000
# Odd constants of splitmix64 (Steele, Lea, Flood 2014, https://doi.org/10.1145/2714064.2660195).
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Characters(Struct, frozen=True):
    """`codes` of all texts one after another, and of each text where it starts and how many it has."""

    codes: Codes
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]


class Grams(Struct, frozen=True):
    """The n-grams of texts: `hashes`, the number of the text that each is of, and its place in that text."""

    hashes: Hashes
    texts: NDArray[np.int64]
    places: NDArray[np.int64]


@cache
def _table(numbers: bool) -> Codes:
    """For each code point the one that it is read as; 0 for what is left out."""
    table = np.zeros(_SPACE_OF_UNICODE, np.uint32)
    for code in range(0x10000):
        folded = unicodedata.normalize("NFKC", chr(code)).lower()
        kept = next((c for c in folded if c.isalnum()), None)
        if kept is not None:
            table[code] = ord(kept)
    # Beyond the basic plane only ideographs; the rest are pictures and mathematical letters.
    table[0x20000:0x323B0] = np.arange(0x20000, 0x323B0, dtype=np.uint32)
    han = np.r_[0x3400:0x4DC0, 0x4E00:0xA000, 0xF900:0xFB00]
    simplified = simplify("\n".join(map(chr, table[han]))).split("\n")
    table[han] = [ord(c[0]) if c else 0 for c in simplified]
    if numbers:
        table[[code for code in range(0x10000) if chr(table[code]).isdigit()]] = _ZERO
        table[[ord(c) for c in _NUMERALS]] = _ZERO
    table[ord(_MARK)] = _BOUNDARY
    return table


def characters_of(texts: Sequence[str], numbers: bool = False) -> Characters:
    """The texts as arrays; with `numbers`, runs of digits and numerals are levelled to one 0."""
    joined = _MARK.join((*texts, "")).encode("utf-32-le", "surrogatepass")
    codes = _table(numbers)[np.frombuffer(joined, "<u4")]
    codes = codes[codes != _DROPPED]
    if numbers and len(codes):
        again = np.zeros(len(codes), np.bool_)
        again[1:] = (codes[1:] == _ZERO) & (codes[:-1] == _ZERO)
        codes = codes[~again]
    # A text that holds the mark itself would be two; it is no character, and decoders refuse or replace it.
    ends = np.flatnonzero(codes == _BOUNDARY)
    if len(ends) != len(texts):
        return characters_of([text.replace(_MARK, "") for text in texts], numbers)
    starts = np.concatenate(([0], ends[:-1] + 1)).astype(np.int64) if len(ends) else ends.astype(np.int64)
    return Characters(codes, starts, ends - starts)


def grams_of(characters: Characters, length: int, short: bool = False) -> Grams:
    """Every n-gram of `length` characters, in order; with `short`, a shorter text is one gram as a whole."""
    codes, lengths = characters.codes, characters.lengths
    counts = np.maximum(lengths - length + 1, 0)
    if short:
        counts = np.where((lengths > 0) & (counts == 0), 1, counts)
    texts = np.repeat(np.arange(len(lengths)), counts)
    # The place of each gram: its number among all, less the number of the first of its text.
    places = np.arange(len(texts)) - np.repeat(np.cumsum(counts) - counts, counts)
    if not len(texts):
        return Grams(np.zeros(0, np.uint64), texts, places)
    padded = np.concatenate((codes, np.zeros(length, np.uint32))).astype(np.uint64)
    rolled = np.zeros(len(codes), np.uint64)
    for offset in range(length):
        rolled *= _STEP
        rolled += padded[offset : offset + len(codes)]
    at = np.repeat(characters.starts, counts) + places
    hashes = mixed(rolled[at])
    if short:
        # What follows a short text in the array is the next text's: these few are hashed alone.
        for text in np.flatnonzero((lengths > 0) & (lengths < length)):
            start = characters.starts[text]
            value = np.zeros(1, np.uint64)
            for code in codes[start : start + lengths[text]]:
                value = value * _STEP + np.uint64(code)
            hashes[np.searchsorted(texts, text)] = mixed(value)[0]
    return Grams(hashes, texts, places)


def mixed(values: Hashes) -> Hashes:
    """The finisher of splitmix64: every bit of the outcome hangs on every bit of the value."""
    values = values + _STEP
    values ^= values >> np.uint64(30)
    values *= _FIRST
    values ^= values >> np.uint64(27)
    values *= _SECOND
    values ^= values >> np.uint64(31)
    return values
