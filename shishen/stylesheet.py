"""What style sheets say that helps to see a heading: bold, and how large beside the text around it; no more of CSS.

E-books and saved pages often have headings that are paragraphs with a class. Only plain selectors (`p`, `.title`,
`p.title`) count; of several rules for one selector the last does, and a class goes before an element.
"""

import re
from collections.abc import Mapping

from msgspec import Struct


class Style(Struct, frozen=True):
    """What is known of one selector, or of one element; None where nothing. `size` is a factor, or absolute.

    `hidden` is what is not shown, `lines` where the ends of lines in the source are shown as such.
    """

    bold: bool | None = None
    size: float | None = None
    absolute: bool = False
    hidden: bool = False
    lines: bool = False


Stylesheet = Mapping[str, Style]
NOTHING = Style()
_LARGEST = 1_000_000
_SELECTOR = re.compile(r"[a-z][a-z0-9]*|(?:[a-z][a-z0-9]*)?\.[-\w]+", re.IGNORECASE)
_SIZE = re.compile(r"(\d{1,4}(?:\.\d{0,6})?|\.\d{1,6})\s*(px|pt|em|rem|%)")
_NAMED = {
    "xx-small": 0.56,
    "x-small": 0.63,
    "small": 0.81,
    "medium": 1.0,
    "large": 1.13,
    "x-large": 1.5,
    "xx-large": 2.0,
}
# What 1 of a unit is beside a browser's standard text (16 px, 12 pt).
_UNITS = {"px": 1 / 16, "pt": 1 / 12, "rem": 1.0, "em": 1.0, "%": 0.01}


def read_declarations(text: str) -> Style:
    """What `font-weight: bold; font-size: 1.5em` says; the text of a rule or of a `style` attribute."""
    bold: bool | None = None
    size: float | None = None
    absolute = hidden = lines = False
    for declaration in text.lower().split(";"):
        key, _, value = declaration.partition(":")
        key, value = key.strip(), value.replace("!important", "").strip()
        if key == "font-weight":
            bold = value in ("bold", "bolder") or (value.isdigit() and int(value[:5]) >= 600)
        elif key == "font-size":
            found = _SIZE.match(value)
            if found and 0.2 < (number := float(found[1]) * _UNITS[found[2]]) < 20:
                size, absolute = number, found[2] in ("px", "pt", "rem")
            elif value in _NAMED:
                size, absolute = _NAMED[value], True
        elif key == "display":
            # `visibility` is not asked: WeChat hides every article so until its script has run.
            hidden = value == "none"
        elif key == "white-space":
            lines = value.startswith("pre")
    return Style(bold, size, absolute, hidden, lines)


def read_stylesheet(text: str) -> dict[str, Style]:
    """The plain selectors of a style sheet; nothing that it hides, as scripts may show that later."""
    styles: dict[str, Style] = {}
    first, *others = text[:_LARGEST].split("/*")
    for rule in "".join([first, *(other.partition("*/")[2] for other in others)]).split("}"):
        # Within `@media … {` the selector is what stands behind it.
        selectors, _, declarations = rule.rpartition("{")
        style = read_declarations(declarations)
        if style.bold is None and style.size is None and not style.lines:
            continue
        for selector in selectors.rpartition("{")[2].rpartition(";")[2].split(","):
            selector = selector.strip()
            if _SELECTOR.fullmatch(selector):
                styles[selector] = Style(style.bold, style.size, style.absolute, lines=style.lines)
    return styles


def style_of(tag: str, classes: str, inline: str, sheet: Stylesheet) -> Style:
    """The style of one element by its name, its `class` and its `style`; later ones go before earlier ones."""
    if not sheet and not inline:
        return NOTHING
    found = [sheet[tag]] if tag in sheet else []
    for name in classes.split()[:8] if sheet else ():
        found.extend(sheet[key] for key in (f".{name}", f"{tag}.{name}") if key in sheet)
    if inline:
        found.append(read_declarations(inline[:2000]))
    if not found:
        return NOTHING
    bold = next((s.bold for s in reversed(found) if s.bold is not None), None)
    sized = next((s for s in reversed(found) if s.size is not None), NOTHING)
    return Style(bold, sized.size, sized.absolute, any(s.hidden for s in found), any(s.lines for s in found))
