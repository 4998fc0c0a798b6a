"""Doctor: what is there on this machine, and does it work?"""

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from shishen import engines
from shishen.errors import ShishenError
from shishen.settings import DEFAULT_ENGINES
from shishen.system_reason import reason_of

if TYPE_CHECKING:
    from shishen.kitchen import Kitchen

# What an engine that comes with an extra is needed for.
_NEED = {"ocr": "要读扫描件和照片"}


class Finding(Struct, frozen=True):
    """One thing looked at, whether it is well, and what there is to say of it.

    `good` is None for what is not there and need not be.
    """

    what: str
    good: bool | None
    words: str


def examine(open_kitchen: "Callable[[], Kitchen]") -> list[Finding]:
    """Look at Python, settings, home, library, index, and every chosen engine; stops at what cannot be opened."""
    findings = [Finding("Python", sys.version_info >= (3, 11), sys.version.split()[0])]
    try:
        kitchen = open_kitchen()
        findings.append(Finding("设置", True, "没有错误"))
        findings.extend(_look(kitchen))
    except ShishenError as error:
        findings.append(Finding("检查", False, str(error)))
    return findings


def _look(kitchen: "Kitchen") -> Iterator[Finding]:
    home = kitchen.settings.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
        yield Finding("数据文件夹", True, str(home))
    except OSError as error:
        yield Finding("数据文件夹", False, f"{home} 写不进去：{reason_of(error)}；请换一个 SHISHEN_HOME")
        return
    yield Finding("菜谱库", True, f"{len(kitchen.library)} 份菜谱")
    newest = kitchen.index.generation() == kitchen.library.generation()
    yield Finding("索引", newest, "是最新的" if newest else "跟不上菜谱库；请运行 shishen index")
    for kind in DEFAULT_ENGINES:
        # The index was looked at already.
        if kind != "index":
            yield _look_at_engine(kind, kitchen)


def _look_at_engine(kind: str, kitchen: "Kitchen") -> Finding:
    """Whether the chosen engine of a kind can be built. One that is chosen by default may need an extra."""
    chosen = kitchen.settings.engines[kind]
    what = f"引擎 {kind}"
    try:
        info = engines.engine(kind, chosen.name)
        info.build(chosen.options)
    except ShishenError as error:
        if chosen.name == DEFAULT_ENGINES[kind] and info.extra and not info.fault:
            need = _NEED.get(kind, "要用它")
            return Finding(what, None, f"{chosen.name} 没有装；{need}，请运行 pip install 'shishen[{info.extra}]'")
        return Finding(what, False, str(error))
    options = chosen.options or info.options()
    if getattr(options, "model", None) == "":
        name = f"{kind}.{chosen.name}.model"
        return Finding(what, False, f"{chosen.name} 没有说用哪个模型；请设置 {name}（例如 --set {name}=qwen-plus）")
    return Finding(what, True, chosen.name)
