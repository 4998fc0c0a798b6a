"""Engines: one file each under `engines/<kind>/`; the file's name is the engine's name.

A file holds `Options` (a frozen struct of typed options), `build(options)` and `EXTRA`, the extra of this
package that installs what it needs (None: in the base install). Heavy imports happen inside `build`, so that
every engine can be listed anywhere. A reader with `LAST = True` is asked after all others whether a file is of
its format. Third parties add engines through the entry-point group
`shishen.engines`, each named `<kind>.<engine>` and naming such a module.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from msgspec import Struct

from shishen.errors import NotFound, ShishenError

KINDS = ("reader", "ocr", "structurer", "writer", "index", "reranker", "chat", "teacher")


class EngineInfo(Struct, frozen=True):
    """One engine that was found, not yet built. `fault` says why it cannot be used, else None."""

    kind: str
    name: str
    module: ModuleType
    fault: str | None = None

    @property
    def purpose(self) -> str:
        """The first line of the module's docstring; what is wrong with it where it is broken."""
        return self.fault or (self.module.__doc__ or "").strip().partition("\n")[0]

    @property
    def extra(self) -> str | None:
        """The extra that installs what the engine needs."""
        extra: str | None = getattr(self.module, "EXTRA", None)
        return extra

    @property
    def last(self) -> bool:
        """Whether a reader takes what no other knows, and so is asked last."""
        return bool(getattr(self.module, "LAST", False))

    @property
    def options(self) -> type[Struct]:
        """The engine's options, all with defaults or required. Raises ShishenError where it is broken."""
        if self.fault:
            raise ShishenError(f"引擎 {self.kind}/{self.name} {self.fault}；请修好它的包，或换一个引擎。")
        options: type[Struct] = self.module.Options
        return options

    def build(self, options: Struct | None = None) -> Any:
        """The engine itself. Raises ShishenError where what it needs is not installed, or it is broken."""
        if options is None:
            options = self.options()
        try:
            return self.module.build(options)
        except ImportError as error:
            fix = f"pip install 'shishen[{self.extra}]'" if self.extra else f"pip install {error.name}"
            raise ShishenError(f"引擎 {self.kind}/{self.name} 缺少 {error.name}；请运行 {fix}。") from error


def engines(kind: str) -> Iterator[EngineInfo]:
    """Every engine of a kind by name: the files of this package, then entry points, broken ones included."""
    package = importlib.import_module(f"{__name__}.{kind}")
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        if not module.ispkg:
            load = partial(importlib.import_module, f"{package.__name__}.{module.name}")
            yield _load(kind, module.name, load)
    for entry in entry_points(group="shishen.engines"):
        if entry.name.startswith(f"{kind}."):
            yield _load(kind, entry.name.removeprefix(f"{kind}."), entry.load)


def _load(kind: str, name: str, load: Callable[[], ModuleType]) -> EngineInfo:
    """One engine; whatever goes wrong with its file must not stop who does not use it."""
    try:
        module = load()
    except Exception as error:
        words = " ".join(f"{type(error).__name__}：{error}".split())
        return EngineInfo(kind, name, ModuleType(name), f"坏了（{words:.200}）")
    if missing := [what for what in ("Options", "build", "EXTRA") if not hasattr(module, what)]:
        return EngineInfo(kind, name, ModuleType(name), f"坏了（没有 {'、'.join(missing)}）")
    return EngineInfo(kind, name, module)


def engine(kind: str, name: str) -> EngineInfo:
    """The engine of a kind by its name. Raises NotFound, naming those that exist."""
    found = {info.name: info for info in engines(kind)}
    if name not in found:
        raise NotFound(f"没有名为 {name} 的 {kind} 引擎；可用：{'、'.join(found)}。")
    return found[name]
