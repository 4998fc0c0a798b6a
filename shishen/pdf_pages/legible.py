"""Whether a text layer is text: common Chinese, or words in Latin letters; not what a font without its table gives."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

# The share of signs that are usual in a text; a broken layer has far less. What a scanner's program read behind a
# picture must be better, and Chinese: where it is not, the picture itself says more.
_USUAL, _USUAL_UNSEEN, _CHINESE_UNSEEN = 0.7, 0.85, 0.3
# Without this share of Chinese a text of so many signs must consist of words.
_CHINESE, _SHORT = 0.1, 40
_LETTERS, _PLAIN, _VOWELS = 0.5, 0.75, (0.25, 0.6)
# The signs that stand in a text beside its letters: punctuation, numbers, marks; by first and last.
_SIGNS = (
    (0x21, 0x7E), (0xA0, 0x24F), (0x2010, 0x205E), (0x2070, 0x20BF), (0x2100, 0x23FF), (0x2460, 0x27BF),
    (0x2B00, 0x2BFF), (0x3001, 0x303F), (0x3200, 0x33FF), (0xFE10, 0xFE6F), (0xFF01, 0xFFEE), (0x1F000, 0x1FAFF),
    (0x300, 0x36F),
)  # fmt: skip
_LEADERS = frozenset(".·…‥_-—")
# Kana, bopomofo, Korean.
_SYLLABLES = ((0x3041, 0x318F), (0x31A0, 0x31BF), (0xAC00, 0xD7A3))


def is_legible(characters: Iterable[str], *, unseen: bool = False) -> bool:
    """Whether the characters of a page are a text that can be read; `unseen` where they stand behind its picture."""
    # The dots between a name and its page, most of a table of contents, are no sign of anything.
    visible = [one for text in characters for one in text if not one.isspace() and one not in _LEADERS]
    if not visible:
        return False
    kinds = Counter(map(_kind, visible))
    chinese = kinds["chinese"]
    usual = chinese + kinds["sign"]
    if usual < (_USUAL_UNSEEN if unseen else _USUAL) * len(visible):
        return False
    if unseen and chinese < _CHINESE_UNSEEN * len(visible):
        return False
    return chinese >= _CHINESE * len(visible) or len(visible) < _SHORT or _are_words(visible)


def _are_words(visible: list[str]) -> bool:
    """Whether signs without Chinese among them are words: letters, most of them plain, with vowels between."""
    letters = [one for one in visible if one.isalpha()]
    plain = [one for one in letters if one.isascii()]
    if len(letters) < _LETTERS * len(visible) or len(plain) < _PLAIN * len(letters):
        return False
    if not plain:
        return False
    vowels = sum(one in "aeiouAEIOU" for one in plain)
    return _VOWELS[0] <= vowels / len(plain) <= _VOWELS[1]


@lru_cache(maxsize=16_384)
def _kind(character: str) -> str:
    """What a character is: `chinese` (or kana, or Korean), a `sign` of other texts, or `odd`."""
    if _is_common_han(character) or _among(character, _SYLLABLES):
        return "chinese"
    return "sign" if _among(character, _SIGNS) else "odd"


def _is_common_han(character: str) -> bool:
    """Whether a character is one of the 3,755 (GB 2312, level 1) or 5,401 (Big5, level 1) common ones."""
    if not "\u4e00" <= character <= "\u9fff":
        # ideographic zero
        return character == "\u3007"
    for encoding, first, last in (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6)):
        try:
            if first <= character.encode(encoding)[0] <= last:
                return True
        except UnicodeEncodeError:
            continue
    return False


def _among(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    code = ord(character)
    return any(first <= code <= last for first, last in ranges) and unicodedata.category(character) != "Cn"
