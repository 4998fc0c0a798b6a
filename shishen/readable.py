"""The part of a web page that is its text: without navigation, advertisement, comments and what surrounds them.

Careful with what it takes away: what is left over too much costs the reader after it a moment, what is missing is
lost. Knows nothing of food.
"""

import re
from collections.abc import Container
from typing import Any

from lxml import etree
from msgspec import Struct

from shishen.archive import local_name
from shishen.markup import BLOCKS, SILENT, tidy

_DROPPED = frozenset(["nav", "footer", "dialog", "menu"])
_DROPPED_ROLES = frozenset(["navigation", "contentinfo", "banner", "complementary", "search", "dialog", "menu"])
# Whole words of `class` and `id`; a part of a word may say anything (`comment-free-recipe`).
_NOISE = re.compile(
    r"(?:^|\s)(?:(?:site|page|global|main|top)?[-_]?(?:nav|navbar|navigation|menu|sidebar|footer|breadcrumbs?)"
    r"|(?:article|post|entry)?[-_]?(?:comments?|commentlist|comment[-_](?:list|body|area|section|wrap)|disqus_thread|respond)"
    r"|related(?:[-_](?:posts?|articles?|recipes?))?|recommend(?:s|ed|ations?)?|share|sharing|social|ads?|advert(?:isement)?"
    r"|copyright|cookie[-_](?:banner|notice|consent)|login|popup|modal)(?:\s|$)",
    re.IGNORECASE,
)
_HEADINGS = frozenset(["h1", "h2", "h3"])
# What share of the page's text its main part must have to be taken for that; what share of a block's text must be
# links, and how many, to take it for navigation.
_MOST_ELEMENTS = 200_000
_MAIN_SHARE, _LINK_SHARE, _LINKS = 0.4, 0.75, 5
_TITLE_END = re.compile(r"\s*(?:[|｜_»·]|\s[-–—]\s|--|——).*$")


def prune(root: Any) -> None:
    """Take what is not text out of a page, in place. A part that holds most of the text stays, whatever its name."""
    doomed: list[Any] = []
    for element in root.iter():
        name = local_name(element)
        if name in SILENT or name in ("html", "body", "main"):
            continue
        named = f"{element.get('class') or ''} {element.get('id') or ''}"
        if (
            name in _DROPPED
            or (element.get("role") or "").lower() in _DROPPED_ROLES
            or name == "aside"
            or (name == "header" and not any(True for _ in element.iter(*_HEADINGS)))
            or (name in BLOCKS and named != " " and _NOISE.search(named))
        ):
            doomed.append(element)
    measures = _measured(root, {root, *doomed})
    whole = measures[root].text
    removed: set[Any] = set()
    for element in doomed:
        measure = measures[element]
        # A box in the text may hold the ingredients; one of links never does.
        belongs = local_name(element) == "aside" and not measure.is_links and _in_text(element)
        inside = any(above in removed for above in element.iterancestors())
        if not inside and not belongs and measure.text <= whole / 2:
            removed.add(element)
            _remove(element)


def _in_text(element: Any) -> bool:
    return any(local_name(above) in ("main", "article") for above in element.iterancestors())


def _remove(element: Any) -> None:
    """Leave nothing of an element but the text behind it.

    It stays as an empty <span>: to take it out is to copy that text to the one before, of a page with a million such
    elements a million times over.
    """
    if element.getparent() is not None:
        element.clear(keep_tail=True)
        element.tag = "span"


class _Measure(Struct, frozen=True):
    """How many characters of text an element holds, blanks and scripts left out; how many in links, and of these."""

    text: int
    linked: int
    links: int

    @property
    def is_links(self) -> bool:
        """Whether it is a list of links, as navigation is."""
        return self.links >= _LINKS and self.linked > _LINK_SHARE * self.text


def _measured(root: Any, wanted: Container[Any] | None = None) -> dict[Any, _Measure]:
    """The measures of the wanted elements, or of all blocks, in one walk."""
    measures: dict[Any, _Measure] = {}
    stack = [[0, 0, 0]]
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = local_name(element)
        if event == "start":
            own = 0 if name in SILENT else len((element.text or "").strip())
            stack.append([own, 0, 0])
            continue
        text, linked, links = stack.pop()
        if name in SILENT:
            text = linked = links = 0
        if element in wanted if wanted is not None else name in BLOCKS:
            measures[element] = _Measure(text, linked, links)
        above = stack[-1]
        above[0] += text + len((element.tail or "").strip())
        above[1] += text if name == "a" else linked
        above[2] += links + (name == "a")
    return measures


def main_parts(root: Any) -> list[Any]:
    """The elements that hold the page's text, in order; headings of the first level before them included."""
    body = root.find("body") if local_name(root) == "html" else root
    if body is None:
        return []
    parts: list[Any] = []
    for wanted in ("main", "article"):
        found = {e for e in body.iter() if local_name(e) == wanted or (wanted == "main" and e.get("role") == "main")}
        measures = _measured(body, found | {body})
        outermost = [e for e in body.iter() if e in found and not any(above in found for above in e.iterancestors())]
        if outermost and sum(measures[e].text for e in outermost) >= _MAIN_SHARE * measures[body].text:
            parts = outermost
            break
    if not parts:
        _drop_links(body)
        return [body]
    if any(next(part.iter("h1"), None) is not None for part in parts):
        return parts
    return [*body.iter("h1"), *parts]


def _drop_links(body: Any) -> None:
    """Take blocks away that are but links, beside the way to the largest part of the text."""
    # So large a page is a book, whose chapters need no help; and nothing here should take minutes.
    if sum(1 for _ in body.iter()) > _MOST_ELEMENTS:
        return
    measures = _measured(body)
    element = body
    while True:
        children = [child for child in element if child in measures]
        for child in children:
            if measures[child].is_links and next(child.iter("h1"), None) is None:
                _remove(child)
        longest = max(children, key=lambda child: measures[child].text, default=None)
        if longest is None or measures[longest].text * 2 < measures[element].text:
            return
        element = longest


def page_title(root: Any) -> str:
    """The title of a page without the name of its site; empty where it has none."""
    title = root.find(".//title")
    words = tidy("".join(title.itertext())) if title is not None else ""
    return _TITLE_END.sub("", words).strip() or words
