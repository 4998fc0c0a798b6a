"""Settings: defaults < shishen.toml < SHISHEN_* < --set key=value; parsed once, all faults named together.

A key is `section.field`, or `kind.engine.option` for the options of an engine (`index.tantivy.memory_mb`).
An environment variable is the key in capitals with `__` for the points (`SHISHEN_SERVER__PORT=9000`).
"""

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from msgspec import Meta, Struct, field

from shishen.errors import BadSettings
from shishen.source_file import Limits, Megabytes
from shishen.typed_fields import struct_of

Count = Annotated[int, Meta(ge=1)]
# Readers are all always on, and a writer is named with every export.
DEFAULT_ENGINES = {
    "ocr": "rapidocr",
    "structurer": "rules",
    "index": "tantivy",
    "reranker": "overlap",
    "chat": "composer",
    "teacher": "none",
}
OptionsOf = Callable[[str, str], type[Struct] | None]
_PREFIX = "SHISHEN_"
# Variables of ours that are no settings.
_NOT_SETTINGS = frozenset({"SHISHEN_HOME", "SHISHEN_CONFIG"})


class LibrarySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`batch_size`: recipes a transaction."""

    batch_size: Count = 2000


class RetrieverSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`threshold`: the least score in [0, 1] that counts as the dish asked for; None is the measured one."""

    threshold: Annotated[float, Meta(ge=0, le=1)] | None = None
    limit: Count = 5


class DocumentSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How pages are looked at: `dpi` a scanned PDF page is drawn with, `workers` pages at once (0: half the cores)."""

    dpi: Annotated[int, Meta(ge=72, le=600)] = 200
    workers: Annotated[int, Meta(ge=0, le=64)] = 0


class ServerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`longest_question`: characters of one message; `body_mb`: of one request."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8000
    longest_question: Count = 8000
    body_mb: Megabytes = 2.0


class Engine(Struct, frozen=True):
    """Which engine of a kind is used, and its options as they were given."""

    name: str
    options: Struct | None = None


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that can be set. `engines` has one entry a kind that can be chosen."""

    home: Path
    library: LibrarySettings = field(default_factory=LibrarySettings)
    retriever: RetrieverSettings = field(default_factory=RetrieverSettings)
    reader: Limits = field(default_factory=Limits)
    document: DocumentSettings = field(default_factory=DocumentSettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    engines: dict[str, Engine] = field(default_factory=lambda: {k: Engine(n) for k, n in DEFAULT_ENGINES.items()})


_SECTIONS: dict[str, type[Struct]] = {
    "library": LibrarySettings,
    "retriever": RetrieverSettings,
    "reader": Limits,
    "document": DocumentSettings,
    "server": ServerSettings,
}


def load(
    options_of: OptionsOf,
    *,
    assignments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    config: Path | None = None,
) -> Settings:
    """Settings from all four places. `options_of(kind, engine)` gives an engine's options type, None if unknown.

    Raises BadSettings naming every fault, not the first.
    """
    environment = os.environ if environment is None else environment
    faults: list[str] = []
    values: dict[str, Any] = {}
    home = Path(environment.get("SHISHEN_HOME") or platformdirs.user_data_path("shishen")).expanduser()
    named = config or (Path(environment["SHISHEN_CONFIG"]) if environment.get("SHISHEN_CONFIG") else None)
    for path in [named] if named else [Path("shishen.toml"), home / "shishen.toml"]:
        if path.is_file():
            try:
                _flatten(tomllib.loads(path.read_text(encoding="utf-8-sig")), "", values)
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                faults.append(f"{path} 不是正确的 TOML：{error}")
            break
        if named:
            faults.append(f"找不到配置文件 {path}")
    for key, value in environment.items():
        if key.startswith(_PREFIX) and key not in _NOT_SETTINGS:
            values[key.removeprefix(_PREFIX).lower().replace("__", ".")] = value
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            faults.append(f"--set {assignment} 应写成 key=value")
        else:
            values[key.strip()] = value.strip()
    settings = _build(home, values, options_of, faults)
    if faults:
        raise BadSettings("设置有误：" + "；".join(faults) + "。")
    return settings


def _flatten(table: Mapping[str, Any], prefix: str, into: dict[str, Any]) -> None:
    for key, value in table.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{key}.", into)
        else:
            into[f"{prefix}{key}"] = value


def _build(home: Path, values: dict[str, Any], options_of: OptionsOf, faults: list[str]) -> Settings:
    sections: dict[str, dict[str, Any]] = {name: {} for name in _SECTIONS}
    chosen = dict(DEFAULT_ENGINES)
    options: dict[tuple[str, str], dict[str, Any]] = {}
    for key, value in values.items():
        section, _, rest = key.partition(".")
        if section in DEFAULT_ENGINES and rest == "engine":
            chosen[section] = str(value)
        elif section in DEFAULT_ENGINES and rest.count(".") == 1:
            engine, _, option = rest.partition(".")
            options.setdefault((section, engine), {})[option] = value
        elif section in _SECTIONS and rest:
            sections[section][rest] = value
        else:
            faults.append(f"没有 {key} 这一项")
    built = {name: struct_of(type_, name, sections[name], faults) for name, type_ in _SECTIONS.items()}
    engines: dict[str, Engine] = {}
    for (kind, engine), given in options.items():
        type_ = options_of(kind, engine)
        if type_ is None:
            faults.append(f"没有名为 {engine} 的 {kind} 引擎（{'、'.join(f'{kind}.{engine}.{o}' for o in given)}）")
        elif chosen[kind] == engine:
            engines[kind] = Engine(engine, struct_of(type_, f"{kind}.{engine}", given, faults))
        else:
            struct_of(type_, f"{kind}.{engine}", given, faults)
    for kind, name in chosen.items():
        if kind not in engines:
            if options_of(kind, name) is None:
                faults.append(f"没有名为 {name} 的 {kind} 引擎；用 shishen engines 查看")
            engines[kind] = Engine(name)
    return Settings(home=home, engines=engines, **built)  # type: ignore[arg-type]
