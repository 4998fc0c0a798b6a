"""Dataset: recipes → dialogues that are grounded, filtered, split without a leak → a dataset folder with its card.

    shishen dataset build --output 数据集/

    recipes ──parts, in processes──▶ examples ──near-equal dishes, titles──▶ split ──duplicates, benchmarks──▶ files

Nothing grows with the corpus but a few numbers a recipe. Stopped anywhere, the same call goes on after the last whole
part; the same recipes and options give the same bytes, however many processes work.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from shishen.domains.cooking.dialogues.overview import Overview
from shishen.domains.cooking.dialogues.templates import load_templates
from shishen.domains.cooking.dialogues.writing import KINDS, LIBRARY_KINDS, of_library
from shishen.errors import BadSettings, ShishenError
from shishen.examples import SPLITS, Example, Split
from shishen.file_lock import locked
from shishen.protocols import Teacher
from shishen.records import Rejected
from shishen.stages.paraphrase import REASONS as WORDING_REASONS
from shishen.stages.paraphrase import Wordings, estimate, paraphrased
from shishen.stages.structure import Costs
from shishen.training.dataset.folder import (
    MANIFEST,
    REJECTED,
    WORK,
    Manifest,
    SplitWriter,
    clear_work,
    read_manifest,
    write_manifest,
)
from shishen.training.dataset.parts import LeftOut, PartOptions, Source, left_out_of
from shishen.training.dataset.work import Work

if TYPE_CHECKING:
    from shishen.training.quality.contamination import Hit
    from shishen.training.quality.split import SplitResult


class BuildOptions(Struct, frozen=True, kw_only=True):
    """How a dataset is built. `library_count`: examples a kind that speaks of the whole library.

    `likeness`: from which share of common text two dishes are near-equal. `benchmarks`: files whose questions must
    not be in the data. `shard`: examples a file, 0 for one file. `workers`: processes, 0 for one a core. `paraphrase`:
    other wordings of a question by a teacher, for training alone.
    """

    part: PartOptions
    dev_ratio: float = 0.05
    dev_count: int | None = None
    test_ratio: float = 0.05
    test_count: int | None = None
    withheld: float = 0.1
    library_count: int = 200
    likeness: float | None = None
    benchmarks: tuple[str, ...] = ()
    system: str = ""
    shard: int = 0
    workers: int = 0
    paraphrase: int = 0


class Building(Struct, frozen=True, kw_only=True):
    """How far it is: what is being done, recipes read, examples made."""

    doing: str
    recipes: int
    examples: int


class Built(Struct, frozen=True, kw_only=True):
    """What came of it."""

    folder: Path
    manifest: Manifest
    notes: tuple[str, ...]


def build(
    sources: Callable[[], Iterable[Source]],
    names: tuple[str, ...],
    output: Path,
    options: BuildOptions,
    *,
    fingerprint: str,
    force: bool = False,
    count_tokens: Callable[[Example], int] | None = None,
    tokenizer: str = "",
    teacher: Teacher | None = None,
) -> Iterator[Building | Costs | Built]:
    """Build a dataset of what `sources()` gives, whose `names` and `fingerprint` say what it is.

    Raises ShishenError where the output is a dataset already and `force` is not set, no recipe or no example is
    found, or the disk is full.
    """
    _check(options)
    if options.paraphrase and teacher:
        # One who can do nothing says so before any recipe is read.
        teacher.estimate(())
    if (output / MANIFEST).exists() and not force:
        raise ShishenError(f"{output} 里已经有一个数据集；换一个 --output，或加上 --force 重做。")
    others = [path for path in output.glob("*") if not path.name.startswith(".")]
    if others and not (output / MANIFEST).exists() and not (output / WORK).exists():
        raise ShishenError(f"{output} 里有别的东西；请换一个空的文件夹。")
    try:
        output.mkdir(parents=True, exist_ok=True)
        with locked(output / ".lock", f"另一个进程正在写 {output}；请等它做完，或换一个 --output。"):
            yield from _build(sources, names, output, options, fingerprint, count_tokens, tokenizer, teacher)
    except OSError as error:
        raise ShishenError(
            f"写不了 {output}（{error.strerror}）；请看看磁盘空间和权限，再运行一次会接着做。"
        ) from error


def _check(options: BuildOptions) -> None:
    faults = [f"没有「{kind}」这种对话" for kind in options.part.kinds if kind not in KINDS]
    if not options.part.kinds:
        faults.append("没有说要哪几种对话")
    if options.part.phrasings < 1:
        faults.append("每种问题至少要一种说法（--phrasings 1）")
    if faults:
        raise BadSettings("；".join(faults) + f"。可选的种类：{'、'.join(KINDS)}。")
    if options.part.templates:
        load_templates(Path(options.part.templates))


def _build(
    sources: Callable[[], Iterable[Source]],
    names: tuple[str, ...],
    output: Path,
    options: BuildOptions,
    fingerprint: str,
    count_tokens: Callable[[Example], int] | None,
    tokenizer: str,
    teacher: Teacher | None,
) -> Iterator[Building | Costs | Built]:
    from shishen.training.card.page import write_card
    from shishen.training.card.tally import Benchmarks, Documents, Overlap, Tally
    from shishen.training.quality.clusters import THRESHOLD, cluster
    from shishen.training.quality.duplicates import Duplicates
    from shishen.training.quality.filters import REASONS
    from shishen.training.quality.minhash import Signatures

    work = Work(output / WORK, fingerprint, options.part)
    yield from _made(work, sources, options.workers)
    if not work.documents:
        why = next(work.left_out(), None)
        raise ShishenError(
            f"没有读到一份菜谱{f'（{why.path}：{why.reason}）' if why else ''}；请换文件，或先 shishen add。"
        )
    yield Building(doing="找相近的菜", recipes=work.documents, examples=work.examples)
    with Signatures(work.path) as signatures:
        clusters = cluster(signatures, options.likeness or THRESHOLD)
    titles = work.titles()
    result = _split(clusters, titles, options)
    seen = Duplicates()
    tally = Tally(count_tokens)
    benchmarks = _Benchmarks(options.benchmarks)
    yield Building(doing="写文件", recipes=work.documents, examples=work.examples)
    with ExitStack() as stack:
        writer = SplitWriter(work.path, output, options.shard)
        stack.callback(writer.close)
        rejected = stack.enter_context((work.path / REJECTED).open("wb"))

        def leave_out(one: LeftOut) -> None:
            tally.reject(one.key)
            rejected.write(msgspec.json.encode(one) + b"\n")

        for one in work.left_out():
            leave_out(one)
        kinds: Counter[str] = Counter()
        stream = _in_splits(work, clusters, result, options, leave_out)
        if options.paraphrase and teacher:
            again = _in_splits(work, clusters, result, options, lambda _: None)
            wordings = Wordings(load_templates(Path(options.part.templates) if options.part.templates else None))
            cost = estimate(again, teacher, options.paraphrase, wordings)
            if cost and cost.requests:
                yield Costs(cost, paid=False)
            stream = paraphrased(stream, teacher, options.paraphrase, wordings, leave_out)
        for n, (example, split, hit) in enumerate(benchmarks.checked(stream)):
            if n % 20_000 == 0 and n:
                yield Building(doing="写文件", recipes=work.documents, examples=n)
            if hit:
                leave_out(left_out_of(example, None, "benchmark", hit.words))
                continue
            before = seen.see(example)
            if before == "duplicate":
                tally.reject("duplicate")
            elif before == "other_answer" and split != "train" and example.kind in LIBRARY_KINDS:
                # 推荐三道素菜 may be asked of any library: what was asked in training is not asked in the test.
                leave_out(left_out_of(example, None, "asked", _REASONS["asked"]))
            else:
                writer.write(example, split)
                tally.take(example, split)
                kinds[example.kind] += 1
        if not writer.counts["train"]:
            raise ShishenError(f"没有一条对话可以用来训练；剔除的原因见 {work.path / REJECTED}。")
        if teacher and (spent := teacher.spent()) and spent.requests:
            yield Costs(spent, paid=True)
        rejected.close()
        files, digest = writer.finish()
    (work.path / REJECTED).replace(output / REJECTED)
    sizes = Counter(Counter(clusters.tolist()).values())
    documents = Documents(
        train=result.train,
        dev=result.dev,
        test=result.test,
        withheld=result.withheld,
        clusters=sum(sizes.values()),
        clustered=sum(size * count for size, count in sizes.items() if size > 1),
        largest=max(sizes),
        titles=len(set(titles.tolist())),
    )
    card = tally.card(
        output.resolve().name,
        tokenizer=tokenizer,
        duplicates=seen.duplicates,
        other_answers=seen.other_answers,
        documents=documents,
        benchmarks=Benchmarks(
            files=len({question.path for question in benchmarks.questions}),
            questions=len(benchmarks.questions),
            unchecked=benchmarks.unchecked,
            hits=len(benchmarks.hits),
            overlaps=tuple(
                Overlap(f"{Path(hit.question.path).name} 第 {hit.question.row} 题", hit.question.text, hit.text)
                for hit in benchmarks.hits[:20]
            ),
        )
        if options.benchmarks
        else None,
        settings=_in_words(options, names),
        notes=result.notes,
    )
    write_card(card, output, KINDS, {**REASONS, **_REASONS, **WORDING_REASONS})
    manifest = Manifest(
        files=files,
        examples=writer.counts,
        documents={"train": result.train, "dev": result.dev, "test": result.test, "withheld": result.withheld},
        kinds=dict(kinds),
        left_out=card.rejected,
        fingerprint=digest,
        options=msgspec.Raw(msgspec.json.encode(options)),
        sources=names,
    )
    write_manifest(output, manifest)
    clear_work(output)
    yield Built(folder=output, manifest=read_manifest(output), notes=result.notes)


def _made(work: Work, sources: Callable[[], Iterable[Source]], workers: int) -> Iterator[Building]:
    for _ in work.make(sources(), workers):
        yield Building(doing="写对话", recipes=work.documents, examples=work.examples)


_REASONS = {
    "unreadable": "读不了的菜谱",
    "grounding": "回答和菜谱对不上",
    "duplicate": "和前面的一字不差",
    "asked": "训练里问过一样的话",
    "benchmark": "和评测题重合",
    "withheld": "和验证、测试的菜太近，哪边都不放",
}


def _split(clusters: Any, titles: Any, options: BuildOptions) -> "SplitResult":
    from shishen.training.quality.split import SplitOptions, split

    chosen: SplitOptions = SplitOptions(
        dev_count=options.dev_count,
        test_count=options.test_count,
        dev_ratio=options.dev_ratio,
        test_ratio=options.test_ratio,
        withheld=options.withheld,
        seed=options.part.seed,
    )
    return split(clusters, titles, chosen)


def _in_splits(
    work: Work, clusters: Any, result: "SplitResult", options: BuildOptions, leave_out: Callable[[LeftOut], None]
) -> Iterator[tuple[Example, Split]]:
    """Every example with its split: those of each dish in order, then those of the whole library, a split at a time."""
    from msgspec.structs import replace

    from shishen.training.quality.split import WITHHELD

    for document, example in work.made():
        part = int(result.assignment[document])
        if part == WITHHELD:
            leave_out(left_out_of(example, None, "withheld", _REASONS["withheld"]))
        else:
            placed = replace(example, cluster=f"c{int(clusters[document])}")
            yield _with_system(placed, options.system), SPLITS[part]  # type: ignore[misc]
    if not options.part.keeps_recipes:
        return
    yield from _of_library(work, result, options, leave_out)


def _of_library(
    work: Work, result: "SplitResult", options: BuildOptions, leave_out: Callable[[LeftOut], None]
) -> Iterator[tuple[Example, Split]]:
    """Examples that speak of several dishes: those of a split are of its own dishes only.

    What is nowhere in the library is asked for in one split alone as well.
    """
    from shishen.training.quality.filters import fault

    overviews = [Overview() for _ in SPLITS]
    everything = Overview(0)
    for document, recipe in work.recipes():
        everything.add(recipe)
        part = int(result.assignment[document])
        if part < len(overviews):
            overviews[part].add(recipe)
    templates = load_templates(Path(options.part.templates) if options.part.templates else None)
    shares = [max(0, n) for n in (result.train, result.dev, result.test)]
    for part, (split, overview) in enumerate(zip(SPLITS, overviews, strict=True)):
        if not overview.seen_count:
            continue
        overview.unseen = everything.unseen.share(part, shares)
        count = max(1, round(options.library_count * shares[part] / max(1, shares[0])))
        for found in of_library(overview, options.part.kinds, options.part.seed, count, templates):
            if isinstance(found, Rejected):
                leave_out(LeftOut(key="grounding", path=found.path, reason=found.reason))
            elif reason := fault(found, options.part.filters):
                leave_out(left_out_of(found, None, reason.key, reason.words))
            else:
                yield _with_system(found, options.system), split  # type: ignore[misc]


def _with_system(example: Example, system: str) -> Example:
    from msgspec.structs import replace

    from shishen.records import Message

    return replace(example, messages=(Message("system", system), *example.messages)) if system else example


def _in_words(options: BuildOptions, names: tuple[str, ...]) -> dict[str, str]:
    return {
        "来源": "、".join(names[:5]) + (" …" if len(names) > 5 else ""),
        "种类": "、".join(options.part.kinds),
        "每个问题的说法": str(options.part.phrasings),
        "另请模型换的说法": str(options.paraphrase),
        "种子": str(options.part.seed),
        "验证集": str(options.dev_count if options.dev_count is not None else f"{options.dev_ratio:.0%}"),
        "测试集": str(options.test_count if options.test_count is not None else f"{options.test_ratio:.0%}"),
    }


class _Benchmarks:
    """The check for questions of benchmarks; lets everything pass where there are none."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.hits: list[Hit] = []
        self._check: Any = None
        self.questions: Any = ()
        self.unchecked = 0
        if paths:
            from shishen.training.quality.benchmarks import read_benchmarks
            from shishen.training.quality.contamination import Contamination

            self.questions = read_benchmarks([Path(path) for path in paths])
            self._check = Contamination(self.questions)
            self.unchecked = self._check.unchecked

    def checked(self, stream: Iterable[tuple[Example, Split]]) -> Iterator[tuple[Example, Split, "Hit | None"]]:
        """Every example with the question that it holds, or None."""
        if self._check is None:
            yield from ((example, split, None) for example, split in stream)
            return
        splits: deque[Split] = deque()

        def examples() -> Iterator[Example]:
            for example, split in stream:
                splits.append(split)
                yield example

        for example, hit in self._check.check(examples()):
            if hit:
                self.hits.append(hit)
            yield example, splits.popleft(), hit
