"""Dataset: recipes → dialogues that are grounded, filtered, split without a leak → a dataset folder with its card.

    shishen dataset build --output 数据集/

    recipes ──parts, in processes──▶ examples ──near-equal dishes, titles──▶ split ──duplicates, benchmarks──▶ files

Nothing grows with the corpus but a few numbers a recipe. Stopped anywhere, the same call goes on after the last whole
part; the same recipes and options give the same bytes, however many processes work.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
from msgspec import Struct

from shishen.domains.cooking.dialogues.templates import load_templates
from shishen.domains.cooking.dialogues.writing import KINDS, LIBRARY_KINDS
from shishen.errors import BadSettings, ShishenError
from shishen.examples import Example, Split
from shishen.protocols import Teacher
from shishen.stages.paraphrase import REASONS as WORDING_REASONS
from shishen.stages.paraphrase import Wordings, estimate, paraphrased
from shishen.stages.structure import Costs
from shishen.training.card.page import write_card
from shishen.training.card.tally import Tally
from shishen.training.dataset.benchmark_check import BenchmarkCheck
from shishen.training.dataset.claim import claimed
from shishen.training.dataset.faults import named_together
from shishen.training.dataset.folder import (
    REJECTED,
    WORK,
    Manifest,
    SplitWriter,
    clear_work,
    read_manifest,
    write_formats,
    write_manifest,
)
from shishen.training.dataset.parts import LeftOut, PartOptions, Source, left_out_of
from shishen.training.dataset.placing import LibraryKinds, Placed, in_splits, left_out_near_duplicates, place
from shishen.training.dataset.reasons import RECIPE_REASONS
from shishen.training.dataset.work import Work
from shishen.training.formats import find_format
from shishen.training.quality.benchmarks import read_benchmarks
from shishen.training.quality.clusters import THRESHOLD
from shishen.training.quality.duplicates import Duplicates
from shishen.training.quality.split import SplitOptions
from shishen.training.quality.split import check as check_split


class BuildOptions(Struct, frozen=True, kw_only=True):
    """How a dataset is built. `library_count`: examples a kind that speaks of the whole library.

    `likeness`: from which share of common text two dishes are near-equal, and not split; of those of one name that
    say nearly the same only the first is kept, unless `keep_near_duplicates`. `benchmarks`: files whose questions must
    not be in the data. `shard`: examples a file, 0 for one file. `workers`: processes, 0 for one a core. `paraphrase`:
    other wordings of a question by a teacher, for training alone. `formats`: what else the splits are written in.
    """

    part: PartOptions
    dev_ratio: float = 0.05
    dev_count: int | None = None
    test_ratio: float = 0.05
    test_count: int | None = None
    withheld: float = 0.1
    library_count: int = 200
    likeness: float | None = None
    keep_near_duplicates: bool = False
    benchmarks: tuple[str, ...] = ()
    system: str = ""
    shard: int = 0
    workers: int = 0
    paraphrase: int = 0
    formats: tuple[str, ...] = ()

    @property
    def split(self) -> SplitOptions:
        """How the documents are to be split."""
        return SplitOptions(
            dev_count=self.dev_count,
            test_count=self.test_count,
            dev_ratio=self.dev_ratio,
            test_ratio=self.test_ratio,
            withheld=self.withheld,
            seed=self.part.seed,
        )


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


def check_options(options: BuildOptions) -> None:
    """Raises ShishenError with all that is wrong, and cannot be seen from a number alone: kinds, files, formats."""
    named_together(
        lambda: _check_kinds(options.part),
        lambda: options.part.templates and load_templates(Path(options.part.templates)),
        lambda: check_split(options.split),
        *(lambda path=path: read_benchmarks([Path(path)]) for path in options.benchmarks),
        *(lambda name=name: find_format(name) for name in options.formats),
    )


def _check_kinds(part: PartOptions) -> None:
    faults = [f"没有「{kind}」这种对话" for kind in part.kinds if kind not in KINDS]
    if not part.kinds:
        faults.append("没有说要哪几种对话")
    if faults:
        raise BadSettings("；".join(faults) + f"（可选的种类：{'、'.join(KINDS)}）。")
    if part.phrasings < 1:
        raise BadSettings("每种问题至少要一种说法（--phrasings 1）。")


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

    Raises ShishenError where the options are wrong, the output is a dataset already and `force` is not set, no recipe
    or no example is found, or the disk is full; Busy where another run writes there.
    """
    check_options(options)
    if options.paraphrase and teacher:
        # One who can do nothing says so before any recipe is read.
        teacher.estimate(())
    with claimed(output, force=force):
        work = Work(output / WORK, fingerprint, options.part)
        yield from _made(work, sources, options.workers)
        yield Building(doing="找相近的菜", recipes=work.documents, examples=work.examples)
        placed = place(
            work, options.likeness or THRESHOLD, options.split, keep_near_duplicates=options.keep_near_duplicates
        )
        writing = _Writing(work, placed, options, output, Tally(count_tokens), teacher)
        yield from writing.write()
        (work.path / REJECTED).replace(output / REJECTED)
        manifest = _describe(writing, names, tokenizer)
        write_formats(output, options.formats)
        write_manifest(output, manifest)
        clear_work(output)
        yield Built(folder=output, manifest=read_manifest(output), notes=placed.result.notes)


def _made(work: Work, sources: Callable[[], Iterable[Source]], workers: int) -> Iterator[Building]:
    for _ in work.make(sources(), workers):
        yield Building(doing="写对话", recipes=work.documents, examples=work.examples)
    if not work.documents:
        why = next(work.left_out(), None)
        raise ShishenError(f"没有读到一份菜谱{_because(why)}；请换文件，或先 shishen add。")


def _because(why: LeftOut | None) -> str:
    if why is None:
        return ""
    reason = why.reason.rstrip("。")
    # Many reasons begin with the path themselves.
    return f"（{reason}）" if why.path in reason else f"（{why.path}：{reason}）"


class _Writing:
    """The examples on their way into the files of their splits, and what is counted on the way."""

    def __init__(
        self,
        work: Work,
        placed: Placed,
        options: BuildOptions,
        output: Path,
        tally: Tally,
        teacher: Teacher | None,
    ) -> None:
        self.work, self.placed, self.options, self.output, self.tally = work, placed, options, output, tally
        self.benchmarks = BenchmarkCheck(options.benchmarks)
        self.seen = Duplicates()
        self.kinds: Counter[str] = Counter()
        self.examples: dict[str, int] = {}
        self.files: dict[str, list[str]] = {}
        self.fingerprint = ""
        self._teacher = teacher if options.paraphrase else None

    def write(self) -> Iterator[Building | Costs]:
        """Write everything that is kept, and what is left out with its reason; the splits are in place at the end."""
        yield self._at(self.work.examples)
        with ExitStack() as stack:
            writer = SplitWriter(self.work.path, self.output, self.options.shard)
            stack.callback(writer.close)
            rejected = stack.enter_context((self.work.path / REJECTED).open("wb"))

            def leave_out(one: LeftOut) -> None:
                self.tally.reject(one.key)
                rejected.write(msgspec.json.encode(one) + b"\n")

            for one in self.work.left_out():
                leave_out(one)
            for one in left_out_near_duplicates(self.work, self.placed):
                leave_out(one)
            yield from self._estimate()
            for n, (example, split) in enumerate(self._kept(leave_out)):
                if n % 20_000 == 0 and n:
                    yield self._at(n)
                writer.write(example, split)
                self.tally.take(example, split)
                self.kinds[example.kind] += 1
            if not writer.counts["train"]:
                raise ShishenError(f"没有一条对话可以用来训练；剔除的原因见 {self.work.path / REJECTED}。")
            if self._teacher and (spent := self._teacher.spent()) and spent.requests:
                yield Costs(spent, paid=True)
            rejected.close()
            self.files, self.fingerprint = writer.finish()
            self.examples = writer.counts

    def _at(self, examples: int) -> Building:
        return Building(doing="写文件", recipes=self.work.documents, examples=examples)

    def _stream(self, leave_out: Callable[[LeftOut], None]) -> Iterator[tuple[Example, Split]]:
        library = LibraryKinds(self.options.library_count, self.options.part)
        return in_splits(self.work, self.placed, library, self.options.system, leave_out)

    def _wordings(self) -> Wordings:
        templates = self.options.part.templates
        return Wordings(load_templates(Path(templates) if templates else None))

    def _estimate(self) -> Iterator[Costs]:
        """What other wordings will cost, about."""
        if self._teacher:
            again = self._stream(lambda _: None)
            cost = estimate(again, self._teacher, self.options.paraphrase, self._wordings())
            if cost and cost.requests:
                yield Costs(cost, paid=False)

    def _kept(self, leave_out: Callable[[LeftOut], None]) -> Iterator[tuple[Example, Split]]:
        """Every example but duplicates, questions of benchmarks, and what is asked in a test as it was in training."""
        stream = self._stream(leave_out)
        if self._teacher:
            stream = paraphrased(stream, self._teacher, self.options.paraphrase, self._wordings(), leave_out)
        for example, split, hit in self.benchmarks.checked(stream):
            if hit:
                leave_out(left_out_of(example, None, "benchmark", hit.words))
                continue
            before = self.seen.see(example)
            if before == "duplicate":
                self.tally.reject("duplicate")
            elif before == "other_answer" and split != "train" and example.kind in LIBRARY_KINDS:
                # 推荐三道素菜 may be asked of any library: what was asked in training is not asked in the test.
                leave_out(left_out_of(example, None, "asked", RECIPE_REASONS["asked"]))
            else:
                yield example, split


def _describe(writing: _Writing, names: tuple[str, ...], tokenizer: str) -> Manifest:
    """Write the card, and say what the dataset holds."""
    result, options = writing.placed.result, writing.options
    card = writing.tally.card(
        writing.output.resolve().name,
        tokenizer=tokenizer,
        duplicates=writing.seen.duplicates,
        other_answers=writing.seen.other_answers,
        documents=writing.placed.documents,
        benchmarks=writing.benchmarks.for_card(),
        settings=_in_words(options, names),
        notes=result.notes,
    )
    write_card(card, writing.output, KINDS, {**RECIPE_REASONS, **WORDING_REASONS})
    return Manifest(
        files=writing.files,
        examples=writing.examples,
        documents={"train": result.train, "dev": result.dev, "test": result.test, "withheld": result.withheld},
        kinds=dict(writing.kinds),
        left_out=card.rejected,
        fingerprint=writing.fingerprint,
        options=msgspec.Raw(msgspec.json.encode(options)),
        sources=names,
    )


def _in_words(options: BuildOptions, names: tuple[str, ...]) -> dict[str, str]:
    return {
        "来源": "、".join(names[:5]) + (" …" if len(names) > 5 else ""),
        "种类": "、".join(options.part.kinds),
        "每个问题的说法": str(options.part.phrasings),
        "另请模型换的说法": str(options.paraphrase),
        "几乎一样的同名菜": "都留着" if options.keep_near_duplicates else "只留第一份",
        "种子": str(options.part.seed),
        "验证集": str(options.dev_count if options.dev_count is not None else f"{options.dev_ratio:.0%}"),
        "测试集": str(options.test_count if options.test_count is not None else f"{options.test_ratio:.0%}"),
    }
