"""`shishen merge`, `shishen export`, `shishen compare`: what is done with a model once it has learned."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shishen.errors import ShishenError
from shishen.library_cli import Json, print_json, say

if TYPE_CHECKING:
    from shishen.stages.compare import Progress

Model = Annotated[str, typer.Argument(help="训练文件夹、适配器或模型文件夹。", metavar="MODEL")]
Target = Annotated[Path, typer.Argument(help="写到哪个文件夹。", metavar="TARGET")]
Base = Annotated[str | None, typer.Option(help="底座模型；不写就用适配器里记着的。")]
Force = Annotated[bool, typer.Option("--force", help="那里已经有一份也重写。")]
AnyBase = Annotated[bool, typer.Option("--any-base", help="底座和训练时的不是同一份也合并；形状要一样。")]
Device = Annotated[str, typer.Option(help="在哪里算：auto、cpu、cuda、cuda:1 ……")]
TrustCode = Annotated[bool, typer.Option("--trust-code", help="运行模型文件夹里自带的 Python 代码；信得过才用。")]


def merge(
    model: Model,
    target: Target,
    base: Base = None,
    numbers: Annotated[str, typer.Option(help="权重用什么数：base（和底座一样）、fp32、bf16、fp16。")] = "base",
    device: Device = "auto",
    force: Force = False,
    any_base: AnyBase = False,
    trust_code: TrustCode = False,
    json_: Json = False,
) -> None:
    """把适配器合并进底座，成为一个完整的模型；读回来说的话一样才算数。

    例：shishen merge runs/我的厨师 models/我的厨师
    """
    from shishen.local_models.trained_model import model_at
    from shishen.stages.merge import merge as merge_stage

    if numbers not in ("base", "fp32", "bf16", "fp16"):
        raise ShishenError(f"没有 {numbers} 这种数；--numbers 可选 base、fp32、bf16、fp16。")
    made = merge_stage(
        model_at(model, base=base),
        target,
        numbers=numbers,  # type: ignore[arg-type]
        device=device,
        force=force,
        any_base=any_base,
        trust_code=trust_code,
    )
    if json_:
        print_json(made)
    difference = max(parity.difference for parity in made.parity)
    say(f"合并好了：{target}；和适配器比，输出最多差 {difference:.1e}。")


def export(
    model: Model,
    target: Target,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="gguf-f16、gguf-q8_0、ollama、lmdeploy、vllm；可写多次，不写就全要。"),
    ] = None,
    base: Base = None,
    name: Annotated[str | None, typer.Option(help="部署时叫什么；不写用文件夹的名字。")] = None,
    system: Annotated[str | None, typer.Option(help="没有给系统提示时用这一句。")] = None,
    device: Device = "auto",
    force: Force = False,
    any_base: AnyBase = False,
    trust_code: TrustCode = False,
    json_: Json = False,
) -> None:
    """导出成别的程序用的文件（GGUF、Ollama、LMDeploy、vLLM），附启动的命令；说的话不一样就不给。

    例：shishen export runs/我的厨师 exports/我的厨师 --format gguf-q8_0 --format ollama
    """
    from shishen.local_models.trained_model import model_at
    from shishen.stages.export import export as export_stage

    made = export_stage(
        model_at(model, base=base),
        target,
        tuple(formats) if formats else None,
        name=name,
        system=system,
        device=device,
        force=force,
        any_base=any_base,
        trust_code=trust_code,
    )
    if json_:
        print_json(made)
    for left_out, reason in made.left_out.items():
        say(f"没有导出 {left_out}：{reason}")
    say(f"导出好了：{target}；怎么启动见 {target / '启动.md'}。")


def compare(
    models: Annotated[list[str], typer.Argument(help="先写底座，再写训练出来的；可以有几个。", metavar="BASE TUNED…")],
    dataset: Annotated[Path, typer.Option(help="教过的数据集：train 是教过的，dev、test 是没教过的。")],
    output: Annotated[Path, typer.Option(help="结果写到哪个文件夹。")],
    old: Annotated[Path | None, typer.Option(help="以前教过的数据集，看忘了没有。")] = None,
    count: Annotated[int, typer.Option(help="每一组最多问多少条。", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="随机数的种子：抽题、抽样、置信区间都用它。")] = 0,
    temperature: Annotated[float, typer.Option(help="0 为每次取最可能的词。", min=0, max=5)] = 0.0,
    longest: Annotated[int, typer.Option(help="一个回答最多多少词元。", min=1)] = 1536,
    at_once: Annotated[int, typer.Option(help="几个问题一起答。", min=1, max=512)] = 16,
    device: Device = "auto",
    template: Annotated[str | None, typer.Option(help="对话模板；不写用模型自己的。")] = None,
    four_bit: Annotated[bool, typer.Option("--four-bit", help="用 4 位权重。")] = False,
    trust_code: TrustCode = False,
    json_: Json = False,
) -> None:
    """同样的问题问几个模型：学会了多少，忘了多少，附置信区间和并排的回答。停下了再运行就接着问。

    例：shishen compare 底座/ runs/我的厨师 --dataset 数据集/ --output 比较/
    """
    from shishen.evaluation.table import table
    from shishen.evaluation.verdict import verdicts
    from shishen.local_models.generation import Sampling
    from shishen.local_models.trained_model import model_at
    from shishen.stages.compare import Compared, Loading, groups_of
    from shishen.stages.compare import compare as compare_stage

    if len(models) < 2:
        raise ShishenError("比较至少要两个模型：先写底座，再写训练出来的。")
    events = compare_stage(
        [model_at(model) for model in models],
        groups_of(dataset, old, count=count, seed=seed),
        output,
        sampling=Sampling(longest=longest, temperature=temperature, seed=seed),
        loading=Loading(device=device, four_bit=four_bit, template=template, trust_code=trust_code),
        at_once=at_once,
        seed=seed,
    )
    done: Compared | None = None
    try:
        with _progress() as show:
            for event in events:
                if isinstance(event, Compared):
                    done = event
                else:
                    show(event)
    except KeyboardInterrupt:
        say("停下了；再运行一次就接着问。")
        raise typer.Exit(130) from None
    assert done is not None
    if json_:
        sys.stdout.buffer.write(done.summary.read_bytes())
    else:
        print(table(done.comparison))
        for words in verdicts(done.comparison):
            print(words)
    say(f"并排的回答在 {done.page}。")


@contextmanager
def _progress() -> "Iterator[Callable[[Progress], None]]":
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("还要"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("问")
        yield lambda event: bar.update(task, description=event.model, completed=event.done, total=event.total)
