"""What a line is: a header that names a group, noise that names nothing, equipment, or an ingredient."""

import re

from shishen.domains.cooking.quantities.vocabulary import vocabulary

_BOXED = re.compile(r"^\s*(?:【[^】]*】|\[[^\]]*\]|\*\*[^*]+\*\*)\s*[:：]?\s*$")
_DECORATED = re.compile(
    r"^\s*(?P<sign>[-—–=*~·_<《(（]+)\s*(?P<name>[\u4e00-\u9fff]{1,8})\s*[-—–=*~·_>》)）]+\s*[:：]?\s*$"
)
_HASH = re.compile(r"^\s*[#＃]")
_POINTING = re.compile(r"^\s*👇")
_LETTERED = re.compile(
    r"^[A-Z]\s+\S{1,8}$|^[A-Z](?:[组料]|部分)?$|^第[一二三四五六\d]+[步组]$"
    r"|^(?:材料|配料|食材|步骤|方法|调料)\s*[\dA-Z一二三四五六]+$"
)
_ABOVE = re.compile(
    r"^(?:以上|以下|下面|上面)(?:是|为|都是)?.{0,12}(?:部分|馅料|材料|调料|用料|条料|配料|食材)$|^.{1,10}部分$|^(?:必须|必备|可选|其他|其它|主要|所需|全部|准备)的?(?:配料|调料|材料|食材|原料|工具|用料)$"
)
# 腌肉料 料酒1勺 生抽1勺; B料 黄油50g 糖30g: a group's name before two amounts or more.
_SPACED_LABEL = re.compile(
    r"(?:(?P<label>[A-Z]|[\u4e00-\u9fff]{2,5})料?)\s+"
    r"(?=[\u4e00-\u9fff]{1,6}\s*[\d一二两三半].{0,12}?[\u4e00-\u9fff]\s*[\d一二两三半])"
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_DIGITS = re.compile(r"\d")


def is_header(raw: str, text: str) -> bool:
    """Whether the line only names a group of those that follow."""
    words = vocabulary()
    if _BOXED.match(raw) or _HASH.match(raw) or (_POINTING.match(raw) and _HAN.search(raw)):
        return True
    bare = re.sub(r"\([^)]*\)", "", text).strip()
    if (framed := _DECORATED.match(raw)) and (framed["sign"][0] in "—=*<《" or framed["name"] in words.headers):
        return True
    if text.endswith(":") and len(bare) <= 20 and bare.strip(": "):
        return True
    if _LETTERED.match(bare) or _ABOVE.match(bare):
        return True
    return (
        bare.strip(": ") in words.headers
        and bare.strip(": ").endswith(("料", "材", "具", "种", "饰", "表", "单"))
        and bare not in words.known
    )


def is_noise(text: str) -> bool:
    """Whether the line is a sentence, a ratio or a pointer and names nothing."""
    if not re.search(r"\w", text):
        return True
    match = vocabulary().noise.search(text)
    # 看后面具体教程酱油 points away and still names a food.
    return match is not None and not (match.end() == len(text) and _ends_with_food(text))


def _ends_with_food(text: str) -> bool:
    known = vocabulary().known
    return text[0] in "见看参" and any(text[i:] in known for i in range(1, len(text)))


def is_tool(name: str) -> bool:
    """Whether the name is that of kitchen equipment."""
    words = vocabulary()
    if name in words.tools:
        return True
    return name.endswith(words.tool_endings) and not name.endswith(words.not_tools)


def without_labels(text: str) -> str:
    """The line without the name of its group (`调料：盐 5g、糖 3g`)."""
    words = vocabulary()
    bare = words.header_label.sub(" ", text).strip()
    if words.vague_free.fullmatch(bare) or words.vague_own.fullmatch(bare):
        return text.replace(":", " ")  # 配菜：随意 leaves its own amount open
    text = bare
    spaced = _SPACED_LABEL.match(text)
    if spaced and (spaced["label"].isascii() or spaced["label"] in words.headers):
        return text[spaced.end() :]
    return text
