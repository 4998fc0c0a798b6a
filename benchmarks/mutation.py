"""Broken files out of good ones: bytes, characters, values of JSON and members of archives changed at random, by seed.

What a file consists of is seen through (a gzipped document in a ZIP file), so that the break lands where a reader
reads, not only in a checksum.
"""

import gzip
import io
import json
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, AnyStr

LARGEST = 120_000
_MOST_CHANGES = 6
_MOST_COPIES = 400

# What means something to one reader or another, or to what reads the text behind it.
TOKENS = (
    *("材料：", "做法：", "【调料】", "步骤", "小贴士", "## 材料", "## 做法", "# 红烧肉", "用料", "目录", "第1页"),
    *("1. ", "（1）", "①", "步骤二", "1）", "- ", "* ", "第三步", "〇", "9" * 40, "1/0", "½", "１２", "-1", "1e999"),
    *("适量", "少许", "5克", "1/2杯", "2-3个", "各10克", "：", "、", "，", "（", "）", "[", "]", "@盐{3%克}", "#锅{}"),
    *("\0", "\ufeff", "\u2028", "\u200b", "\u202e", "\x1b[2J", "\ufffd", "𠮷", "👨‍👩‍👧", "e\u0301" * 9),
    *("\r\n", "\n\n", "\t", "\x0c", "\x1e", "\x85"),
    *("null", "true", "[]", "{}", '""', "NaN", "-0.0", "1" * 400, '"\\ud83d"', "\\", '"', "'", ",", "[" * 60, "{" * 60),
    *("<", ">", "</p>", "<p>", "<div>" * 40, "<table><tr><td>", "<!--", "-->", "<![CDATA[", "]]>", "&#55296;", "&lt;"),
    *("<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;", "<script>", '<script type="application/ld+json">', "<br/>", "<h1>"),
    *('<w:tab/>', '<w:numId w:val="99999"/>', '<w:ilvl w:val="-1"/>', '<w:sz w:val="0"/>', '<w:gridSpan w:val="1e9"/>'),
    *("obj", "endobj", "stream", "endstream", "xref", "trailer", "%%EOF", "/Pages", "/Kids [1 0 R]", "/Count -1"),
    *("/Count 99999999", "/Rotate 90", "/MediaBox [0 0 0 0]", "/Length 0", "/Filter /JBIG2Decode", "BT", "ET", "Tj"),
    *("<48>", "(a) Tj", "1e9 0 Td", "0 0 0 0 0 0 Tm", "1 0 0 -1 0 0 cm", "/Encrypt 9 0 R", "/Type /Catalog", "<< >>"),
    *("--", "Content-Type: text/html", "charset=\udcff", "=?utf-8?q?", "---\n", ">> servings: 4", "../../x", "/etc/x"),
)  # fmt: skip
_CHARACTERS = (
    "盐糖水油葱姜蒜克毫升个只大匙0123456789.-/~～〜:：、，。；（）()【】[]{}<>\"'\\ \n\t\u3000①½零一二两半十百万适少"
)
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**63, 2**70, -(2**70), 1e308, -0.0, 5e-324, "", " ", "0", "PT", "PT99999999999H",
    "x" * 5000, "盐" * 5000, [], [[]], [None], [[], {}], {}, {"@type": "Recipe"}, {"text": None}, {"name": []},
    [{"@type": "HowToSection", "itemListElement": None}], {"@id": "#a"}, "1/0", "９９个", "3 克 3 克", "\u202e\ufeff",
)  # fmt: skip

_KEYS = ("name", "@type", "@graph", "recipeIngredient", "recipeInstructions", "steps", "text", "conversation", "tools")
_NAMES = (
    "", "a/", "../../../etc/cron.d/x", "/etc/passwd", "word/document.xml", "META-INF/container.xml", "recipe.json",
    "recipes/a/a.json", "a.paprikarecipe", "a.cook", "C:\\x", "盐" * 80, "a\nb", "word/styles.xml", "1.zip", "mimetype",
)  # fmt: skip


def mutated(data: bytes, chance: Random, others: Sequence[bytes] = ()) -> bytes:
    """The data with a few changes; `others` are files to take pieces from. At most `LARGEST` bytes."""
    return _changed(data, chance, others)[:LARGEST]


def _changed(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    if data.startswith(b"PK\x03\x04") and chance.random() < 0.8:
        return _archive(data, chance, others)
    if data.startswith(b"\x1f\x8b") and chance.random() < 0.8:
        try:
            return gzip.compress(mutated(gzip.decompress(data), chance, others), mtime=0)
        except (OSError, EOFError, zlib.error):
            pass
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    if text and text.lstrip()[:1] in "[{" and chance.random() < 0.6:
        text = _json(text, chance)
        if chance.random() < 0.7:
            return text.encode("utf-8", "replace")
    if text and chance.random() < 0.8:
        words = tuple(other.decode("utf-8", "ignore") for other in others)
        changed = _sequence(text, chance, TOKENS, words, lambda _: chance.choice(_CHARACTERS))
        return changed.encode("utf-8", "surrogatepass" if chance.random() < 0.05 else "replace")
    tokens = tuple(token.encode("utf-8", "replace") for token in TOKENS)
    return _sequence(data, chance, tokens, others, lambda old: bytes([old[0] ^ (1 << chance.randrange(8))]))


def _sequence(
    text: AnyStr, chance: Random, tokens: Sequence[AnyStr], others: Sequence[AnyStr], flip: Callable[[AnyStr], AnyStr]
) -> AnyStr:
    """A text, or bytes, with one to a few changes at random places."""
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        start, end = _range(text, chance)
        way = chance.randrange(9)
        if way == 0:
            for _ in range(chance.choice((1, 1, 2, 8, 64))):
                if place := chance.randrange(len(text) + 1):
                    text = text[: place - 1] + flip(text[place - 1 : place]) + text[place:]
        elif way == 1:
            text = text[:start] + text[end:]
        elif way == 2:
            text = text[:end] if chance.random() < 0.5 else text[start:]
        elif way == 3:
            copies = chance.choice((1, 1, 2, 5, _MOST_COPIES))
            text = (text[:end] + text[start:end] * copies + text[end:])[:LARGEST]
        elif way in (4, 5):
            text = text[:start] + chance.choice(tokens) * chance.choice((1, 1, 1, 2, 60)) + text[start:]
        elif way == 6:
            text = text[:start] + chance.choice(tokens) + text[end:]
        elif way == 7 and others:
            other = chance.choice(others)
            first, last = _range(other, chance)
            text = text[:start] + other[first:last] + text[end:]
        else:
            # A block moved to another place.
            block, rest = text[start:end], text[:start] + text[end:]
            place = chance.randrange(len(rest) + 1)
            text = rest[:place] + block + rest[place:]
    return text


def _range(text: AnyStr, chance: Random) -> tuple[int, int]:
    """Where a block of the text begins and ends; most are short."""
    start = chance.randrange(len(text) + 1)
    longest = chance.choice((1, 4, 16, 64, 1024, len(text)))
    return start, min(len(text), start + chance.randint(0, longest))


def _json(text: str, chance: Random) -> str:
    """A JSON text, or one line of JSON Lines, with some of its values replaced by others of any kind."""
    first, newline, rest = text.partition("\n")
    try:
        document, rest = json.loads(text), ""
    except (ValueError, RecursionError):
        try:
            document = json.loads(first)
        except (ValueError, RecursionError):
            return text
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        places = _places(document)
        if not places:
            break
        holder, key = chance.choice(places)
        way = chance.randrange(5)
        if way == 0 and isinstance(holder, dict):
            holder[chance.choice((*_KEYS, str(key)))] = holder.pop(key)
        elif way == 1:
            del holder[key]
        elif way == 2:
            other, another = chance.choice(places)
            holder[key] = other.get(another) if isinstance(other, dict) else None
        elif way == 3:
            value = holder[key]
            holder[key] = [value] if chance.random() < 0.5 else {"name": value}
        else:
            holder[key] = chance.choice(_VALUES)
    # A value may have come to hold itself, or to stand in many places.
    try:
        return json.dumps(document, ensure_ascii=chance.random() < 0.3)[:LARGEST] + (newline + rest if rest else "")
    except (ValueError, RecursionError):
        return text


def _places(document: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value in a document, the nearest to the root first."""
    found: list[tuple[Any, Any]] = []
    waiting, seen = [document], set[int]()
    while waiting and len(found) < 5000:
        holder = waiting.pop(0)
        if not isinstance(holder, dict | list) or id(holder) in seen:
            continue
        seen.add(id(holder))
        for key in holder if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            waiting.append(holder[key])
    return found


def _archive(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """A ZIP file with one of its members changed, renamed, left out or there twice."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, zlib.error):
        return data
    if not members:
        return data
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        place = chance.randrange(len(members))
        name, content = members[place]
        way = chance.randrange(10)
        if way == 0:
            members[place] = (chance.choice(_NAMES), content)
        elif way == 1 and len(members) > 1:
            members.pop(place)
        elif way == 2:
            members.append((name, content[: chance.randrange(len(content) + 1)]))
        else:
            members[place] = (name, mutated(content, chance, [content for _, content in members] + list(others)))
    out = io.BytesIO()
    with warnings.catch_warnings():
        # Of two members with one name.
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(out, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), content, chance.choice((None, zipfile.ZIP_DEFLATED)))
    return out.getvalue()
