"""tantivy over our own tokens: characters, bigrams, toneless syllables, syllable bigrams; no server, no download."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from shishen.chinese import tokens
from shishen.errors import ShishenError
from shishen.protocols import Entry, Found, Index

if TYPE_CHECKING:
    import tantivy

EXTRA = None

# What the index holds is not what an index of another layout holds: raise this with any change of fields.
LAYOUT = 1
# Weights of a matching token, as measured over 1.5 million recipes (docs/log.md).
WEIGHTS = {"bigrams": 1.5, "syllable_bigrams": 1.0, "characters": 0.6, "syllables": 0.3}
# A rambling question has few words that matter; the cap keeps the query small.
QUERY_TOKENS = 64


class Options(Struct, frozen=True):
    """`path` is the folder of the index (the kitchen fills it in); `memory_mb` is the writer's budget."""

    path: str = ""
    memory_mb: int = 128


class Manifest(Struct, frozen=True):
    """What an index folder holds: the layout of its fields, and the library's generation."""

    layout: int
    generation: int


class TantivyIndex:
    """An index in a folder of its own; one process writes at a time, any number read."""

    def __init__(self, path: Path, memory_mb: int) -> None:
        import tantivy

        self._tantivy = tantivy
        self._path = path
        self._memory = memory_mb * 1_000_000
        self._manifest = path / "generation.json"
        self._index: tantivy.Index | None = None
        self._searcher: tantivy.Searcher | None = None
        self._searcher_of: int | None = None

    def generation(self) -> int:
        """The generation in the manifest; 0 where there is none, it is damaged, or of another layout."""
        manifest = self._read_manifest()
        return manifest.generation if manifest and manifest.layout == LAYOUT else 0

    def _read_manifest(self) -> "Manifest | None":
        try:
            return msgspec.json.decode(self._manifest.read_bytes(), type=Manifest)
        except (OSError, msgspec.MsgspecError):
            return None

    def update(self, entries: Iterable[Entry], gone: Iterable[str], generation: int, *, anew: bool = False) -> None:
        """Replace, drop, commit, then write the manifest. Raises ShishenError while another process writes."""
        anew = anew or self.generation() == 0
        manifest = self._read_manifest()
        if manifest is None or manifest.layout != LAYOUT:
            # Nobody can read what is there.
            shutil.rmtree(self._path, ignore_errors=True)
            self._index = self._searcher = None
        try:
            writer = self._open().writer(heap_size=self._memory, num_threads=1)
        except ValueError as error:
            raise ShishenError("另一个进程正在更新索引；请等它结束再试。") from error
        if anew:
            writer.delete_all_documents()
        else:
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
        # Manifest last: a crash before it means that the same changes are taken in once more.
        temporary = self._manifest.with_suffix(".tmp")
        temporary.write_bytes(msgspec.json.encode(Manifest(LAYOUT, generation)))
        os.replace(temporary, self._manifest)  # noqa: PTH105  (atomic on every platform)
        self._searcher = None

    def search(self, text: str, kind: str, limit: int) -> list[Found]:
        """The questions that share most tokens with the text."""
        searcher = self._current()
        if searcher is None:
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
        hits = searcher.search(query, limit, count=False).hits
        return [_found(score, searcher.doc(address)) for score, address in hits]

    def _open(self) -> "tantivy.Index":
        t = self._tantivy
        if self._index is None:
            self._path.mkdir(parents=True, exist_ok=True)
            builder = t.SchemaBuilder()
            builder.add_text_field("group", stored=True, tokenizer_name="raw", index_option="basic")
            builder.add_text_field("kind", stored=False, tokenizer_name="raw", index_option="basic")
            builder.add_text_field("text", stored=True, tokenizer_name="raw", index_option="basic")
            builder.add_unsigned_field("recipe_count", stored=True)
            for field in WEIGHTS:
                builder.add_text_field(field, stored=False, tokenizer_name="pieces", index_option="freq")
            self._schema = builder.build()
            self._index = t.Index(self._schema, path=str(self._path))
            self._index.register_tokenizer("pieces", t.TextAnalyzerBuilder(t.Tokenizer.whitespace()).build())
        return self._index

    def _current(self) -> "tantivy.Searcher | None":
        """A searcher over the newest commit; another process may have written since."""
        generation = self.generation()
        if generation == 0:
            return None
        if self._searcher is None or self._searcher_of != generation:
            index = self._open()
            index.reload()
            self._searcher = index.searcher()
            self._searcher_of = generation
        return self._searcher


def _found(score: float, document: "tantivy.Document") -> Found:
    return Found(document["group"][0], document["text"][0], score, document["recipe_count"][0])


def build(options: Options) -> Index:
    """The index in `options.path`. Raises ShishenError where no path is given."""
    if not options.path:
        raise ShishenError("索引没有路径；请设置 index.tantivy.path。")
    return TantivyIndex(Path(options.path), options.memory_mb)
