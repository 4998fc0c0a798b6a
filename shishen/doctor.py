"""Doctor: what is there on this machine, and does it work?"""

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from shishen.errors import ShishenError

if TYPE_CHECKING:
    from shishen.kitchen import Kitchen


class Finding(Struct, frozen=True):
    """One thing looked at, whether it is well, and what there is to say of it."""

    what: str
    good: bool
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
        yield Finding("数据文件夹", False, f"{home} 写不进去：{error.strerror}；请换一个 SHISHEN_HOME")
        return
    stats = kitchen.library.stats()
    yield Finding("菜谱库", True, f"{stats.recipes} 份菜谱，第 {stats.generation} 代")
    behind = stats.generation - kitchen.index.generation()
    words = "是最新的" if behind == 0 else f"落后 {behind} 代" if behind > 0 else "属于另一个菜谱库"
    yield Finding("索引", behind == 0, words if behind == 0 else f"{words}；请运行 shishen index")
    for kind in ("reranker", "chat"):
        chosen = kitchen.settings.engines[kind]
        yield Finding(f"引擎 {kind}", bool(kitchen.retriever if kind == "reranker" else kitchen.chat), chosen.name)
