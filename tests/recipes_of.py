"""What tests of other programs' formats share: a file read into recipes, without the rest of the stages."""

from collections.abc import Iterator

from shishen.domains.cooking.recipes import read_recipe
from shishen.errors import BadRecord
from shishen.protocols import Reader
from shishen.records import Draft, Recipe, Rejected
from shishen.source_file import SourceFile


def recipes_of(file: SourceFile, reader: Reader) -> Iterator[Recipe | Rejected]:
    """Every draft of a file read into a recipe, and what was rejected."""
    for found in reader.read(file):
        if isinstance(found, Rejected):
            yield found
            continue
        assert isinstance(found, Draft)
        try:
            yield read_recipe(found)
        except BadRecord as error:
            yield Rejected(path=file.label, line=found.source.line, reason=str(error))
