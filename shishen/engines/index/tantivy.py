"""tantivy over our own tokens: characters, bigrams, toneless syllables, syllable bigrams; no server, no download."""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from shishen.chinese import tokens
from shishen.errors import ShishenError
from shishen.file_lock import locked
from shishen.protocols import Entry, Found, Index
from shishen.system_reason import reason_of

if TYPE_CHECKING:
    import tantivy

EXTRA = None

# What the index holds is not what an index of another layout holds: raise this with any change of fields.
LAYOUT = 2
# Weights of a matching token, as measured over 1.5 million recipes (docs/log.md).
WEIGHTS = {"bigrams": 1.5, "syllable_bigrams": 1.0, "characters": 0.6, "syllables": 0.3}
# A rambling question has few words that matter; the cap keeps the query small.
QUERY_TOKENS = 64


class Options(Struct, frozen=True):
    """`path` is the folder of the index (the kitchen fills it in); `memory_mb` is the writer's budget."""

    path: str = ""
    memory_mb: Annotated[int, Meta(ge=16, le=4096)] = 128


class Manifest(Struct, frozen=True):
    """What an index holds: the layout of its fields, the library's generation, and the sub-folder it is in."""

    layout: int
    generation: int
    folder: Annotated[str, Meta(pattern="^build-[0-9a-f]{16}$")]


class Opened(Struct, frozen=True):
    """An index as it was when its manifest was read."""

    manifest: Manifest
    searcher: "tantivy.Searcher"


class TantivyIndex:
    """An index in a folder of its own; one process writes at a time, any number read.

    The manifest names the sub-folder that holds the index. One made anew is made in a new sub-folder, so that
    readers have the old one, whole, until the manifest names the new.
    """

    def __init__(self, path: Path, memory_mb: int) -> None:
        import tantivy

        self._tantivy = tantivy
        self._schema = _schema()
        self._path = path
        self._memory = memory_mb * 1_000_000
        self._manifest = path / "generation.json"
        self._opened: Opened | None = None

    def generation(self) -> int:
        """The generation in the manifest; 0 where there is no index, it is damaged, or of another layout."""
        opened = self._current()
        return opened.manifest.generation if opened else 0

    def update(
        self,
        entries: Iterable[Entry],
        gone: Iterable[str],
        generation: int,
        *,
        anew: bool = False,
        expected: int | None = None,
    ) -> bool:
        """Replace, drop, commit, then write the manifest. Raises Busy while another process writes."""
        with _faults_named(self._path):
            self._path.mkdir(parents=True, exist_ok=True)
            with locked(self._path / "lock", "另一个进程正在更新索引；请等它结束再试。"):
                opened = self._current()
                if expected is not None and expected != (opened.manifest.generation if opened else 0):
                    return False
                folder = opened.manifest.folder if opened and not anew else f"build-{secrets.token_hex(8)}"
                anew = anew or opened is None
                (self._path / folder).mkdir(exist_ok=True)
                self._write(self._open(self._path / folder), entries, () if anew else gone, anew)
                self._name(Manifest(LAYOUT, generation, folder))
                self._opened = None
        return True

    def _write(self, index: "tantivy.Index", entries: Iterable[Entry], gone: Iterable[str], anew: bool) -> None:
        writer = index.writer(heap_size=self._memory, num_threads=1)
        for group in gone:
            writer.delete_documents_by_term("group", group)
        for entry in entries:
            if not anew:
                writer.delete_documents_by_term("group", entry.group)
            for question in entry.questions:
                found = tokens(question.text)
                writer.add_document(
                    self._tantivy.Document(
                        group=entry.group,
                        kind=question.kind,
                        text=question.text,
                        recipe_count=entry.recipe_count,
                        characters=" ".join(found.characters),
                        bigrams=" ".join(found.bigrams),
                        syllables=" ".join(found.syllables),
                        syllable_bigrams=" ".join(found.syllable_bigrams),
                    )
                )
        writer.commit()
        writer.wait_merging_threads()

    def _name(self, manifest: Manifest) -> None:
        # Manifest last: a crash before it means that the same changes are taken in once more.
        temporary = self._manifest.with_suffix(".tmp")
        temporary.write_bytes(msgspec.json.encode(manifest))
        os.replace(temporary, self._manifest)  # noqa: PTH105  (atomic on every platform)
        # What was there before, and what killed processes left; who still reads it keeps its open files.
        for path in self._path.glob("build-*"):
            if path.name != manifest.folder:
                shutil.rmtree(path, ignore_errors=True)

    def search(self, text: str, kind: str, limit: int) -> list[Found]:
        """The questions that share most tokens with the text. Raises ShishenError where the index is damaged."""
        opened = self._current()
        if opened is None:
            return []
        found = tokens(text)
        t = self._tantivy
        wanted = [
            (t.Occur.Should, t.Query.boost_query(t.Query.term_query(self._schema, field, token), weight))
            for field, weight in WEIGHTS.items()
            for token in dict.fromkeys(getattr(found, field)[:QUERY_TOKENS])
        ]
        if not wanted:
            return []
        of_kind = t.Query.const_score_query(t.Query.term_query(self._schema, "kind", kind), 0.0)
        query = t.Query.boolean_query([(t.Occur.Must, of_kind), (t.Occur.Must, t.Query.boolean_query(wanted))])
        with _faults_named(self._path):
            hits = opened.searcher.search(query, limit, count=False).hits
            return [_found(score, opened.searcher.doc(address)) for score, address in hits]

    def _open(self, folder: Path) -> "tantivy.Index":
        t = self._tantivy
        index: tantivy.Index = t.Index(self._schema, path=str(folder))
        index.register_tokenizer("pieces", t.TextAnalyzerBuilder(t.Tokenizer.whitespace()).build())
        return index

    def _searcher(self, folder: Path) -> "tantivy.Searcher":
        if os.access(folder, os.W_OK):
            return self._open(folder).searcher()
        # tantivy lays down a lock even to read; where it may not, it is given links to the files. A searcher
        # holds its files open, so that the links may go.
        with TemporaryDirectory() as links:
            for path in folder.iterdir():
                if path.suffix != ".lock":
                    (Path(links) / path.name).symlink_to(path.resolve())
            return self._open(Path(links)).searcher()

    def _current(self) -> Opened | None:
        """The newest index, opened; None where there is none that can be. Another process may have written since."""
        failed = None
        while (manifest := self._read_manifest()) is not None and manifest != failed:
            opened = self._opened
            if opened is not None and opened.manifest == manifest:
                return opened
            try:
                self._opened = Opened(manifest, self._searcher(self._path / manifest.folder))
            except (ValueError, OSError):
                # Damaged; or made anew just now, and then the manifest names another folder.
                failed, self._opened = manifest, None
        return None

    def _read_manifest(self) -> Manifest | None:
        try:
            manifest = msgspec.json.decode(self._manifest.read_bytes(), type=Manifest)
        except (OSError, msgspec.MsgspecError):
            return None
        return manifest if manifest.layout == LAYOUT else None


@contextmanager
def _faults_named(path: Path) -> Iterator[None]:
    """What tantivy and the disk complain of in one line; tantivy knows no other exception than ValueError."""
    try:
        yield
    except (ValueError, OSError) as error:
        words = f"{reason_of(error)}" if isinstance(error, OSError) else f"{error:.200}"
        raise ShishenError(f"索引 {path} 出错（{words}）；请看看磁盘，再运行 shishen index --rebuild。") from error


def _schema() -> "tantivy.Schema":
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("group", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("kind", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("text", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("recipe_count", stored=True)
    for field in WEIGHTS:
        builder.add_text_field(field, stored=False, tokenizer_name="pieces", index_option="freq")
    return builder.build()


def _found(score: float, document: "tantivy.Document") -> Found:
    return Found(document["group"][0], document["text"][0], score, document["recipe_count"][0])


def build(options: Options) -> Index:
    """The index in `options.path`. Raises ShishenError where no path is given."""
    if not options.path:
        raise ShishenError("索引没有路径；请设置 index.tantivy.path。")
    return TantivyIndex(Path(options.path), options.memory_mb)
