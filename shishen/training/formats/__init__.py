"""Formats of training data: one file each; the file's name is the format's name, with a dash for an underscore.

A file holds `LAYOUT` (how it is written: `lines`, JSON Lines, or `array`, one JSON array; both are read), `FILES`
(the file name of each split, as the program that reads them expects it), `Row` (one row as a struct),
`rows_of(example)` and `messages_of(row)`, which raises BadRecord where a row holds what no example can.
`continues(before, after)`, where it is there, says whether a row goes on with the dialogue of the row before;
`DATASET_INFO` describes the format to LLaMA-Factory. What a format cannot hold stands in its docstring.
A module of this package without `LAYOUT` is no format but what all of them need.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any, Literal

from msgspec import Struct

from shishen.errors import NotFound
from shishen.examples import Example, Split
from shishen.records import Message

Layout = Literal["lines", "array"]
Continues = Callable[[Sequence[Message], Sequence[Message]], bool]


class Format(Struct, frozen=True, kw_only=True):
    """One format that was found; `row` is the struct of its rows."""

    name: str
    purpose: str
    layout: Layout
    files: Mapping[Split, str]
    row: type[Struct]
    rows_of: Callable[[Example], Iterable[Struct]]
    messages_of: Callable[[Any], tuple[Message, ...]]
    continues: Continues | None = None
    dataset_info: Mapping[str, object] | None = None


@cache
def formats() -> dict[str, Format]:
    """Every format by its name."""
    found = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in found]
    return {made.name: made for made in (_format(module) for module in modules if hasattr(module, "LAYOUT"))}


def find_format(name: str) -> Format:
    """The format of a name, written with dashes or underscores. Raises NotFound, naming those that exist."""
    found = formats().get(name.strip().lower().replace("_", "-"))
    if found is None:
        raise NotFound(f"没有名为 {name} 的数据格式；可用：{'、'.join(formats())}。")
    return found


def _format(module: ModuleType) -> Format:
    return Format(
        name=module.__name__.rpartition(".")[2].replace("_", "-"),
        purpose=(module.__doc__ or "").strip().partition("\n")[0],
        layout=module.LAYOUT,
        files=module.FILES,
        row=module.Row,
        rows_of=module.rows_of,
        messages_of=module.messages_of,
        continues=getattr(module, "continues", None),
        dataset_info=getattr(module, "DATASET_INFO", None),
    )
