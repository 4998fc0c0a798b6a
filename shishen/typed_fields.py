"""A struct of options from values that people wrote, every fault found and named with what would be right."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta, Struct


def struct_of(type_: type[Struct], prefix: str, given: Mapping[str, Any], faults: list[str]) -> Struct | None:
    """One struct from its values, each checked alone so that every fault is found; text is read as its type.

    `prefix` is what the values are called in front (`server`), '' for those that stand in no table.
    """
    fields = {f.name: f for f in msgspec.structs.fields(type_)}
    front = f"{prefix}." if prefix else ""
    clean: dict[str, Any] = {}
    for key, value in given.items():
        if key not in fields:
            meant = get_close_matches(key, fields, n=1)
            where = f"{prefix} 有" if prefix else "这里有"
            there = f"是不是 {front}{meant[0]}" if meant else f"{where}：{'、'.join(fields)}"
            faults.append(f"没有 {front}{key} 这一项（{there}）")
            continue
        try:
            clean[key] = msgspec.convert(_parted(value, fields[key].type), fields[key].type, strict=_typed(value))
        except msgspec.ValidationError:
            faults.append(f"{front}{key} 不能是 {value!r}，应为{type_name(fields[key].type)}")
    for name, f in fields.items():
        if f.required and name not in clean:
            faults.append(f"缺少 {front}{name}")
            return None
    return type_(**clean)


def _typed(value: object) -> bool:
    """Whether a value came with its type, as in TOML; text of a command line has none."""
    return not isinstance(value, str)


def _parted(value: object, type_: Any) -> object:
    """`a,b` where several texts are asked for."""
    several = get_origin(type_) is tuple and isinstance(value, str)
    return [part.strip() for part in str(value).split(",") if part.strip()] if several else value


def type_name(type_: Any) -> str:
    """What a value must be: `1 至 65535 的整数`; None may always be left away, so it is not named."""
    if get_origin(type_) is Literal:
        *others, last = map(str, get_args(type_))
        return f" {'、'.join(others)} 或 {last}" if others else f" {last}"
    if get_origin(type_) is tuple:
        return "一列" + type_name(get_args(type_)[0])
    parts = [part for part in get_args(type_) if part is not type(None)]
    if meta := next((part for part in parts if isinstance(part, Meta)), None):
        least = f"大于 {meta.gt}" if meta.gt is not None else f"不小于 {meta.ge}"
        span = f"{meta.ge} 至 {meta.le} 的" if None not in (meta.ge, meta.le) else f"{least} 的"
        if meta.gt is not None and meta.le is not None:
            span = f"{least}、不大于 {meta.le} 的"
        return f" {span}{type_name(parts[0])}"
    if parts:
        return type_name(parts[0])
    names = {int: "整数", float: "数字", str: "文字", bool: " true 或 false"}
    return names.get(type_, f" {type_}")
