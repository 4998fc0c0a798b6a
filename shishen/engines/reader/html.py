"""Web pages saved from a browser (HTML, MHTML): JSON-LD, microdata, known sites, else the readable text."""

import email
import re
import warnings
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from shishen.errors import BadRecord, UnreadableFile
from shishen.markup import decode_markup, lines_of, parse_html, tidy
from shishen.pages import Page, PrintedLine
from shishen.protocols import Reader
from shishen.readable import main_parts, page_title, prune
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.schema_org import read_node
from shishen.source_file import SourceFile
from shishen.structured_data import json_ld_nodes, marked_nodes
from shishen.stylesheet import read_stylesheet

# The extra `web` adds sites that say nothing for machines; without it their text is read.
EXTRA = None

_BEGINNING = re.compile(
    r"(?:\s|<!--.*?-->|<\?xml[^>]*>)*<(?:(!doctype\s+html|html|head|body|meta|title)\b|"
    r"(?:div|section|article|main|h[1-6]|p|table|ul|ol|script|style|center|font|span)\b)",
    re.IGNORECASE | re.DOTALL,
)
_MARKDOWN = re.compile(r"^(?:#{1,6}\s+\S|```)", re.MULTILINE)
_MHTML = re.compile(rb"^(?:MIME-Version:|Content-Type:\s*multipart/related)", re.IGNORECASE | re.MULTILINE)
_SAVED_FROM = re.compile(r"<!-- saved from url=(?:\(\d+\))?(\S+)")
_COLON = re.compile(rb"[A-Za-z-]+:")


class Options(Struct, frozen=True):
    """No options."""


class HtmlReader:
    """Reads the recipes of one page, or the page."""

    def recognises(self, file: SourceFile) -> bool:
        """HTML from its beginning, or an archive of a page as Chromium saves it; whether with a recipe or not."""
        if file.kind:
            return False
        if _is_mhtml(file.first_bytes):
            return True
        # Pages in Big5 and others are no text to SourceFile: they say themselves what they are in.
        head = file.head or file.first_bytes.decode("latin-1").lstrip("\xef\xbb\xbf")
        begins = _BEGINNING.match(head[:20_000])
        return begins is not None and (begins[1] is not None or not _MARKDOWN.search(head))

    def read(self, file: SourceFile) -> Iterator[Draft | Page | Rejected]:
        """The recipes that the page names as such, else the page. Raises UnreadableFile where it holds nothing."""
        data = file.data()
        text, sheet = decode_markup(data, file.encoding), ""
        if _is_mhtml(data):
            text, sheet = _page_of_mhtml(data, file.label)
        try:
            root = parse_html(text)
        except BadRecord as error:
            raise UnreadableFile(f"{file.label} 这个网页读不了：{error}。") from error
        for nodes in (json_ld_nodes(root), marked_nodes(root)):
            if drafts := _drafts(nodes, file.label):
                yield from drafts
                return
        if draft := _known_site(root, text, file.label):
            yield draft
            return
        lines = _readable(root, sheet)
        if not lines:
            raise UnreadableFile(
                f"{file.label} 里没有文字（网页可能要靠脚本显示）；请在浏览器里打开，另存为 MHTML 或 PDF 再试。"
            )
        yield Page(lines=tuple(lines))


def _is_mhtml(data: bytes) -> bool:
    beginning = data[:8192].lstrip()
    return (
        _COLON.match(beginning) is not None
        and _MHTML.search(beginning) is not None
        and b"multipart/related" in beginning.lower()
    )


def _page_of_mhtml(data: bytes, label: str) -> tuple[str, str]:
    """(the page that an archive was saved from, its style sheets): the first part that is HTML.

    Raises UnreadableFile where there is none.
    """
    text = ""
    sheets: list[str] = []
    for part in email.message_from_bytes(data).walk():
        kind = part.get_content_type()
        if kind not in ("text/html", "application/xhtml+xml", "text/css") or (text and kind != "text/css"):
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes) and payload.strip():
            content = decode_markup(payload, part.get_content_charset())
            if kind == "text/css":
                sheets.append(content)
            else:
                text = content
    if not text:
        raise UnreadableFile(f"{label} 这个网页存档里没有网页，或不完整；请在浏览器里重新保存。")
    return text, "\n".join(sheets)


def _drafts(nodes: list[dict[str, Any]], label: str) -> list[Draft]:
    """The drafts of the nodes that say both what goes in and how it is made, each once.

    Others are stubs: links to other recipes, or a page that says the rest only to people.
    """
    found: dict[Any, Draft] = {}
    for node in nodes:
        draft = read_node(node, label, None)
        if isinstance(draft, Draft) and draft.lines and draft.steps:
            found.setdefault((draft.title, draft.lines, draft.steps), draft)
    if len(found) < 2:
        return list(found.values())
    return [replace(draft, source=replace(draft.source, line=n)) for n, draft in enumerate(found.values(), 1)]


def _known_site(root: Any, text: str, label: str) -> Draft | None:
    """What recipe-scrapers makes of the page of a site that it knows; None where it is not installed or knows none.

    It is given the page and never fetches anything.
    """
    url = _address(root, text)
    if not url:
        return None
    try:
        from recipe_scrapers import scrape_html
    except ImportError:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            site: Any = scrape_html(text, org_url=url, supported_only=True)
            title, groups, instructions = site.title(), site.ingredient_groups(), site.instructions_list()
            lines = [DraftLine(tidy(line), group.purpose or None) for group in groups for line in group.ingredients]
            steps = [DraftStep(words) for step in instructions if (words := tidy(step))]
    # Hundreds of scrapers, each of which fails in its own way on a page that has changed; the text is still there.
    except Exception:
        return None
    if not (isinstance(title, str) and tidy(title) and lines and steps):
        return None
    return Draft(
        title=tidy(title),
        source=Source(path=label, author=_said(site, "author")),
        description=_said(site, "description"),
        category=_said(site, "category"),
        cuisine=_said(site, "cuisine"),
        servings=_said(site, "yields"),
        lines=tuple(lines),
        steps=tuple(steps),
    )


def _said(site: Any, field: str) -> str | None:
    try:
        value = getattr(site, field)()
    except Exception:  # as above; and most sites do not say everything
        return None
    return tidy(value) or None if isinstance(value, str) else None


def _address(root: Any, text: str) -> str | None:
    """Where a page was saved from: as it says itself, or as the browser wrote at its beginning."""
    saved = _SAVED_FROM.search(text[:4096])
    found = [link.get("href") for link in root.iter("link") if "canonical" in (link.get("rel") or "").lower().split()]
    found += [meta.get("content") for meta in root.iter("meta") if meta.get("property") == "og:url"]
    found += [saved[1]] if saved else []
    return next((url for url in found if url and re.match(r"https?://[^/\s]+\.[^/\s]+", url)), None)


def _readable(root: Any, sheet: str) -> list[PrintedLine]:
    """The lines of the page's text, under its title where no heading of its own says it."""
    title = page_title(root)
    styles = read_stylesheet("\n".join([sheet, *(style.text or "" for style in root.iter("style"))]))
    prune(root)
    lines = [line for part in main_parts(root) for line in lines_of(part, styles)]
    if not lines or not title or any(line.level and line.level <= 2 for line in lines):
        return lines
    place = next((n for n, line in enumerate(lines[:10]) if line.text == title), None)
    if place is None:
        return [PrintedLine(text=title, level=1), *lines]
    return [*lines[:place], replace(lines[place], level=1), *lines[place + 1 :]]


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return HtmlReader()
