"""A raw line made plain: Markdown, emoji and full-width forms gone, brackets taken out and kept aside.

A bracket leaves one private-use character behind, so that the grammar still sees where it stood.
"""

import re

from msgspec import Struct

# A real ingredient line is short; beyond this a text is prose or an attack, and is cut.
LONGEST = 400
_FIRST_BRACKET = 0xE000
_BRACKET = re.compile(r"[\ue000-\uf8ff]")

_VULGAR = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5",
    "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip
# Full-width signs have half-width twins; these others are made plain by hand.
_SIGNS = {
    " ": "\u3000\u00a0\t\r\n·•》《", "": "「」『』“”\"‘’", "-": "–—−‐‑─", "~": "〜∼", "*": "×✕✖╳", "/": "⁄∕\\",
    "[": "【〔", "]": "】〕", ";": "。；", ":": "：∶", "约": "≈",
}  # fmt: skip
_PLAIN = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {
    ord(sign): plain for plain, signs in _SIGNS.items() for sign in signs
}
EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\ufe0f\u200d\u20e3\u2640\u2642\ufffd\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u0000-\u001f]+"
)
_IMAGE = re.compile(r"!\[[^\]]{0,200}\]\([^)]{0,300}\)")
_LINK = re.compile(r"\[([^\]]{1,200})\]\([^)]{0,300}\)")
_EMPHASIS = re.compile(r"\*\*|__|`")
_ESCAPE = re.compile(r"\\([*_~+\-#()\[\]])")
_ITALIC = re.compile(r"(?<![\d\w])\*(?=[\u4e00-\u9fff(（])([^*]{1,300})\*(?!\s*[\d\u4e00-\u9fff])")
_BULLET = re.compile(r"^\s*(?:[-*+>•]\s+)*(?:\[[ xX]\]\s+)?")
_NUMBERING = re.compile(
    r"^(?:\d{1,2}[.)]|\(\d{1,2}\)|\d{1,2}、(?![一二两三四五六七八九十半几]))\s*(?=[\u4e00-\u9fff]{2})|(?<=[\u4e00-\u9fffa-zA-Z])\d\.(?=[\u4e00-\u9fff])"
)
# 白(红)糖 is 白糖 or 红糖.
_COLOURS = re.compile(r"([黑白红青绿黄])\(([黑白红青绿黄])\)([\u4e00-\u9fff]{1,3})")
_DOTS = re.compile(r"(?:\.{2,}|…+)(?!等)")
_BARE_POINT = re.compile(r"(?<![\d.])\.(?=\d)")
_TIMES = re.compile(r"^(\d{1,3})\s*[xX*]\s*(?=[\u4e00-\u9fff])")  # 2 x 鸡蛋
_PRODUCT = re.compile(r"(?<=[\d\w])\s*[xX]\s*(?=\d)")


class Plain(Struct, frozen=True):
    """A tidied line: `text` with a private-use character for each bracket, and the brackets' contents in order."""

    text: str
    brackets: tuple[str, ...]

    def content(self, mark: str) -> str:
        """What stood in the bracket that left `mark` behind."""
        place = ord(mark) - _FIRST_BRACKET
        return self.brackets[place] if place < len(self.brackets) else ""


def unmarked(raw: str) -> str:
    """The line without Markdown, emoji and full-width forms; brackets still in it."""
    text = raw[:LONGEST].translate(dict.fromkeys(range(57344, 57376)))
    text = _IMAGE.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = _BULLET.sub("", text)
    text = _ESCAPE.sub(r"\1", text)
    text = _EMPHASIS.sub("", text)
    text = _ITALIC.sub(r"(\1)", text)
    text = EMOJI.sub("", text)
    for sign, plain in _VULGAR.items():
        if sign in text:
            text = re.sub(rf"(?<=\d)\s*{sign}", " " + plain, text).replace(sign, plain)
    text = _DOTS.sub(" ", text.translate(_PLAIN))
    text = text.replace("...等", "等").replace("…等", "等")
    text = _BARE_POINT.sub("0.", text)
    text = _PRODUCT.sub("*", text)
    text = _TIMES.sub(r"\1 ", _NUMBERING.sub("", text))
    text = _COLOURS.sub(r"\1\3/\2\3", text)
    return text.strip().rstrip(";").strip()


def fold(text: str) -> Plain:
    """Brackets taken out. An open one runs to the end; a stray closing one is dropped."""
    if "(" not in text and "[" not in text and ")" not in text and "]" not in text:
        return Plain(text, ())
    out: list[str] = []
    contents: list[str] = []
    depth, begin = 0, 0
    for i, c in enumerate(text):
        if c in "([":
            if depth == 0:
                begin = i + 1
            depth += 1
        elif c in ")]":
            if depth == 1:
                out.append(chr(_FIRST_BRACKET + min(len(contents), 0x18FF)))
                contents.append(text[begin:i])
            depth = max(0, depth - 1)
        elif depth == 0:
            out.append(c)
    if depth:
        out.append(chr(_FIRST_BRACKET + min(len(contents), 0x18FF)))
        contents.append(text[begin:])
    return Plain("".join(out), tuple(contents))


def is_bracket(c: str) -> bool:
    """Whether this character stands for a bracket that was taken out."""
    return "\ue000" <= c <= "\uf8ff"


def without_brackets(text: str) -> str:
    """The text without the marks of brackets."""
    return _BRACKET.sub("", text)
