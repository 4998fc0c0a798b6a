"""Amounts given as sums to do: `份数 * 2ml`, `150 g/人`, `60 x 2 = 120g`. Made into the amount for one part.

What a line multiplies by (portions, people, eggs) is dropped; where it works a product out, the result stays.
"""

import re

_NUMBER = r"(?:\d+(?:\.\d+)?(?:\s*/\s*\d+)?)"
_UNIT = r"(?:\s*(?:[a-zA-Z]{1,4}|[\u4e00-\u9fff]{1,2}))?"
# The names of what is multiplied by end in one of these.
_PARTS = r"(?:份数|斤数|块数|张数|个数|只数|人数|数量|的用量|体积|蒜量|份)"

_BRACKETED = re.compile(r"\(([^()]{0,20}数\s*/\s*[\d.]+[^()]{0,4})\)(?=\s*[a-zA-Z\u4e00-\u9fff]|$)")
_RESULT = re.compile(rf"{_NUMBER}{_UNIT}\s*[*x]\s*{_NUMBER}{_UNIT}\s*=\s*(?={_NUMBER})")
_WORKED = re.compile(rf"({_NUMBER}{_UNIT})\s*=\s*{_NUMBER}{_UNIT}\s*[*x]\s*{_NUMBER}{_UNIT}")
_BEFORE = re.compile(rf"(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{{0,8}}{_PARTS}\s*\*\s*")
_AFTER = re.compile(
    rf"\s*\*\s*(?:[\u4e00-\u9fff]{{0,6}}{_PARTS}|\d*\s*[人份](?![\u4e00-\u9fff])|[\u4e00-\u9fff]{{1,4}}\s*/\s*[个只份人])"
)
_DIVIDED = re.compile(rf"[\u4e00-\u9fff]{{1,8}}\s*/\s*({_NUMBER})")
_PER = re.compile(
    r"(?<=[A-Za-z\u4e00-\u9fff ])\s*/\s*"
    r"(?:每?[一二两三四五六\d]*\s*(?:人|个|(?:人份|份|顿|餐|天|袋|位|斤)(?![\u4e00-\u9fff]))"
    r"|男人|女人|per\b|person\b|\d+\s*(?:克|g)[\u4e00-\u9fff]{1,4})"
)
_EACH = re.compile(
    r"\s*(?:每个人|每人|每份|每位|每(?:个|只|片|块|颗|条|张)(?:鸡蛋|生蚝|面包|鱼|虾|蛋|人|[\u4e00-\u9fff]{1,3}(?=\s*\d|\s*[一二两三四五六七八九半]))?)(?=[\s\d。.一二两三四五六七八九半]|$)"
)
# 鸡三到四个人的量是四斤: for how many, before how much.
_SERVES = re.compile(
    r"(?:大约|大概|约)?[\d一二两三四五六七八九十]{1,3}(?:\s*[-~至到]\s*[\d一二两三四五六七八九十]{1,3})?\s*个?人(?:份|吃)?的(?:份量|分量|用量|量)"
    r"(?:大约|大概|约)?[是为]?(?=\s*[\d一二两三四五六七八九十半])"
)
_ROUNDED = re.compile(r"[,，]?\s*(?://\s*1\s*)?(?:向上取整|向下取整|四舍五入)")


def for_one_part(text: str) -> str:
    """The text with its formulas worked out for one part; unchanged where it holds none."""
    if "人" in text:
        text = _SERVES.sub(" ", text)
    if "份数" in text or "*" in text or "=" in text or "/" in text or "每" in text or "取整" in text:
        text = _ROUNDED.sub("", text)
        text = _BRACKETED.sub(r"\1", text)
        text = _RESULT.sub("", text)
        text = _WORKED.sub(r"\1", text)
        text = _AFTER.sub("", text)
        text = _BEFORE.sub("", text)
        if "=" in text or "(" in text:
            text = _DIVIDED.sub(_quotient, text)
        text = _PER.sub("", text)
        text = _EACH.sub(" ", text)
    return text


def _quotient(match: re.Match[str]) -> str:
    """(张数 / 2)g is half a gram a piece."""
    try:
        value = 1 / float(match[1])
    except (ValueError, ZeroDivisionError):
        return match.group()
    return f"{value:.6g}"
