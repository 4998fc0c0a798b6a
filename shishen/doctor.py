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
    yield Finding("菜谱库", True, f"{len(kitchen.library)} 份菜谱")
    newest = kitchen.index.generation() == kitchen.library.generation()
    yield Finding("索引", newest, "是最新的" if newest else "跟不上菜谱库；请运行 shishen index")
    for kind in ("reranker", "chat"):
        chosen = kitchen.settings.engines[kind]
        yield Finding(f"引擎 {kind}", bool(kitchen.retriever if kind == "reranker" else kitchen.chat), chosen.name)
