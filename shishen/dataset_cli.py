"""`shishen dataset`: build, convert, inspect."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shishen.errors import NotFound, UnreadableFile
from shishen.library_cli import Json, kitchen_of, print_json, say
from shishen.reading_cli import say_costs
from shishen.system_reason import reason_of

if TYPE_CHECKING:
    from shishen.examples import Example
    from shishen.stages.dataset import Building
    from shishen.stages.questions import Asking
    from shishen.training.dataset.folder import Manifest
    from shishen.training.doctor import Token

dataset_app = typer.Typer(help="训练数据：从菜谱写对话、换格式、看学的是什么。", no_args_is_help=True)

Benchmarks = Annotated[
    list[Path] | None,
    typer.Option("--benchmark", help="评测题（C-Eval、CMMLU 的 CSV）；和它重合的剔掉。可写多次。"),
]
Output = Annotated[Path, typer.Option(help="写到哪个文件夹。")]


@dataset_app.command()
def build(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="菜谱文件或文件夹；不写就用菜谱库。", metavar="PATH…")
    ] = None,
    output: Output = Path("数据集"),
    kinds: Annotated[
        str | None, typer.Option(help="要哪几种对话，逗号隔开；不写就全要（见 shishen dataset kinds）。")
    ] = None,
    phrasings: Annotated[int, typer.Option(help="每个问题用几种说法。", min=1, max=50)] = 2,
    seed: Annotated[int, typer.Option(help="随机数的种子；一样的种子写出一样的数据。")] = 0,
    templates: Annotated[Path | None, typer.Option(help="自己的问法（TOML），加在现成的上面。")] = None,
    system: Annotated[str, typer.Option(help="每段对话前面的系统提示。")] = "",
    dev_ratio: Annotated[float, typer.Option(help="验证集占多少道菜。", min=0, max=0.5)] = 0.05,
    dev_count: Annotated[int | None, typer.Option(help="验证集要多少道菜；代替 --dev-ratio。", min=0)] = None,
    test_ratio: Annotated[float, typer.Option(help="测试集占多少道菜。", min=0, max=0.5)] = 0.05,
    test_count: Annotated[int | None, typer.Option(help="测试集要多少道菜；代替 --test-ratio。", min=0)] = None,
    library_count: Annotated[
        int, typer.Option(help="说到整个菜谱库的对话（推荐、没有的菜），每种多少条。", min=0)
    ] = 200,
    likeness: Annotated[
        float | None, typer.Option(help="有多像算相近的菜，划分时不拆开（0–1）。", min=0.3, max=1)
    ] = None,
    keep_near_duplicates: Annotated[
        bool, typer.Option("--keep-near-duplicates", help="几乎一样的同名菜都留着；不写只留第一份。")
    ] = False,
    benchmarks: Benchmarks = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="另存成这种格式，如 sharegpt、xtuner；可写多次。")
    ] = None,
    limit: Annotated[int, typer.Option(help="最多用多少份菜谱；0 为全部。", min=0)] = 0,
    shard: Annotated[int, typer.Option(help="每个文件多少条；0 为一个文件。", min=0)] = 0,
    tokenizer: Annotated[Path | None, typer.Option(help="模型的文件夹；数据卡里按它数词元。")] = None,
    workers: Annotated[int, typer.Option(help="几个进程；0 为每核一个。", min=0, max=256)] = 0,
    paraphrase: Annotated[
        int, typer.Option(help="训练的每个问题再请大模型换几种说法（要设 teacher.engine=openai）。", min=0, max=20)
    ] = 0,
    force: Annotated[bool, typer.Option("--force", help="已经有数据集也重做。")] = False,
    json_: Json = False,
) -> None:
    """从菜谱写对话：有根据、不重复、训练和验证不串，附数据卡。停下了再运行一次就接着做。

    例：shishen dataset build --output 数据集/

    例：shishen dataset build corpus.jsonl --kinds plain --dev-count 100 --output 下厨房/
    """
    from shishen.domains.cooking.dialogues.writing import KINDS
    from shishen.stages.dataset import Building, BuildOptions, Built, check_options
    from shishen.stages.structure import Costs
    from shishen.training.dataset.faults import named_together
    from shishen.training.dataset.parts import PartOptions

    chosen = tuple(part.strip() for part in kinds.split(",") if part.strip()) if kinds is not None else tuple(KINDS)
    options = BuildOptions(
        part=PartOptions(
            kinds=chosen, phrasings=phrasings, seed=seed, templates=str(templates.resolve()) if templates else ""
        ),
        dev_ratio=dev_ratio,
        dev_count=dev_count,
        test_ratio=test_ratio,
        test_count=test_count,
        library_count=library_count,
        likeness=likeness,
        keep_near_duplicates=keep_near_duplicates,
        benchmarks=tuple(str(path) for path in benchmarks or ()),
        system=system,
        shard=shard,
        workers=workers,
        paraphrase=paraphrase,
        formats=tuple(dict.fromkeys(formats or ())),
    )
    named_together(lambda: check_options(options), lambda: _check_paths(paths or ()))
    kitchen = kitchen_of()
    made: Built | None = None
    try:
        with _progress() as show:
            events = kitchen.build_dataset(
                output,
                options,
                paths=paths,
                limit=limit,
                force=force,
                count_tokens=_counter(tokenizer),
                tokenizer=tokenizer.name if tokenizer else "",
            )
            for event in events:
                if isinstance(event, Building):
                    show(event)
                elif isinstance(event, Costs):
                    say_costs(event)
                else:
                    made = event
    except KeyboardInterrupt:
        say("停下了；再运行一次就接着做。")
        raise typer.Exit(130) from None
    assert made is not None
    _finish(output, made.manifest, made.notes, json_)


@dataset_app.command()
def questions(
    paths: Annotated[
        list[Path], typer.Argument(help="文件或文件夹：PDF、Word、网页、Markdown、文本。", metavar="PATH…")
    ],
    count: Annotated[int, typer.Option(help="每份文件要多少对问答。", min=1, max=100_000)] = 20,
    output: Output = Path("问答"),
    size: Annotated[int, typer.Option(help="一段原文最多多少字。", min=100, max=20_000)] = 1200,
    seed: Annotated[int, typer.Option(help="划分用的随机数种子。")] = 0,
    system: Annotated[str, typer.Option(help="每段对话前面的系统提示。")] = "",
    dev_ratio: Annotated[float, typer.Option(help="验证集占多少段。", min=0, max=0.5)] = 0.05,
    dev_count: Annotated[int | None, typer.Option(help="验证集要多少段；代替 --dev-ratio。", min=0)] = None,
    test_ratio: Annotated[float, typer.Option(help="测试集占多少段。", min=0, max=0.5)] = 0.05,
    test_count: Annotated[int | None, typer.Option(help="测试集要多少段；代替 --test-ratio。", min=0)] = None,
    benchmarks: Benchmarks = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="另存成这种格式，如 sharegpt、xtuner；可写多次。")
    ] = None,
    shard: Annotated[int, typer.Option(help="每个文件多少条；0 为一个文件。", min=0)] = 0,
    tokenizer: Annotated[Path | None, typer.Option(help="模型的文件夹；数据卡里按它数词元。")] = None,
    force: Annotated[bool, typer.Option("--force", help="已经有数据集也重做。")] = False,
    json_: Json = False,
) -> None:
    """从任何文件出问答：请大模型写，每个回答都要在原文里有出处，对不上的剔除。停下了再运行一次就接着做。

    例：shishen dataset questions 员工手册.pdf 说明书/ --count 50 --output 问答/

    要先在设置里写明 teacher.engine=openai、teacher.openai.base_url 和 teacher.openai.model。
    """
    from shishen.stages.questions import Asked, Asking, QuestionsOptions, check_options
    from shishen.stages.structure import Costs
    from shishen.training.dataset.faults import named_together

    options = QuestionsOptions(
        count=count,
        size=size,
        dev_ratio=dev_ratio,
        dev_count=dev_count,
        test_ratio=test_ratio,
        test_count=test_count,
        seed=seed,
        system=system,
        shard=shard,
        benchmarks=tuple(str(path) for path in benchmarks or ()),
        formats=tuple(dict.fromkeys(formats or ())),
    )
    named_together(lambda: check_options(options), lambda: _check_paths(paths))
    made: Asked | None = None
    try:
        with _progress() as show:
            events = kitchen_of().ask_documents(
                paths,
                output,
                options,
                force=force,
                count_tokens=_counter(tokenizer),
                tokenizer=tokenizer.name if tokenizer else "",
            )
            for event in events:
                if isinstance(event, Asking):
                    show(event)
                elif isinstance(event, Costs):
                    say_costs(event)
                else:
                    made = event
    except KeyboardInterrupt:
        say("停下了；问过的都存着，再运行一次就接着做。")
        raise typer.Exit(130) from None
    assert made is not None
    _finish(output, made.manifest, made.notes, json_)


def _check_paths(paths: "Sequence[Path]") -> None:
    """Raises NotFound where one is not there, which is seen before the first file is given out."""
    from shishen.stages.read import find_files

    next(find_files(paths), None)


def _finish(output: Path, manifest: "Manifest", notes: "tuple[str, ...]", json_: bool) -> None:
    """Say what there is."""
    if json_:
        print_json(manifest)
    counts = manifest.examples
    say(
        f"{output}：训练 {counts['train']:,} 条，验证 {counts['dev']:,} 条，测试 {counts['test']:,} 条；"
        f"剔除 {sum(manifest.left_out.values()):,} 条。数据卡：{output / 'card.html'}"
    )
    for note in notes:
        say(note)


def _counter(tokenizer: Path | None) -> "Callable[[Example], int] | None":
    if tokenizer is None:
        return None
    from shishen.local_models.chat_template import encode
    from shishen.local_models.folder import ModelFolder
    from shishen.local_models.loading import load_tokenizer
    from shishen.local_models.trained_model import model_at

    is_run = (tokenizer / "run.json").is_file()
    loaded = load_tokenizer(model_at(tokenizer) if is_run else ModelFolder(base=str(tokenizer)))
    return lambda example: sum(len(sequence.ids) for sequence in encode(loaded, example.messages))


@dataset_app.command("kinds")
def list_kinds(json_: Json = False) -> None:
    """列出对话的种类。"""
    from shishen.domains.cooking.dialogues.writing import KINDS

    if json_:
        print_json([{"name": name, "purpose": purpose} for name, purpose in KINDS.items()])
        return
    for name, purpose in KINDS.items():
        print(f"{name:<15} {purpose}")


@dataset_app.command("formats")
def list_formats(json_: Json = False) -> None:
    """列出能读能写的数据格式。"""
    from shishen.training.formats import formats

    if json_:
        print_json([{"name": found.name, "purpose": found.purpose} for found in formats().values()])
        return
    for found in formats().values():
        print(f"{found.name:<18} {found.purpose}")


@dataset_app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="数据文件，或数据集文件夹。", metavar="SOURCE")],
    target: Annotated[Path, typer.Argument(help="写到哪个文件或文件夹。", metavar="TARGET")],
    to: Annotated[str, typer.Option("--to", help="要的格式；都有哪些见 shishen dataset formats。")],
    from_: Annotated[str | None, typer.Option("--from", help="原来的格式；不写就自己看。")] = None,
    json_: Json = False,
) -> None:
    """把训练数据换成别的程序读的格式。

    例：shishen dataset convert 数据集/ llama-factory/ --to sharegpt
    """
    from shishen.training.formats.conversion import convert as convert_files

    done = convert_files(source, target, to, from_)
    if json_:
        print_json({"files": [str(path) for path in done.files], "written": done.written, "rejected": done.rejected})
    for one in done.first_rejected:
        say(f"{one.path} 第 {one.line} 条：{one.reason}")
    say(f"写了 {done.written:,} 段对话到 {'、'.join(map(str, done.files))}；{done.rejected:,} 条用不了。")


@dataset_app.command()
def inspect(
    source: Annotated[Path, typer.Argument(help="数据集文件夹，或数据文件。", metavar="DATASET")],
    model: Annotated[str, typer.Option("--model", help="训练或模型的文件夹：用它的分词器和对话模板。")],
    template: Annotated[str | None, typer.Option(help="对话模板：名字或 .jinja 文件；不写用模型自己的。")] = None,
    served: Annotated[
        Path | None, typer.Option("--served", help="部署时用的对话模板（.jinja），看看是不是一样。")
    ] = None,
    longest: Annotated[int, typer.Option(help="训练时一条最多多少词元（batch.longest）。", min=8)] = 2048,
    show: Annotated[int, typer.Option(help="显示几段对话。", min=0, max=100)] = 3,
    json_: Json = False,
) -> None:
    """看训练学的是什么：每个词元学不学，一目了然；有毛病就说出来（退出码 2）。

    例：shishen dataset inspect 数据集/ --model 模型/
    """
    from shishen.local_models.loading import load_tokenizer
    from shishen.local_models.trained_model import model_at
    from shishen.training.doctor import facts_of
    from shishen.training.doctor import inspect as look
    from shishen.training.preparing import examples_of

    if not source.exists():
        raise NotFound(f"没有 {source} 这个文件或文件夹；请检查路径。")
    served_text = _template_text(served) if served is not None else None
    tokenizer = load_tokenizer(model_at(model), template=template)
    found = look(
        examples_of([str(source)], "train"), tokenizer, served_template=served_text, longest=longest, show=show
    )
    facts = facts_of(found)
    if json_:
        print_json(facts)
    else:
        _show_tokens(found.shown)
        lengths = "，".join(f"{share} 不超过 {length}" for share, length in facts["lengths"].items())
        print(f"{found.examples:,} 段对话，{found.tokens:,} 个词元，要学的 {found.learned:,} 个；长度：{lengths}")
    for finding in found.findings:
        say(f"{'✗' if finding.refused else '–'} {finding.words}")
    if any(finding.refused for finding in found.findings):
        raise typer.Exit(2)
    say("✓ 可以训练。")


def _template_text(path: Path) -> str:
    if not path.is_file():
        raise NotFound(f"没有 {path} 这个文件；请检查路径。")
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UnreadableFile(f"读不了 {path}（{reason_of(error)}）；请检查权限。") from error
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path} 不是 UTF-8 的文本；请给出对话模板（.jinja）。") from error


def _show_tokens(shown: "Sequence[Sequence[Token]]") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if console.no_color or console.color_system is None:
        _print_marked(shown)
        return
    if shown:
        console.print(Text.assemble(("要学的", "bold green"), "　", ("不学的", "dim"), "　｜ 是词元的边界"))
    for row in shown:
        text = Text()
        for token in row:
            text.append(token.text.replace("\n", "↵\n"), style="bold green" if token.learned else "dim")
            text.append("｜", style="dim")
        console.print(text)
        console.print()


def _print_marked(shown: "Sequence[Sequence[Token]]") -> None:
    """The same without colours, as a file or a pager takes it."""
    from shishen.training.doctor import marked

    if shown:
        print("⟦要学的⟧　不学的　｜ 是词元的边界")
    for row in shown:
        print(marked(row), end="\n\n")


@contextmanager
def _progress() -> "Iterator[Callable[[Building | Asking], None]]":
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from shishen.stages.questions import Asking

    columns = (SpinnerColumn(), TextColumn("{task.description}　{task.fields[words]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("写对话", words="")

        def show(event: "Building | Asking") -> None:
            if isinstance(event, Asking):
                words = f"{event.documents:,} 份文件，{event.passages:,} 段，{event.examples:,} 对"
            else:
                speed = event.recipes / max(bar.tasks[0].elapsed or 0.001, 0.001)
                words = f"{event.recipes:,} 份菜谱，{event.examples:,} 条"
                words += f"　{speed:,.0f} 份/秒" if event.doing == "写对话" else ""
            bar.update(task, description=event.doing, words=words)

        yield show
