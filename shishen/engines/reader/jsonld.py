"""schema.org/Recipe as JSON-LD: one object, an array, an `@graph`, or JSON Lines."""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from shishen.errors import BadRecord, UnreadableFile
from shishen.protocols import Reader
from shishen.records import Draft, Rejected
from shishen.schema_org import read_node, recipe_nodes
from shishen.source_file import SourceFile

EXTRA = None


class Options(Struct, frozen=True):
    """No options."""


class JsonLdReader:
    """Reads every Recipe node of a file."""

    def recognises(self, file: SourceFile) -> bool:
        """JSON with a node of the type Recipe."""
        head = file.head.lstrip()
        return (
            head[:1] in ("[", "{")
            and re.search(r'"@type"\s*:\s*(?:\[[^\]]*)?"(?:https?://schema\.org/)?Recipe"', head) is not None
        )

    def read(self, file: SourceFile) -> Iterator[Draft | Rejected]:
        """One draft a Recipe; `line` is None for a lone object, else the line or the place in the file.

        Raises UnreadableFile where a file that is one document is not whole or holds no Recipe.
        """
        # Any line of a corpus may be broken; a document over several lines has an object in few of them.
        lines = [line for line in file.head.split("\n", 20)[:20] if line.strip()]
        if len(lines) > 1 and sum(map(_is_object, lines)) > len(lines) / 2:
            yield from self._lines(file)
            return
        try:
            document = msgspec.json.decode(file.text())
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
            raise UnreadableFile(f"{file.label} 不是完整的 JSON：{error}。") from error
        nodes = list(recipe_nodes(document))
        if not nodes:
            raise UnreadableFile(f"{file.label} 里没有 schema.org 的 Recipe。")
        for number, node in enumerate(nodes, 1):
            yield read_node(node, file.label, None if len(nodes) == 1 else number)

    def _lines(self, file: SourceFile) -> Iterator[Draft | Rejected]:
        for line in file.lines():
            try:
                if line.text is None:
                    raise BadRecord(line.fault or "")
                document = msgspec.json.decode(line.text)
                nodes = list(recipe_nodes(document))
                if len(nodes) != 1:
                    raise BadRecord(f"一行应有一个 Recipe，这里有 {len(nodes)} 个")
            except (msgspec.DecodeError, BadRecord, RecursionError, UnicodeEncodeError) as error:
                yield Rejected(path=file.label, line=line.number, reason=str(error))
                continue
            yield read_node(nodes[0], file.label, line.number)


def _is_object(line: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return JsonLdReader()
