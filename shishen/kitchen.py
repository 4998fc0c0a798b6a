"""The kitchen: settings → live objects. The only place that joins the two, and the Python API.

from shishen import Kitchen

kitchen = Kitchen()
kitchen.add("我的菜谱/")
print(kitchen.ask("可乐鸡翅怎么做").text)
"""

import os
import secrets
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from shishen import engines, settings
from shishen.content_cache import ContentCache
from shishen.domains.cooking.matching import THRESHOLD
from shishen.engines import EngineInfo
from shishen.errors import BadRecord, Busy, NotFound, ShishenError, UnreadableFile
from shishen.library import Changes, Library
from shishen.protocols import Chat, Index, Ocr, Reader, Reranker, Structurer, Teacher, Writer
from shishen.records import Answer, Line, Message, Recipe, Rejected
from shishen.rejected_file import RejectedFile as RejectedFile
from shishen.retriever import Retriever
from shishen.selection import Selection
from shishen.settings import Settings
from shishen.stages import add as add_stage
from shishen.stages.answer import Conversations
from shishen.stages.phrase import as_said, phrase
from shishen.stages.read import Candidate, Event, find_files, read, watch
from shishen.stages.structure import Costs, Workshop
from shishen.system_reason import reason_of

if TYPE_CHECKING:
    from shishen.examples import Example
    from shishen.stages.dataset import Building, BuildOptions, Built
    from shishen.stages.questions import Asked, Asking, QuestionsOptions

HOUSE = Path(__file__).parent / "cookbook"
# Seconds that a question waits for another process to make the first index.
FIRST_INDEX_PATIENCE = 15.0


class Kitchen:
    """One library with its index and engines, ready to read, add and answer. Safe to share between threads.

    Settings come from the usual places, or are given. Engines are built when first used. Raises BadSettings.
    """

    def __init__(self, given: Settings | None = None) -> None:
        self.settings = given or settings.load(_options_of)

    # --- live objects ------------------------------------------------------------------------------------

    @cached_property
    def library(self) -> Library:
        """The library in the home folder; made where it is missing."""
        return Library(self.settings.home / "library.sqlite")

    @cached_property
    def readers(self) -> dict[str, Reader]:
        """Every reader by its name, in the order in which they are asked; one that is broken is left out."""
        found = sorted(engines.engines("reader"), key=lambda info: info.last)
        return {info.name: info.build() for info in found if not info.fault}

    @cached_property
    def workshop(self) -> Workshop:
        """What documents are read with."""
        return Workshop(
            ocr=self._eye,
            structurer=self.structurer,
            cache=ContentCache(self.settings.home / "ocr-cache"),
            dpi=self.settings.document.dpi,
            workers=self.settings.document.workers or max(1, (os.cpu_count() or 2) // 2),
            checked=self.settings.engines["structurer"].name != "rules",
        )

    def _eye(self) -> Ocr:
        """The OCR engine; where it cannot be had, only what needs it cannot be read."""
        try:
            return self.ocr
        except ShishenError as error:
            raise UnreadableFile(f"要看图片里的字，可是{error}") from error

    @cached_property
    def ocr(self) -> Ocr:
        """The engine that reads the text in pictures. Raises ShishenError where it is not installed."""
        built: Ocr = self._engine("ocr")
        return built

    @cached_property
    def structurer(self) -> Structurer:
        """The engine that reads passages into drafts."""
        built: Structurer = self._engine("structurer", "structurer-cache")
        return built

    @cached_property
    def teacher(self) -> Teacher:
        """The engine that writes what a model learns from."""
        built: Teacher = self._engine("teacher", "teacher-cache")
        return built

    @cached_property
    def index(self) -> Index:
        """The question index of the library."""
        built: Index = self._engine("index", "index")
        return built

    def _engine(self, kind: str, folder: str | None = None) -> Any:
        """The chosen engine of a kind; one that keeps files, and was not told where, keeps them in the home folder."""
        chosen = self.settings.engines[kind]
        info = engines.engine(kind, chosen.name)
        options: Any = chosen.options or info.options()
        if folder and hasattr(options, "path") and not options.path:
            options = msgspec.structs.replace(options, path=str(self.settings.home / folder))
        return info.build(options)

    @cached_property
    def retriever(self) -> Retriever:
        """The retriever over library and index."""
        chosen = self.settings.engines["reranker"]
        reranker: Reranker = engines.engine("reranker", chosen.name).build(chosen.options)
        chosen_limits = self.settings.retriever
        threshold = THRESHOLD if chosen_limits.threshold is None else chosen_limits.threshold
        return Retriever(self.library, self.index, reranker, threshold, chosen_limits.limit)

    @cached_property
    def selection(self) -> Selection:
        """What chooses among the library's dishes."""
        return Selection(self.library)

    @cached_property
    def conversations(self) -> Conversations:
        """What answers conversations."""
        return Conversations(self.library, self.retriever, self.selection)

    @cached_property
    def chat(self) -> Chat:
        """The engine that phrases answers."""
        chosen = self.settings.engines["chat"]
        built: Chat = engines.engine("chat", chosen.name).build(chosen.options)
        return built

    # --- verbs -------------------------------------------------------------------------------------------

    def read(self, *paths: str | Path) -> Iterator[Recipe | Rejected]:
        """Recipes of files and folders, streaming; nothing is stored. Raises NotFound for a missing path."""
        candidates = find_files([Path(p) for p in paths])
        yield from read(candidates, self.readers, self.settings.reader, self.workshop)

    def watch(self, candidates: Iterable[Candidate]) -> Iterator[Event]:
        """The same with all that is seen on the way: pages, readings with their doubts, costs."""
        yield from watch(candidates, self.readers, self.settings.reader, self.workshop)

    def add(self, *paths: str | Path) -> Changes:
        """Add files and folders to the library and bring the index up to date. Raises NotFound.

        What could not be read is in `rejected.jsonl` in the home folder.
        """
        changes = Changes()
        with RejectedFile(self.rejected_path) as rejected:
            for event in self.adding(find_files([Path(p) for p in paths])):
                if isinstance(event, Rejected):
                    rejected.write(event)
                elif isinstance(event, add_stage.Progress):
                    changes = event.changes
        if rejected.fault:
            warnings.warn(rejected.fault, stacklevel=2)
        self.catch_up()
        return changes

    def catch_up(self, patience: float = 60.0) -> bool:
        """Bring the index to the library's generation; whether there was anything to do.

        Waits `patience` seconds while another process is at it. Raises Busy after that.
        """
        retriever = self.retriever
        end = time.monotonic() + patience
        while True:
            try:
                return retriever.catch_up()
            except Busy:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def adding(self, candidates: Iterable[Candidate]) -> Iterator[add_stage.Progress | Rejected | Costs]:
        """The same step by step, without the index."""
        yield from add_stage.add(
            candidates,
            self.library,
            self.readers,
            self.settings.reader,
            self.settings.library.batch_size,
            self.workshop,
        )

    def add_house(self) -> Changes:
        """Add the house cookbook, which comes with the program."""
        shelved = []
        for result in read(find_files([HOUSE], base=HOUSE.parent.parent), self.readers, self.settings.reader):
            if isinstance(result, Rejected):
                raise BadRecord(f"自带菜谱 {result.path} 读不了：{result.reason}")
            shelved.append(add_stage.shelve(result))
        # One batch: a process that starts beside this one finds all of it or nothing.
        changes = self.library.put(shelved)
        self.catch_up()
        return changes

    def prune(self) -> Changes:
        """Remove the recipes whose file is no longer there; those of the house cookbook stay."""
        house = f"{HOUSE.parent.name}/{HOUSE.name}/"
        gone = [path for path in self.library.files() if not path.startswith(house) and not Path(path).exists()]
        changes = self.library.remove([id_ for path in gone for id_, _, _ in self.library.places(path)])
        self.catch_up()
        return changes

    def export(self, format_: str, output: str | Path, recipes: Iterable[Recipe] | None = None) -> int:
        """Write recipes, or else the whole library, to a file in the format of a writer; how many there were.

        A file that is there is replaced once the new one is whole. Raises NotFound for an unknown format,
        ShishenError where nothing can be written.
        """
        writer: Writer = engines.engine("writer", format_).build()
        path = Path(output)
        partial = path.with_name(f".{secrets.token_hex(4)}.partial")
        try:
            with partial.open("xb") as stream:
                count = writer.write(self.library.recipes() if recipes is None else recipes, stream)
            partial.replace(path)
        except OSError as error:
            raise ShishenError(f"写不了 {path}：{reason_of(error)}；请换一个地方，或检查权限。") from error
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        return count

    def build_dataset(
        self,
        output: str | Path,
        options: "BuildOptions",
        *,
        paths: Sequence[str | Path] | None = None,
        limit: int = 0,
        force: bool = False,
        count_tokens: "Callable[[Example], int] | None" = None,
        tokenizer: str = "",
    ) -> "Iterator[Building | Costs | Built]":
        """Write dialogues to learn from, out of files or else out of the library, into a dataset folder.

        At most `limit` recipes are used (0: all). Raises ShishenError, NotFound.
        """
        from shishen.stages.dataset import build
        from shishen.stages.recipe_sources import of_files, of_library

        if not paths and self.library.empty:
            self.add_house()
        limits = self.settings.reader
        sources = (
            of_files(paths, limit, self.readers, limits, lambda: self.workshop)
            if paths
            else of_library(self.library, limit)
        )
        yield from build(
            sources.every,
            sources.names,
            Path(output),
            options,
            fingerprint=sources.fingerprint,
            force=force,
            count_tokens=count_tokens,
            tokenizer=tokenizer,
            teacher=self.teacher if options.paraphrase else None,
        )

    def ask_documents(
        self,
        paths: Sequence[str | Path],
        output: str | Path,
        options: "QuestionsOptions",
        *,
        force: bool = False,
        count_tokens: "Callable[[Example], int] | None" = None,
        tokenizer: str = "",
    ) -> "Iterator[Asking | Costs | Asked]":
        """Write questions on documents of any kind, with answers out of them, into a dataset folder.

        Raises ShishenError, NotFound.
        """
        from shishen.stages.questions import questions

        yield from questions(
            find_files([Path(path) for path in paths]),
            tuple(str(path) for path in paths),
            self.readers,
            self.settings.reader,
            self.workshop,
            self.teacher,
            Path(output),
            options,
            force=force,
            count_tokens=count_tokens,
            tokenizer=tokenizer,
        )

    def prepare(self) -> None:
        """What must be done before the first answer: the house cookbook into an empty library, index caught up."""
        if self.library.empty:
            self.add_house()
        try:
            # Who has an index to answer from need not wait for a better one.
            self.catch_up(patience=0 if self.index.generation() else FIRST_INDEX_PATIENCE)
        except ShishenError:
            # Another process is adding, or nothing can be written here; the index as it stands will do.
            if self.index.generation() == 0:
                raise

    def warm_up(self) -> None:
        """Load what the first question would have to wait for: word lists, pinyin, the index."""
        self.prepare()
        self.conversations.answer([Message("user", "我花生过敏，推荐一道汤"), Message("user", "红烧肉怎么做")], seed=0)
        self.conversations.answer([Message("user", "红烧肉换成六个人的量，没有料酒怎么办")], seed=0)
        self.chat  # noqa: B018

    def warm_up_selection(self) -> None:
        """Read every dish once, so that the first wish need not wait for it; the server does so beside its work."""
        with suppress(ShishenError):
            self.selection.warm_up()

    def ask(self, question: str | Sequence[Message], seed: int | None = None) -> Answer:
        """The answer to a question or to the last message of a conversation.

        The same `seed` recommends the same dishes; without one they vary from one time to the next.
        """
        self._ready  # noqa: B018
        messages = [Message("user", question)] if isinstance(question, str) else question
        return self.conversations.answer(messages, secrets.randbits(31) if seed is None else seed)

    def say(self, messages: Sequence[Message], given: Answer) -> Generator[str]:
        """An answer's text in pieces by the chat engine, checked where the words are its own; closing it stops that."""
        yield from phrase(self.chat, messages, given, self._stood_on(given))

    def as_said(self, given: Answer) -> Answer:
        """The answer as it is announced beside its text: not verified where a model says it from memory."""
        return as_said(self.chat, given, self._stood_on(given))

    def _stood_on(self, given: Answer) -> list[Recipe]:
        return [] if given.refused else [self.library.get(cited.id) for cited in given.recipes[:1]]

    def recipe(self, id_: str) -> Recipe:
        """A recipe by its id. Raises NotFound."""
        return self.library.get(id_)

    @cached_property
    def _ready(self) -> bool:
        self.prepare()
        return True

    @property
    def rejected_path(self) -> Path:
        """Where the last run's rejected records are listed."""
        return self.settings.home / "rejected.jsonl"


def engine_list() -> list[EngineInfo]:
    """Every engine of every kind."""
    return [info for kind in engines.KINDS for info in engines.engines(kind)]


def read_line(raw: str) -> Line:
    """One ingredient line, read by the cooking domain."""
    from shishen.domains.cooking.quantities import read_line as read_cooking_line

    return read_cooking_line(raw)


def _options_of(kind: str, name: str) -> type[msgspec.Struct] | None:
    try:
        return engines.engine(kind, name).options
    except NotFound:
        return None


def open_kitchen(assignments: Sequence[str] = (), config: Path | None = None) -> Kitchen:
    """A kitchen from the usual settings and `--set` assignments. Raises BadSettings."""
    return Kitchen(settings.load(_options_of, assignments=assignments, config=config))
