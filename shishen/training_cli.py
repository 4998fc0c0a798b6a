"""`shishen train`: the verb that trains, its presets, and what is shown while it goes on."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import replace
from typer.core import TyperGroup

from shishen.errors import ShishenError
from shishen.library_cli import Json, print_json, say

if TYPE_CHECKING:
    from shishen.training.loop import Event
    from shishen.training.preparing import Noted
    from shishen.training.run_config import RunConfig

Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="改一项，如 --set optimizer.learning_rate=1e-4；可以写多次。", metavar="KEY=VALUE"),
]


class _Verbs(TyperGroup):
    """A group whose first word may be left away: `shishen train run.toml` is `shishen train run run.toml`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb that is named, else `run` with all words."""
        return super().resolve_command(ctx, args if args and args[0] in self.commands else ["run", *args])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Options without a verb are those of `run`, but for the help."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


train_app = typer.Typer(
    cls=_Verbs,
    help="训练：数据集 + 底座模型 → 会做菜的模型（全量、LoRA、QLoRA、DoRA）。\n\n"
    "例：shishen train cp tiny-cpu run.toml；改好后 shishen train run.toml",
    no_args_is_help=True,
)


@train_app.command("run")
def run_(
    config: Annotated[Path | None, typer.Argument(help="训练设置。", metavar="RUN.toml")] = None,
    base: Annotated[str | None, typer.Option(help="底座：文件夹、模型站上的名字，或 tiny（从头做一个小的）。")] = None,
    method: Annotated[str | None, typer.Option(help="full、lora、qlora 或 dora。")] = None,
    data: Annotated[str | None, typer.Option(help="数据集所在的文件夹，或数据文件；几个用逗号隔开。")] = None,
    output: Annotated[str | None, typer.Option(help="这次训练的文件夹。")] = None,
    epochs: Annotated[float | None, typer.Option(help="学几遍。")] = None,
    steps: Annotated[int | None, typer.Option(help="学多少步；代替 --epochs。")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="最高的学习率。")] = None,
    replay: Annotated[str | None, typer.Option(help="一起复习的旧数据集，免得忘掉；几个用逗号隔开。")] = None,
    seed: Annotated[int | None, typer.Option(help="随机数的种子。")] = None,
    assignments: Set = None,
    resume: Annotated[Path | None, typer.Option(help="接着这个文件夹里的训练。", metavar="DIR")] = None,
    json_: Json = False,
) -> None:
    """开始训练，或用 --resume 接着训练（学习率、遍数这些可以改）。

    例：shishen train run.toml
    例：shishen train --base tiny --data 数据集/ --output runs/小厨师 --epochs 20
    例：shishen train --resume runs/小厨师
    例：shishen train --resume runs/小厨师 --learning-rate 1e-4
    """
    from shishen.stages.train import train
    from shishen.training.run_config import changed, load_config
    from shishen.training.run_folder import RunFolder

    given = {
        "base": base,
        "method": method,
        "data": data,
        "output": output,
        "epochs": epochs,
        "steps": steps,
        "optimizer.learning_rate": learning_rate,
        "replay.data": replay,
        "seed": seed,
    }
    if resume is not None:
        if config:
            raise ShishenError("--resume 用开始时的设置，不再读别的；要改的用 --set 或 --learning-rate 写。")
        # The folder may have been moved since it was begun.
        chosen = changed(replace(RunFolder(resume).config(), output=str(resume)), assignments or [], given)
    else:
        if config is None and not any(value is not None for value in given.values()):
            raise ShishenError("没有说怎么训练；例：shishen train cp tiny-cpu run.toml，再 shishen train run.toml。")
        chosen = load_config(config, assignments or [], given)
    try:
        with _display(chosen) as show:
            for event in train(chosen, resume=resume is not None):
                show(event)
    except KeyboardInterrupt:
        say(f"停下了；做过的都在检查点里，接着训练用 shishen train --resume {chosen.output}。")
        raise typer.Exit(130) from None
    _finish(RunFolder(Path(chosen.output).expanduser()), json_)


@train_app.command("ls")
def list_presets(json_: Json = False) -> None:
    """列出现成的训练设置。"""
    from shishen.training.run_config import presets

    rows = {name: path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ") for name, path in presets().items()}
    if json_:
        print_json([{"name": name, "purpose": purpose} for name, purpose in rows.items()])
        return
    for name, purpose in rows.items():
        print(f"{name:<20} {purpose}")


@train_app.command("cp")
def copy_preset(
    name: Annotated[str, typer.Argument(help="名字，见 shishen train ls。", metavar="NAME")],
    target: Annotated[Path, typer.Argument(help="抄到哪个文件。", metavar="RUN.toml")] = Path("run.toml"),
    force: Annotated[bool, typer.Option("--force", help="文件已经在了也写。")] = False,
) -> None:
    """抄一份现成的训练设置来改。

    例：shishen train cp tiny-cpu run.toml
    """
    from shishen.errors import NotFound
    from shishen.training.run_config import presets

    found = presets()
    if name not in found:
        raise NotFound(f"没有名为 {name} 的训练设置；可用：{'、'.join(found)}。")
    if target.exists() and not force:
        raise ShishenError(f"{target} 已经在了；换一个名字，或加上 --force 覆盖它。")
    target.write_bytes(found[name].read_bytes())
    say(f"抄到了 {target}；改好后运行 shishen train {target}。")


@train_app.command("validate")
def validate(
    config: Annotated[Path, typer.Argument(help="训练设置。", metavar="RUN.toml")],
    assignments: Set = None,
    json_: Json = False,
) -> None:
    """只检查训练设置，不训练；所有毛病一次说完。"""
    from shishen.training.run_config import load_config

    checked = load_config(config, assignments or [])
    if json_:
        print_json(checked)
    say(f"{config} 没有问题。")


def _finish(run: Any, json_: bool) -> None:
    from shishen.training.run_folder import Evaluated, Progress

    lines = run.metrics()
    steps = [line for line in lines if isinstance(line, Progress)]
    evaluated = [line for line in lines if isinstance(line, Evaluated)]
    if json_:
        print_json(
            {
                "model": str(run.model),
                "report": str(run.report),
                "steps": steps[-1].step if steps else 0,
                "loss": steps[-1].loss if steps else None,
                "dev_loss": evaluated[-1].dev_loss if evaluated else None,
                "seconds": round(sum(line.seconds for line in steps), 2),
                "learned_tokens": sum(line.learned for line in steps),
            }
        )
    say(f"模型在 {run.model}，曲线在 {run.report}。")
    say(f"问问它：shishen --set chat.engine=transformers --set chat.transformers.path={run.path} ask 红烧肉怎么做")


@contextmanager
def _display(config: "RunConfig") -> Iterator[Callable[["Event | Noted"], None]]:
    """What is shown meanwhile: a line that is renewed on a terminal, elsewhere one line every ten seconds."""
    import os

    if os.environ.get("RANK", "0") != "0":
        yield lambda _: None
        return
    from shishen.training.loop import Begun, Finished
    from shishen.training.preparing import Noted
    from shishen.training.run_folder import Evaluated, Progress, Sample

    speeds = _Speed()
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        console = Console(stderr=True)
        bar = Bar(
            TextColumn("训练"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}"),
            TimeElapsedColumn(),
            TextColumn("还要"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        task = bar.add_task("", total=None, words="")
        tell: Callable[[str], None] = lambda words: bar.console.print(words, markup=False, highlight=False)  # noqa: E731
    else:
        bar, task, tell = None, None, say
    said = time.monotonic()

    def show(event: "Event | Noted") -> None:
        nonlocal said
        if isinstance(event, Noted):
            tell(event.words)
        elif isinstance(event, Begun):
            where = f"从第 {event.from_step} 步接着" if event.from_step else "开始"
            many = f"，{event.processes} 个进程" if event.processes > 1 else ""
            tell(
                f"{where}训练：{event.sequences:,} 条，{event.steps:,} 步，"
                f"学 {event.learning:,} / {event.parameters:,} 个参数（{config.method}，{event.device}{many}）"
            )
            if bar and task is not None:
                bar.update(task, total=event.steps, completed=event.from_step)
        elif isinstance(event, Progress):
            speed = f"{speeds.of(event):,.0f} 词元/秒"
            words = f"损失 {event.loss:.4f}　{speed}　{event.memory_mb:,} MB　第 {event.epoch:.1f} 遍"
            if bar and task is not None:
                bar.update(task, completed=event.step, words=words)
            elif time.monotonic() - said > 10:
                said = time.monotonic()
                tell(f"第 {event.step} 步　{words}")
        elif isinstance(event, Evaluated):
            tell(f"第 {event.step} 步　验证损失 {event.dev_loss:.4f}{'（最好）' if event.best else ''}")
        elif isinstance(event, Sample):
            answer = " ".join(event.answer.split())[:60]
            tell(f"  问：{event.question[:30]}　答：{answer}{'' if event.ended else '……（没有停）'}")
        elif isinstance(event, Finished) and event.stopped_early:
            tell(f"验证损失不再变好，提前结束；留下第 {event.step} 步的模型。")

    if bar is None:
        yield show
    else:
        with bar:
            yield show


class _Speed:
    """Learned tokens a second over the last steps."""

    def __init__(self) -> None:
        self._last: list[tuple[int, float]] = []

    def of(self, event: Any) -> float:
        self._last = [*self._last[-19:], (event.learned, event.seconds)]
        return sum(n for n, _ in self._last) / max(1e-6, sum(s for _, s in self._last))
