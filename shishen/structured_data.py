"""What a web page says of its recipes in marks for machines: JSON-LD, microdata, RDFa, h-recipe → Recipe nodes.

All come out as nodes of schema.org in the form of JSON-LD, which `schema_org.py` reads. Of the faults that pages
have in the wild those are mended that leave no doubt of what was meant; what is still broken is left out, as the
page itself can be read.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree
from msgspec import Struct

from shishen.archive import local_name
from shishen.errors import BadRecord
from shishen.markup import lines_of, parse_html, tidy, unescaped
from shishen.schema_org import recipe_nodes

_DEPTH = 24
_REFERENCES, _LARGEST_REFERENCE = 2000, 10_000
_WRAPPING = ("//", "/*", "*/", "<!--", "-->", "<![CDATA[", "]]>", ";", "\ufeff")
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])', re.DOTALL)
_WRONG_ESCAPE = re.compile(r'\\(?:u(?![0-9a-fA-F]{4})|[^"\\/bfnrtu])')
_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]{0,500}|!--.{0,500}?--)>", re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"^\d{1,2}\s*[.、．)）]\s*(?!\d)")
# What others said of the dish, or what it stands in: nothing that a cook needs, and often most of the node.
_ASIDE = frozenset(
    ["review", "reviews", "comment", "comments", "publisher", "isPartOf", "mainEntityOfPage", "potentialAction", "@id"]
)
_ALIASES = {
    "ingredient": "recipeIngredient",
    "ingredients": "recipeIngredient",
    "instruction": "recipeInstructions",
    "instructions": "recipeInstructions",
    "yield": "recipeYield",
    "photo": "image",
    "summary": "description",
    "recipeType": "recipeCategory",
    "duration": "totalTime",
}
_MICROFORMATS = {
    "p-name": "name",
    "fn": "name",
    "p-ingredient": "recipeIngredient",
    "ingredient": "recipeIngredient",
    "e-instructions": "recipeInstructions",
    "instructions": "recipeInstructions",
    "p-yield": "recipeYield",
    "yield": "recipeYield",
    "dt-duration": "totalTime",
    "duration": "totalTime",
    "u-photo": "image",
    "photo": "image",
    "p-summary": "description",
    "summary": "description",
    "p-author": "author",
    "author": "author",
    "p-category": "keywords",
}
_LISTS = frozenset(["recipeIngredient", "recipeInstructions", "image", "keywords", "tool"])
_ADDRESSES = frozenset(["image", "url", "license", "video"])


def json_ld_nodes(root: Any) -> list[dict[str, Any]]:
    """Every Recipe node of the page's JSON-LD, mended."""
    nodes: list[dict[str, Any]] = []
    for script in root.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        for document in _documents(script.text or ""):
            known = _Known(document)
            found = list(recipe_nodes(document)) or [node for node in _objects(document) if _is_recipe(node)]
            nodes.extend(_mended_node(node, known) for node in found)
    return nodes


def marked_nodes(root: Any) -> list[dict[str, Any]]:
    """Every Recipe of the page's microdata; where there is none, of its RDFa, then of its microformats."""
    for vocabulary in (_MICRODATA, _RDFA, _H_RECIPE):
        if nodes := [_mended_node(_gathered(e, vocabulary, 0), None) for e in root.iter() if vocabulary.is_recipe(e)]:
            return nodes
    return []


# --- JSON-LD as it is found ------------------------------------------------------------------------------


class _Known:
    """The nodes of a document that others refer to by their `@id`; so many times, as each time is a copy."""

    def __init__(self, document: Any) -> None:
        self._nodes = {
            node["@id"]: node for node in _objects(document) if isinstance(node.get("@id"), str) and len(node) > 1
        }
        self._left = _REFERENCES

    def node(self, name: Any) -> dict[str, Any] | None:
        """The node of that name, if it is known and small."""
        found = self._nodes.get(name) if isinstance(name, str) else None
        if found is None or self._left <= 0 or len(found) > 40 or len(str(found)) > _LARGEST_REFERENCE:
            return None
        self._left -= 1
        return found


def _documents(text: str) -> Iterator[Any]:
    """The JSON documents in a script: one, or several behind another; a broken one ends it."""
    text = _unwrapped(text)
    if text[:6].lower() in ("&quot;", "&#34;") or re.match(r"[\[{]\s*&(?:quot|#34|amp);", text):
        text = unescaped(text)
    for attempt in (text, _mended_text(text)):
        documents, rest = _decoded(attempt)
        if not rest:
            break
    for document in documents:
        # A whole document as a string inside a document.
        for _ in range(2):
            if isinstance(document, str) and document.lstrip()[:1] in ("{", "["):
                inner, _ = _decoded(_mended_text(document))
                document = inner[0] if inner else None
        yield document


def _unwrapped(text: str) -> str:
    """A script without the comments and the CDATA around it, in whatever order they are."""
    for _ in range(4):
        for mark in _WRAPPING:
            text = text.strip().removeprefix(mark).removesuffix(mark)
    return text.strip()


def _decoded(text: str) -> tuple[list[Any], str]:
    """(the documents that a text begins with, what is left of it)."""
    decoder = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
    documents: list[Any] = []
    text = text.strip()
    while text and len(documents) < 1000:
        try:
            document, end = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            break
        documents.append(document)
        text = text[end:].lstrip(" \t\r\n,;")
    return documents, text


def _mended_text(text: str) -> str:
    def mended(found: re.Match[str]) -> str:
        return "" if found[0] == "," else _WRONG_ESCAPE.sub(lambda m: m[0][1:], found[0])

    return _STRING_OR_COMMA.sub(mended, text)


def _objects(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Every object of a document, but none inside a recipe."""
    if depth > _DEPTH:
        return
    if isinstance(value, dict):
        yield value
        if _is_recipe(value):
            return
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _objects(part, depth + 1)


def _is_recipe(node: dict[str, Any]) -> bool:
    types = node.get("@type")
    names = types if isinstance(types, list) else [types]
    return any(isinstance(name, str) and re.split(r"[/#:]", name)[-1] == "Recipe" for name in names)


# --- a node as pages write it ----------------------------------------------------------------------------


def _mended_node(node: dict[str, Any], known: "_Known | None") -> dict[str, Any]:
    """The node with texts for people (no tags, no escapes), one line an ingredient, references looked up."""
    mended: dict[str, Any] = {}
    for key, value in node.items():
        if key in _ASIDE:
            continue
        key = _ALIASES.get(key, key)
        value = _plain(value, known, 0)
        if key == "recipeIngredient":
            value = list(_ingredients(value, 0))
        elif key == "recipeInstructions" and isinstance(value, list) and len(value) == 1:
            only = (
                value[0].get("text") if isinstance(value[0], dict) and "itemListElement" not in value[0] else value[0]
            )
            # One step that holds them all, a line each.
            value = only if isinstance(only, str) and "\n" in only else value
        elif key == "image":
            value = [url for url in (value if isinstance(value, list) else [value]) if not _is_data(url)]
            value = value[0] if len(value) == 1 else value
        if value not in (None, "", [], {}):
            mended[key] = value
    return mended


def _plain(value: Any, known: "_Known | None", depth: int) -> Any:
    if depth > _DEPTH:
        return None
    if isinstance(value, str):
        return _plain_text(value)
    if isinstance(value, list):
        return [_plain(part, known, depth + 1) for part in value]
    if isinstance(value, dict):
        if known and value.keys() == {"@id"} and (named := known.node(value["@id"])):
            # Looked up once and not again inside: two nodes may name each other.
            return _plain(named, None, depth + 1)
        return {_HALF.sub("", key): _plain(part, known, depth + 1) for key, part in value.items() if key != "@id"}
    return value


def _plain_text(text: str) -> str:
    """A text without tags and escapes; what tags make paragraphs or items is a line each."""
    text = _HALF.sub("", unescaped(text) if "&" in text else text)
    if "<" in text and _TAG.search(text):
        try:
            return "\n".join(line.text for line in lines_of(parse_html(text), numbers=False))
        except BadRecord:
            return ""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").strip()


def _ingredients(value: Any, depth: int) -> Iterator[str]:
    """One text an ingredient, from a text of several lines, from lists in lists, from nodes with an amount."""
    if depth > _DEPTH:
        return
    if isinstance(value, str):
        yield from (line.strip() for line in value.split("\n") if line.strip())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list):
        for part in value:
            yield from _ingredients(part, depth + 1)
    elif isinstance(value, dict):
        if "itemListElement" in value or isinstance(value.get("item"), dict):
            yield from _ingredients(value.get("itemListElement", value.get("item")), depth + 1)
            return
        words = [value.get(key) for key in ("name", "text", "amount", "quantity", "value", "unitText", "unit")]
        yield " ".join(str(word) for word in words if isinstance(word, str | int | float) and str(word).strip())


def _is_data(url: Any) -> bool:
    """Whether an address is the picture itself, in megabytes of letters."""
    return isinstance(url, str) and url.startswith("data:")


# --- marks in the page -----------------------------------------------------------------------------------


class _Vocabulary(Struct, frozen=True):
    """The attributes that name a thing's type and its properties; both are `class` in microformats."""

    type: str
    property: str
    types: re.Pattern[str]

    def is_item(self, element: Any) -> bool:
        if self.type == "class":
            return self.is_recipe(element)
        return element.get(self.type) is not None or element.get("itemscope") is not None

    def is_recipe(self, element: Any) -> bool:
        return self.types.search(element.get(self.type) or "") is not None

    def properties(self, element: Any) -> list[str]:
        names = (element.get(self.property) or "").split()
        if self.property == "class":
            return [_MICROFORMATS[name] for name in names if name in _MICROFORMATS]
        plain = [re.split(r"[/#:]", name)[-1] for name in names]
        return [_ALIASES.get(name, name) for name in plain]


_MICRODATA = _Vocabulary("itemtype", "itemprop", re.compile(r"(?:schema|data-vocabulary)\.org/Recipe\b"))
_RDFA = _Vocabulary("typeof", "property", re.compile(r"(?:^|[\s:/])Recipe\b"))
_H_RECIPE = _Vocabulary("class", "class", re.compile(r"(?:^|\s)(?:h-recipe|hrecipe)(?:\s|$)"))


def _gathered(item: Any, vocabulary: _Vocabulary, depth: int) -> dict[str, Any]:
    """The node that an element and what is in it describe."""
    types = (item.get(vocabulary.type) or "").split()
    kind = "Recipe" if vocabulary.is_recipe(item) else re.split(r"[/#:]", types[0])[-1] if types else "Thing"
    elements: dict[str, list[Any]] = {}
    walk = etree.iterwalk(item, events=("start",))
    for _, element in walk:
        if element is item or not local_name(element):
            continue
        for name in vocabulary.properties(element):
            elements.setdefault(name, []).append(element)
        if vocabulary.is_item(element):
            walk.skip_subtree()
    node: dict[str, Any] = {"@type": kind}
    for name, found in elements.items():
        # A property around elements that have it themselves is but their frame.
        inside = set(found)
        frames = {frame for element in found for frame in element.iterancestors() if frame in inside}
        found = [element for element in found if element not in frames]
        values = [value for element in found for value in _values(element, name, vocabulary, len(found), depth)]
        if values:
            node[name] = values if name in _LISTS and len(values) > 1 else values[0]
    return node


def _values(element: Any, name: str, vocabulary: _Vocabulary, count: int, depth: int) -> Iterator[Any]:
    """What one element says of a property that `count` elements have."""
    if vocabulary.is_item(element) and depth < 8:
        yield _gathered(element, vocabulary, depth + 1)
        return
    if name in _ADDRESSES:
        places = ("content", "src", "data-src", "href", "resource")
        yield from [value for place in places if (value := element.get(place)) and not _is_data(value)][:1]
        return
    if said := element.get("content") or (element.get("datetime") if local_name(element) == "time" else None):
        yield tidy(said)
        return
    lines = [line.text for line in lines_of(element, numbers=False)]
    several = count == 1 or sum(1 for _ in element.iter("li")) > 1
    if name == "recipeIngredient":
        yield from lines if several else ["  ".join(lines)]
    elif name == "recipeInstructions":
        lines = [words for line in lines if (words := _NUMBER.sub("", line))]
        yield from lines if several else ["\n".join(lines)]
    elif lines:
        yield " ".join(lines)
