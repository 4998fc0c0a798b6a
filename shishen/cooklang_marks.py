"""The marks of Cooklang: what stands in a text as `@name{amount%unit}(note)`, `#tool{}`, `~{time%unit}`.

Follows the canonical tests of cooklang/spec (version 8) and the modifiers, aliases and escapes of cooklang-rs; takes
time that grows with the text's length only, whatever braces are left open in it.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

Kind = Literal["@", "#", "~"]

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)(?:^|\n)---[ \t]*(?:\n|$)", re.DOTALL)
_OLD_METADATA = re.compile(r"^>>[ \t]*([^:\n]{1,200}?)[ \t]*:[ \t]*(.*)$", re.MULTILINE)
_LINE_COMMENT = re.compile(r"(?<![-\\])--(?!-).*")
_SLASH_COMMENT = re.compile(r"^//.*\n?", re.MULTILINE)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# A name in front of braces stands on one line and holds no other mark.
_LONG = re.compile(r"([^\s@#~{}\\][^\n@#~{}\\]{0,199})?\{([^{}\n]{0,200})\}")
_NOTE = re.compile(r"\(([^()\n]{0,300})\)")
_MODIFIERS = re.compile(r"([@&?+\-]{0,5})(\([=~\d]{1,5}\))?")
_PATH = re.compile(r"\.{1,2}[/\\].*?([^/\\]+)")
_FIXED = re.compile(r"^=|\*$")
_KEY = re.compile(r"([^\s:#\-\"'][^:\n]{0,100}?|\"[^\"\n]{1,100}\"|'[^'\n]{1,100}')\s*:(?:\s+(.*)|\s*)$")
_BLOCK_SCALAR = re.compile(r"[|>][+-]?$")
_COMMENT_IN_YAML = re.compile(r"\s+#.*$")


class Mark(Struct, frozen=True, kw_only=True):
    """One mark. `shown` is what the text says in its place; `hidden` where it adds nothing to the list."""

    kind: Kind
    name: str
    shown: str
    amount: str = ""
    unit: str = ""
    note: str = ""
    optional: bool = False
    hidden: bool = False


def without_comments(text: str) -> str:
    """The text without `-- …` and `[- … -]`; a line that held nothing else is gone with it."""
    kept: list[str] = []
    end = 0
    while (start := text.find("[-", end)) >= 0:
        if start and text[start - 1] == "\\":
            kept.append(text[end : start + 2])
            end = start + 2
            continue
        kept.append(text[end:start])
        close = text.find("-]", start + 2)
        end = len(text) if close < 0 else close + 2
    kept.append(text[end:])
    lines = []
    for line in _SLASH_COMMENT.sub("", "".join(kept)).split("\n"):
        bare = _LINE_COMMENT.sub("", line)
        if bare == line or bare.strip():
            lines.append(bare.rstrip())
    # Any number of blank lines ends a paragraph.
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def unescaped(text: str) -> str:
    """The text with `\\@` as `@`."""
    return _ESCAPE.sub(r"\1", text)


def escaped(text: str) -> str:
    """The text so that nothing in it is taken for a mark, a comment, a note or a heading."""
    marked = re.sub(r"([@#~\\{}])", r"\\\1", text)
    return re.sub(r"^(?=[>=])|-(?=-)|\[(?=-)|^(?=//)", lambda m: "\\" + m[0], marked, flags=re.MULTILINE)


def pieces(paragraph: str) -> Iterator[str | Mark]:
    """A paragraph as texts and marks, in order."""
    end = 0
    place = 0
    while place < len(paragraph):
        character = paragraph[place]
        if character == "\\":
            place += 2
            continue
        found = _mark(paragraph, place) if character in "@#~" else None
        if found is None:
            place += 1
            continue
        mark, after = found
        if paragraph[end:place]:
            yield paragraph[end:place]
        yield mark
        end = place = after
    if paragraph[end:]:
        yield paragraph[end:]


def _mark(text: str, place: int) -> tuple[Mark, int] | None:
    """The mark at a place, and where it ends; None where it is only a character."""
    kind: Any = text[place]
    place += 1
    flags, reference = "", False
    if kind != "~":
        modifiers = _MODIFIERS.match(text, place)
        assert modifiers
        # Only one ? counts; what follows it belongs to the name (`@??thyme`).
        flags = modifiers[1][: modifiers[1].index("?") + 1] if "?" in modifiers[1] else modifiers[1]
        reference = "&" in flags and modifiers[2] is not None
        place += len(flags) if flags != modifiers[1] else len(modifiers[0]) if reference else len(modifiers[1])
    if long := _LONG.match(text, place):
        name, quantity, place = (long[1] or "").strip(), long[2], long.end()
    else:
        place, start = _word_end(text, place), place
        name, quantity = text[start:place], ""
    if not name and (kind != "~" or not quantity.strip()):
        return None
    note = _NOTE.match(text, place) if kind != "~" else None
    place = note.end() if note else place
    amount, unit = _quantity(quantity)
    name, _, alias = (part.strip() for part in name.partition("|"))
    path = _PATH.fullmatch(name)
    name = path[1] if path else name
    shown = alias or name
    if kind == "~":
        # A timer that only has a name is the word that it stands for (`~rest`).
        shown = f"{amount} {unit}".strip() or name
    hidden = "-" in flags or reference or ("&" in flags and not amount)
    said = note[1].strip() if note else ""
    return (
        Mark(
            kind=kind, name=name, shown=shown, amount=amount, unit=unit, note=said,
            optional="?" in flags, hidden=hidden,
        ),
        place,
    )  # fmt: skip


def _word_end(text: str, place: int) -> int:
    """Where a name without braces ends: at white space or punctuation."""
    while place < len(text) and not text[place].isspace() and text[place] not in "+|=~<>":
        if unicodedata.category(text[place])[0] in "PZ":
            break
        place += 1
    return place


def _quantity(text: str) -> tuple[str, str]:
    """(amount, unit) between the braces; of amounts for several servings (`1|2`) the first."""
    amount, _, unit = text.partition("%")
    amount = _FIXED.sub("", amount.strip()).strip().partition("|")[0].strip()
    return re.sub(r"(?<=\d)\s*/\s*(?=\d)", "/", amount), unit.strip()


# --- metadata --------------------------------------------------------------------------------------------


def read_metadata(text: str) -> tuple[dict[str, Any], str]:
    """(what is said about the recipe by lower-case key, the text without it): YAML in front, and `>> key: value`.

    Of YAML it reads what recipes use: texts, lists, texts over several lines, and one level of keys in keys, which
    become `key.key`. Anything else is left alone.
    """
    metadata: dict[str, Any] = {}
    front = _FRONT_MATTER.match(text)
    if front:
        metadata |= _yaml(front[1].split("\n"))
        text = text[front.end() :]
    for key, value in _OLD_METADATA.findall(text):
        metadata.setdefault(key.lower(), value.strip())
    return metadata, _OLD_METADATA.sub("", text) if ">>" in text else text


def _yaml(lines: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    place = 0
    while place < len(lines):
        key = _KEY.match(lines[place]) if not lines[place][:1].isspace() else None
        place += 1
        if not key:
            continue
        name, value = str(_scalar(key[1])).lower(), (key[2] or "").strip()
        inside = []
        while place < len(lines) and (not lines[place].strip() or lines[place][:1].isspace() or _is_item(lines[place])):
            inside.append(lines[place])
            place += 1
        if _BLOCK_SCALAR.fullmatch(value):
            joint = "\n" if value[0] == "|" else " "
            found[name] = joint.join(line.strip() for line in inside).strip()
        elif value:
            found[name] = _value(" ".join([value, *(line.strip() for line in inside)]).strip())
        elif any(_is_item(line) for line in inside):
            found[name] = [_scalar(line.strip()[1:].strip()) for line in inside if _is_item(line)]
        else:
            nested = (_KEY.match(line.strip()) for line in inside)
            found |= {f"{name}.{str(_scalar(n[1])).lower()}": _value((n[2] or "").strip()) for n in nested if n}
    return found


def _is_item(line: str) -> bool:
    return line.lstrip().startswith("- ") or line.strip() == "-"


def _value(text: str) -> Any:
    """A scalar, or a list in brackets."""
    if text.startswith("["):
        text = _COMMENT_IN_YAML.sub("", text)
        try:
            decoded = msgspec.json.decode(text)
            return decoded if isinstance(decoded, list) else text
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            inner = text.removeprefix("[").removesuffix("]")
            return [_scalar(part.strip()) for part in inner.split(",") if part.strip()]
    return _scalar(text)


def _scalar(text: str) -> Any:
    """A text without its quotes."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeError):
            return text[1:-1]
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return _COMMENT_IN_YAML.sub("", text)
