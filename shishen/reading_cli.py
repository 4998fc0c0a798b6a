"""`shishen read` and `shishen add`: the verbs that take files in, with their progress and what they say at the end."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from shishen.library_cli import Json, kitchen_of, print_json, say

if TYPE_CHECKING:
    from shishen.kitchen import RejectedFile
    from shishen.records import Rejected
    from shishen.stages.read import Event
    from shishen.stages.structure import Costs, PageRead

Paths = Annotated[list[Path], typer.Argument(help="文件或文件夹，可以有多个。", metavar="PATH…")]
# Tells the progress line: recipes so far, rejections so far, the file, the page that was read last.
Advance = Callable[[int, int, str, "PageRead | None"], None]


def read(
    paths: Paths,
    report: Annotated[
        Path | None,
        typer.Option(help="另写一个网页：每页的图，旁边是读成了什么，拿不准的标出来。", metavar="FILE.html"),
    ] = None,
) -> None:
    """读菜谱，一行一份 JSON 打印出来，不存。

    例：shishen read 我的菜谱/ > recipes.jsonl
    例：shishen read 家常菜谱.pdf --report 校对.html > recipes.jsonl

    在校对页里，按 n 跳到下一处拿不准的，按 p 跳到上一处；也可以只看拿不准的。
    """
    from shishen.kitchen import RejectedFile
    from shishen.records import Recipe, Rejected
    from shishen.stages.read import find_files, recognise, watch_file
    from shishen.stages.report import Report
    from shishen.stages.structure import Costs, PageRead

    kitchen = kitchen_of()
    out = sys.stdout.buffer
    count = 0
    failed = False
    checked = Report(report, kitchen.settings.reader) if report else nullcontext()
    with RejectedFile(kitchen.rejected_path) as rejected, checked as proof, _progress("读取") as advance:
        for candidate in find_files(paths):
            if report and not candidate.named and _is_report(candidate.path, report):
                continue
            recognised = recognise(candidate, kitchen.readers, kitchen.settings.reader)
            if recognised is None:
                continue
            if isinstance(recognised, Rejected):
                events: Iterable[Event] = [recognised]
            else:
                events = watch_file(*recognised, kitchen.workshop, named=candidate.named)
            for event in events:
                if proof:
                    proof.take(event, candidate.label)
                if isinstance(event, Rejected):
                    failed |= _rejection(event, rejected, candidate.named)
                elif isinstance(event, Costs):
                    say_costs(event)
                elif isinstance(event, Recipe):
                    out.write(msgspec.json.encode(event) + b"\n")
                    count += 1
                page = event if isinstance(event, PageRead) else None
                advance(count, rejected.count, candidate.label, page)
    _finish(f"读到 {count} 份菜谱", rejected, kitchen.rejected_path)
    if report:
        say(f"校对页写在 {report}；用浏览器打开。")
    if not count and not rejected.count:
        say("没有读到菜谱；能读的格式见 docs/read.md。")
    if failed or not count:
        raise typer.Exit(2)


def _is_report(path: Path, report: Path) -> bool:
    """Whether a file that was found is the report of an earlier run, which this run replaces."""
    return os.path.realpath(path) == os.path.realpath(report.expanduser())


def add(paths: Paths, json_: Json = False) -> None:
    """把菜谱加进菜谱库。再加一次不会重复；文件改了就更新。

    例：shishen add 家常菜谱.pdf 外婆的笔记/ corpus.jsonl
    """
    from shishen.kitchen import RejectedFile
    from shishen.library import Changes
    from shishen.records import Rejected
    from shishen.stages.read import find_files
    from shishen.stages.structure import Costs

    kitchen = kitchen_of()
    changes, failed = Changes(), False
    named = {path.resolve().as_posix() for path in paths}
    try:
        with RejectedFile(kitchen.rejected_path) as rejected, _progress("加入") as advance:
            for event in kitchen.adding(find_files(paths)):
                if isinstance(event, Rejected):
                    failed |= _rejection(event, rejected, event.path in named)
                elif isinstance(event, Costs):
                    say_costs(event)
                else:
                    changes = event.changes
                    advance(event.found, rejected.count, event.file.label, event.page)
        say("更新索引…") if changes.added or changes.changed or changes.removed else None
        kitchen.catch_up()
    except KeyboardInterrupt:
        say("停下了；已经加入的都在，再运行一次就接着加。")
        raise typer.Exit(130) from None
    if json_:
        print_json({**msgspec.to_builtins(changes), "rejected": rejected.count, "recipes": len(kitchen.library)})
    _finish(
        f"新增 {changes.added}，更新 {changes.changed}，未变 {changes.unchanged}，移除 {changes.removed}；"
        f"菜谱库现有 {len(kitchen.library)} 份菜谱",
        rejected,
        kitchen.rejected_path,
    )
    nothing = not any(msgspec.structs.astuple(changes))
    if nothing and not rejected.count:
        say("没有读到菜谱；能读的格式见 docs/read.md。")
    if failed or nothing:
        raise typer.Exit(2)


def _rejection(rejected: "Rejected", file: "RejectedFile", named: bool) -> bool:
    """Note a rejection; whether it is the fault of a whole file, not of a page or a record, that was named by hand."""
    file.write(rejected)
    if rejected.line is None:
        say(rejected.reason if rejected.path in rejected.reason else f"{rejected.path}：{rejected.reason}")
    return named and rejected.line is None and rejected.page is None


def _finish(words: str, rejected: "RejectedFile", path: Path) -> None:
    if rejected.fault:
        say(rejected.fault)
    see = "" if rejected.fault else f"，见 {path}"
    say(f"{words}；{rejected.count} 处没读成{see}。" if rejected.count else f"{words}。")


def say_costs(costs: "Costs") -> None:
    """What a model is about to cost, or has cost."""
    cost = costs.cost
    words = f"{cost.requests} 次请求，输入 {cost.input_tokens:,} 个、输出 {cost.output_tokens:,} 个词元"
    money = f"，{cost.money:.4f} {cost.currency}" if cost.money is not None else ""
    say(f"模型一共用了 {words}{money}。" if costs.paid else f"要问模型：约 {words}{money}。")


@contextmanager
def _progress(verb: str) -> Iterator[Advance]:
    """A progress line on a terminal, nothing elsewhere: a bar over the pages of a document, else a count."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn(verb + " {task.fields[done]} 份"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[words]}"),
        TextColumn("{task.fields[place]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(verb, total=None, done=0, words="", place="")

        def advance(done: int, rejected: int, place: str, page: "PageRead | None") -> None:
            words = f"{rejected} 处没读成" if rejected else ""
            if page and page.page.number and page.page.count:
                words = f"第 {page.page.number}/{page.page.count} 页　{words}"
                bar.update(task, completed=page.page.number, total=page.page.count)
            elif not page:
                elapsed = bar.tasks[0].elapsed or 0.001
                words = (
                    f"{done / elapsed:,.0f} 份/秒　{words}"
                    if bar.tasks[0].total is None
                    else bar.tasks[0].fields["words"]
                )
            bar.update(task, done=done, words=words, place=Path(place).name)

        yield advance
