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
from shishen.training.dataset.folder import (
    MANIFEST,
    REJECTED,
    WORK,
    Manifest,
    SplitWriter,
    clear_work,
    write_manifest,
)
from shishen.training.dataset.parts import LeftOut, left_out_of
from shishen.training.documents.asking import KIND, Document, Enough, Kept, ask, lessons_of
from shishen.training.documents.near_questions import NearQuestions
from shishen.training.documents.passages import SIZE, DocumentPassage, passages_of
from shishen.training.quality.clusters import THRESHOLD, cluster
from shishen.training.quality.filters import REASONS, Filters
from shishen.training.quality.minhash import Signatures
from shishen.training.quality.split import WITHHELD, SplitOptions, SplitResult, split

PASSAGES = "passages.jsonl"
_EXAMPLES = "examples.jsonl"
# What `dataset build` keeps while it is under way (training/dataset/work.py).
_OF_A_BUILD = "identity"
# Documents are asked about together, so that short ones keep every place at the server busy.
_TOGETHER, _PASSAGES_TOGETHER = 64, 2000
_MOST_NOTES = 20
_REASONS = {
    "unreadable": "读不了的文件或页",
    "unanswered": "模型没有答成",
    "quote": "原文里没有所引的话",
    "number": "回答里有原文没有的数",
    "ungrounded": "回答的字句不出自原文",
    "near_question": "和前面的问题几乎一样",
    "withheld": "和验证、测试的段落太近，哪边都不放",
}
NAMES: Mapping[str, str] = {**REASONS, **_REASONS}


class QuestionsOptions(Struct, frozen=True, kw_only=True):
    """How documents are asked about: `count` pairs of each, passages of `size` characters; the split is of passages."""

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

    Raises ShishenError where the output is a dataset already and `force` is not set, nothing can be read, nothing
    holds, the teacher cannot go on, or the disk is full.
    """
    # One who can do nothing says so before any file is read.
    teacher.estimate(())
    if (output / MANIFEST).exists() and not force:
        raise ShishenError(f"{output} 里已经有一个数据集；换一个 --output，或加上 --force 重做。")
    if output.exists() and not (output / MANIFEST).exists() and not (output / WORK).exists() and any(output.iterdir()):
        raise ShishenError(f"{output} 里有别的东西；请换一个空的文件夹。")
    if (output / WORK / _OF_A_BUILD).exists():
        raise ShishenError(f"{output} 里有没做完的 dataset build；请接着做完它，或换一个 --output。")
    try:
        clear_work(output)
        (output / WORK).mkdir(parents=True)
        run = _Run(output, options)
        inside = output.resolve()
        files = (one for one in candidates if inside not in one.path.resolve().parents)
        yield from run.read(files, readers, limits, workshop)
        yield from run.ask(teacher)
        yield from run.write(names, count_tokens, tokenizer)
    except OSError as error:
        raise ShishenError(
            f"写不了 {output}（{error.strerror}）；请看看磁盘空间和权限，再运行一次会接着做。"
        ) from error


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
        seen = NearQuestions()
        first = 0
        with (self._work / _EXAMPLES).open("wb") as stream, (self._work / REJECTED).open("ab") as rejected:
            for documents in _batches(self._read_documents()):
                starts = [first]
                for document in documents:
                    starts.append(starts[-1] + len(document.passages))
                for found in ask(documents, options.count, teacher, seen, options.filters, options.system):
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
        reasons = "、".join(f"{NAMES.get(key, key)} {count}" for key, count in done.reasons.most_common())
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
                    self._leave_out(left_out_of(row.example, None, "withheld", _REASONS["withheld"]), rejected)
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
        card = tally.card(self._output.resolve().name, tokenizer=tokenizer, settings=settings, notes=notes)
        write_card(card, self._output, {KIND: "文件问答"}, NAMES)
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
        options = self._options
        chosen = SplitOptions(
            dev_count=options.dev_count,
            test_count=options.test_count,
            dev_ratio=options.dev_ratio,
            test_ratio=options.test_ratio,
            seed=options.seed,
        )
        # A passage has no title that another could share.
        return clusters.tolist(), split(clusters, numpy.arange(len(used)), chosen)

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
            "、".join(f"{NAMES.get(key, key)} {count}" for key, count in self._left_out.most_common()) or "模型没有写"
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
