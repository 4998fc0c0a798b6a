"""Questions: documents of any kind → questions with answers that stand in them → a dataset folder with its card.

    shishen dataset questions 员工手册.pdf --count 50 --output 问答/

    files ──reading order──▶ passages ──teacher──▶ pairs ──quote, numbers, duplicates──▶ clusters of passages ──▶ split

Passages are kept beside the dataset (`passages.jsonl`), so that every answer's place can be looked up. A run that was
stopped reads the files again and finds what the model has answered in the teacher's own cache.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from shishen.errors import ShishenError
from shishen.examples import SPLITS, Example
from shishen.protocols import Reader, Teacher
from shishen.records import Rejected
from shishen.source_file import Limits
from shishen.stages.document import PageLines, read_document
from shishen.stages.read import Candidate
from shishen.stages.structure import Costs, Workshop
from shishen.training.card.page import write_card
from shishen.training.card.tally import Tally
from shishen.training.dataset.benchmark_check import BenchmarkCheck
from shishen.training.dataset.claim import claimed
from shishen.training.dataset.faults import named_together
from shishen.training.dataset.folder import (
    PASSAGES,
    REJECTED,
    WORK,
    Manifest,
    SplitWriter,
    clear_work,
    write_formats,
    write_manifest,
)
from shishen.training.dataset.parts import LeftOut, left_out_of
from shishen.training.dataset.reasons import DOCUMENT_REASONS
from shishen.training.dataset.work import IDENTITY
from shishen.training.documents.asking import KIND, Checks, Document, Enough, Kept, ask, lessons_of
from shishen.training.documents.near_questions import NearQuestions
from shishen.training.documents.passages import SIZE, DocumentPassage, passages_of
from shishen.training.formats import find_format
from shishen.training.quality.benchmarks import read_benchmarks
from shishen.training.quality.clusters import THRESHOLD, cluster
from shishen.training.quality.filters import Filters
from shishen.training.quality.minhash import Signatures
from shishen.training.quality.split import WITHHELD, SplitOptions, SplitResult, split
from shishen.training.quality.split import check as check_split

_EXAMPLES = "examples.jsonl"
# Documents are asked about together, so that short ones keep every place at the server busy.
_TOGETHER, _PASSAGES_TOGETHER = 64, 2000
_MOST_NOTES = 20


class QuestionsOptions(Struct, frozen=True, kw_only=True):
    """How documents are asked about: `count` pairs of each, passages of `size` characters; the split is of passages.

    `benchmarks`: files whose questions must not be in the data; `formats`: what else the splits are written in.
    """

    count: Annotated[int, Meta(ge=1)] = 20
    size: Annotated[int, Meta(ge=100)] = SIZE
    dev_ratio: float = 0.05
    dev_count: int | None = None
    test_ratio: float = 0.05
    test_count: int | None = None
    seed: int = 0
    system: str = ""
    shard: int = 0
    filters: Filters = Filters()
    benchmarks: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()

    @property
    def split(self) -> SplitOptions:
        """How the passages are to be split."""
        return SplitOptions(
            dev_count=self.dev_count,
            test_count=self.test_count,
            dev_ratio=self.dev_ratio,
            test_ratio=self.test_ratio,
            seed=self.seed,
        )


class Asking(Struct, frozen=True, kw_only=True):
    """How far it is: what is being done, documents and passages so far, examples kept."""

    doing: str
    documents: int
    passages: int
    examples: int = 0


class Asked(Struct, frozen=True, kw_only=True):
    """What came of it."""

    folder: Path
    manifest: Manifest
    notes: tuple[str, ...]


def check_options(options: QuestionsOptions) -> None:
    """Raises ShishenError with all that is wrong of the split, the benchmarks and the formats."""
    named_together(
        lambda: check_split(options.split),
        *(lambda path=path: read_benchmarks([Path(path)]) for path in options.benchmarks),
        *(lambda name=name: find_format(name) for name in options.formats),
    )


def questions(
    candidates: Iterable[Candidate],
    names: tuple[str, ...],
    readers: Mapping[str, Reader],
    limits: Limits,
    workshop: Workshop,
    teacher: Teacher,
    output: Path,
    options: QuestionsOptions,
    *,
    force: bool = False,
    count_tokens: Callable[[Example], int] | None = None,
    tokenizer: str = "",
) -> Iterator[Asking | Costs | Asked]:
    """Ask about every document and write the dataset; costs come before anything is sent, and at the end.

    Raises ShishenError where the options are wrong, the output is a dataset already and `force` is not set, nothing
    can be read, nothing holds, the teacher cannot go on, or the disk is full; Busy where another run writes there.
    """
    # One who can do nothing says so before any file is read.
    named_together(lambda: check_options(options), lambda: teacher.estimate(()))
    with claimed(output, force=force):
        if (output / WORK / IDENTITY).exists():
            raise ShishenError(f"{output} 里有没做完的 dataset build；请接着做完它，或换一个 --output。")
        clear_work(output)
        (output / WORK).mkdir(parents=True)
        run = _Run(output, options)
        inside = output.resolve()
        files = (one for one in candidates if inside not in one.path.resolve().parents)
        yield from run.read(files, readers, limits, workshop)
        yield from run.ask(teacher)
        yield from run.write(names, count_tokens, tokenizer)


class _Row(Struct, frozen=True, array_like=True):
    """An example with the number of its passage among all."""

    passage: int
    example: Example


class _Run:
    """One run and its working folder: passages first, then examples, then the dataset."""

    def __init__(self, output: Path, options: QuestionsOptions) -> None:
        self._output = output
        self._work = output / WORK
        self._options = options
        self._benchmarks = BenchmarkCheck(options.benchmarks)
        self._documents = self._passages = self._examples = 0
        self._left_out: Counter[str] = Counter()
        self._fewer: list[str] = []

    def _at(self, doing: str) -> Asking:
        return Asking(doing=doing, documents=self._documents, passages=self._passages, examples=self._examples)

    def read(
        self, files: Iterable[Candidate], readers: Mapping[str, Reader], limits: Limits, workshop: Workshop
    ) -> Iterator[Asking]:
        """The passages of every file, into the working folder. Raises ShishenError where there are none."""
        why = ""
        with (self._work / PASSAGES).open("wb") as stream, (self._work / REJECTED).open("wb") as rejected:
            for candidate in files:
                faults: list[Rejected] = []
                pages = _told(read_document(candidate, readers, limits, workshop), faults)
                before = self._passages
                for passage in passages_of(candidate.label, pages, self._options.size):
                    stream.write(msgspec.json.encode(passage) + b"\n")
                    self._passages += 1
                if self._passages > before:
                    self._documents += 1
                elif not faults and candidate.named:
                    faults.append(Rejected(path=candidate.label, reason=f"{candidate.label} 里没有可以问的文字"))
                for one in faults:
                    why = why or one.reason
                    self._leave_out(
                        LeftOut(key="unreadable", path=one.path, page=one.page, line=one.line, reason=one.reason),
                        rejected,
                    )
                yield self._at("读文件")
        if not self._passages:
            because = f"（{why.rstrip('。')}）" if why else ""
            raise ShishenError(f"没有读到可以问的文字{because}；请换一个文件。")

    def _leave_out(self, one: LeftOut, stream: BinaryIO) -> None:
        self._left_out[one.key] += 1
        stream.write(msgspec.json.encode(one) + b"\n")

    def _read_documents(self) -> Iterator[Document]:
        decode = msgspec.json.Decoder(DocumentPassage).decode
        with (self._work / PASSAGES).open("rb") as stream:
            for path, group in groupby(map(decode, stream), lambda passage: passage.path):
                yield Document(path, tuple(group))

    def ask(self, teacher: Teacher) -> Iterator[Asking | Costs]:
        """The examples of every document, into the working folder; what they cost, before and after."""
        options = self._options
        cost = teacher.estimate(lesson for one in self._read_documents() for lesson in lessons_of(one, options.count))
        if cost and cost.requests:
            yield Costs(cost, paid=False)
        checks = Checks(options.filters, NearQuestions(), self._benchmarks)
        first = 0
        with (self._work / _EXAMPLES).open("wb") as stream, (self._work / REJECTED).open("ab") as rejected:
            for documents in _batches(self._read_documents()):
                starts = [first]
                for document in documents:
                    starts.append(starts[-1] + len(document.passages))
                for found in ask(documents, options.count, teacher, checks, options.system):
                    if isinstance(found, LeftOut):
                        self._leave_out(found, rejected)
                    elif isinstance(found, Kept):
                        row = _Row(starts[found.document] + found.passage, found.example)
                        stream.write(msgspec.json.encode(row) + b"\n")
                        self._examples += 1
                    else:
                        self._note(documents[found.document], found)
                    yield self._at("问模型")
                first = starts[-1]
        spent = teacher.spent()
        if spent and spent.requests:
            yield Costs(spent, paid=True)

    def _note(self, document: Document, done: Enough) -> None:
        """A word on a document that gave fewer than were asked for."""
        if done.kept >= self._options.count:
            return
        reasons = "、".join(f"{DOCUMENT_REASONS.get(key, key)} {count}" for key, count in done.reasons.most_common())
        why = f"剔除的有：{reasons}" if reasons else "没有更多可以问的"
        self._fewer.append(
            f"{Path(document.path).name}（{len(document.passages)} 段）要 {self._options.count} 对，"
            f"只有 {done.kept} 对；{why}。"
        )

    def write(
        self, names: tuple[str, ...], count_tokens: Callable[[Example], int] | None, tokenizer: str
    ) -> Iterator[Asking | Asked]:
        """The dataset, out of what stands in the working folder; the manifest last."""
        yield self._at("写文件")
        decode = msgspec.json.Decoder(_Row).decode
        with (self._work / _EXAMPLES).open("rb") as stream:
            used = sorted({decode(line).passage for line in stream})
        if not used:
            raise ShishenError(f"没有一对问答留得下来（{self._in_words()}）；详见 {self._work / REJECTED}。")
        clusters, result = self._split(used)
        numbers = {passage: number for number, passage in enumerate(used)}
        tally = Tally(count_tokens)
        with ExitStack() as stack:
            writer = SplitWriter(self._work, self._output, self._options.shard)
            stack.callback(writer.close)
            rejected = stack.enter_context((self._work / REJECTED).open("ab"))
            for line in stack.enter_context((self._work / _EXAMPLES).open("rb")):
                row = decode(line)
                number = numbers[row.passage]
                part = int(result.assignment[number])
                if part == WITHHELD:
                    self._leave_out(left_out_of(row.example, None, "withheld", DOCUMENT_REASONS["withheld"]), rejected)
                    continue
                example = replace(row.example, cluster=f"c{used[clusters[number]]}")
                writer.write(example, SPLITS[part])
                tally.take(example, SPLITS[part])  # type: ignore[arg-type]
            rejected.close()
            files, digest = writer.finish()
        for name in (REJECTED, PASSAGES):
            (self._work / name).replace(self._output / name)
        for key, count in self._left_out.items():
            for _ in range(count):
                tally.reject(key)
        notes = self._notes(result)
        settings = self._settings(names)
        card = tally.card(
            self._output.resolve().name,
            tokenizer=tokenizer,
            benchmarks=self._benchmarks.for_card(),
            settings=settings,
            notes=notes,
        )
        write_card(card, self._output, {KIND: "文件问答"}, DOCUMENT_REASONS)
        manifest = Manifest(
            files=files,
            examples=writer.counts,
            documents={"train": result.train, "dev": result.dev, "test": result.test, "withheld": result.withheld},
            kinds={KIND: sum(writer.counts.values())},
            left_out=card.rejected,
            fingerprint=digest,
            options=msgspec.Raw(msgspec.json.encode(self._options)),
            sources=names,
        )
        write_formats(self._output, self._options.formats)
        write_manifest(self._output, manifest)
        clear_work(self._output)
        yield Asked(folder=self._output, manifest=manifest, notes=notes)

    def _split(self, used: list[int]) -> tuple[list[int], SplitResult]:
        """The cluster of each passage that gave examples, and the split that keeps near-equal ones together."""
        import numpy

        wanted = set(used)
        texts = (
            passage.text
            for number, passage in enumerate(p for one in self._read_documents() for p in one.passages)
            if number in wanted
        )
        with Signatures(self._work / "signatures") as signatures:
            signatures.add(texts)
            clusters = cluster(signatures, THRESHOLD)
        # A passage has no title that another could share.
        return clusters.tolist(), split(clusters, numpy.arange(len(used)), self._options.split)

    def _notes(self, result: SplitResult) -> tuple[str, ...]:
        notes = self._fewer[:_MOST_NOTES]
        if len(self._fewer) > _MOST_NOTES:
            notes.append(f"另有 {len(self._fewer) - _MOST_NOTES} 份文件也不够数。")
        if result.notes:
            count = result.train + result.dev + result.test + result.withheld
            notes.append(
                f"有问答的一共 {count} 段：验证集分到 {result.dev} 段，测试集分到 {result.test} 段，比要的少。"
            )
        return tuple(notes)

    def _in_words(self) -> str:
        return (
            "、".join(f"{DOCUMENT_REASONS.get(key, key)} {count}" for key, count in self._left_out.most_common())
            or "模型没有写"
        )

    def _settings(self, names: tuple[str, ...]) -> dict[str, str]:
        options = self._options
        return {
            "来源": "、".join(names[:5]) + (" …" if len(names) > 5 else ""),
            "文件": f"{self._documents:,} 份，{self._passages:,} 段（每段最多 {options.size:,} 字）",
            "每份文件要": f"{options.count:,} 对",
            "种子": str(options.seed),
            "验证集": str(options.dev_count if options.dev_count is not None else f"{options.dev_ratio:.0%}"),
            "测试集": str(options.test_count if options.test_count is not None else f"{options.test_ratio:.0%}"),
        }


def _told(pages: Iterable[PageLines | Rejected], faults: list[Rejected]) -> Iterator[PageLines]:
    """The pages; what could not be read is added to `faults`."""
    for page in pages:
        if isinstance(page, Rejected):
            faults.append(page)
        else:
            yield page


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Documents that are asked about together: some, of not too many passages."""
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) == _TOGETHER or sum(len(one.passages) for one in batch) >= _PASSAGES_TOGETHER:
            yield batch
            batch = []
    if batch:
        yield batch
