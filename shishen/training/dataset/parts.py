"""Parts of a dataset: a thousand recipes at a time become examples, in as many processes as there are.

What a part holds follows from its recipes and the options alone, so that parts may be made in any order, by anybody,
and a build that was stopped goes on after the last whole one. Signatures and titles, by which near-equal dishes are
found later, are made along the way.
"""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec import Struct

from shishen.chinese import normalise
from shishen.domains.cooking.dialogues.templates import Templates, load_templates
from shishen.domains.cooking.dialogues.writing import LIBRARY_KINDS, of_recipe
from shishen.domains.cooking.recipes import read_recipe
from shishen.errors import BadRecord
from shishen.examples import Example
from shishen.pages import Reading
from shishen.records import Draft, Recipe, Rejected
from shishen.records import Source as Place
from shishen.training.quality.filters import Filters, fault
from shishen.training.quality.minhash import signatures_of

# Recipes a part: enough for the overhead of a process to vanish, few enough that little is lost when it is stopped.
PART = 1000
_NUMBER = re.compile(r"\d+")
Source = Draft | Reading | Recipe | Rejected


class PartOptions(Struct, frozen=True, kw_only=True):
    """What shapes the examples of a recipe."""

    kinds: tuple[str, ...]
    phrasings: int = 1
    seed: int = 0
    templates: str = ""
    filters: Filters = Filters()

    @property
    def keeps_recipes(self) -> bool:
        """Whether kinds are asked for that need the whole library later."""
        return any(kind in LIBRARY_KINDS for kind in self.kinds)


class Made(Struct, frozen=True, array_like=True):
    """An example with the number of its document in the part, from 0."""

    document: int
    example: Example


class LeftOut(Struct, frozen=True, kw_only=True):
    """Something that is in no split: its place, and why; `key` is that of the reason."""

    key: str
    path: str
    page: int | None = None
    line: int | None = None
    reason: str


class Named(Struct, frozen=True, array_like=True):
    """A document by its name, its id and its place, for what is said of it later."""

    name: str
    id: str
    source: Place


class Part(Struct, frozen=True, kw_only=True):
    """What came of a part, ready to be written: JSON Lines of `Made`, of `LeftOut`, of `Named`, and of recipes where
    they are kept.

    `signatures` are 16-bit numbers, `known` bytes, `titles` two 64-bit numbers, one row a document.
    """

    documents: int
    examples: bytes
    left_out: bytes
    sources: bytes
    recipes: bytes
    signatures: bytes
    known: bytes
    titles: bytes


def make_part(sources: Sequence[Source], options: PartOptions) -> Part:
    """The examples of some recipes, as they were read or as drafts still to be read."""
    templates = _templates(options.templates)
    examples, left_out, named, recipes = bytearray(), bytearray(), bytearray(), bytearray()
    texts: list[str] = []
    titles = bytearray()
    encode = msgspec.json.Encoder().encode
    for source in sources:
        recipe = _recipe(source)
        if isinstance(recipe, Rejected):
            left_out += encode(_left_out("unreadable", recipe)) + b"\n"
            continue
        document = len(texts)
        texts.append(text_of(recipe))
        titles += title_key(recipe.name) + dish_key(recipe.name)
        named += encode(Named(recipe.name, recipe.id, recipe.source)) + b"\n"
        if options.keeps_recipes:
            recipes += encode(recipe) + b"\n"
        for found in of_recipe(recipe, options.kinds, options.seed, options.phrasings, templates):
            if isinstance(found, Rejected):
                left_out += encode(_left_out("grounding", found)) + b"\n"
            elif reason := fault(found, options.filters):
                left_out += encode(left_out_of(found, recipe, reason.key, reason.words)) + b"\n"
            else:
                examples += encode(Made(document, found)) + b"\n"
    signatures, known = signatures_of(texts) if texts else (b"", b"")
    return Part(
        documents=len(texts),
        examples=bytes(examples),
        left_out=bytes(left_out),
        sources=bytes(named),
        recipes=bytes(recipes),
        signatures=signatures if isinstance(signatures, bytes) else signatures.astype("<u2").tobytes(),
        known=known if isinstance(known, bytes) else known.astype("u1").tobytes(),
        titles=bytes(titles),
    )


def text_of(recipe: Recipe) -> str:
    """What near-equal dishes share: ingredients without amounts, and steps. Titles have groups of their own."""
    return "\n".join([*(i.name for i in recipe.ingredients), *(s.text for s in recipe.steps)])


def title_key(name: str) -> bytes:
    """Eight bytes that dishes of one plain title share."""
    return _key(_plain(name))


def dish_key(name: str) -> bytes:
    """Eight bytes that names of one dish share: 红烧肉 2 is 红烧肉 3."""
    return _key(_NUMBER.sub("0", _plain(name)))


def _plain(name: str) -> str:
    return normalise(name).replace(" ", "") or name


def _key(plain: str) -> bytes:
    return hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def left_out_of(example: Example, recipe: Recipe | None, key: str, words: str) -> LeftOut:
    """An example that is left out, at the place of its recipe where that is known."""
    question = example.turns[-1][0]
    place = recipe.source if recipe else None
    return LeftOut(
        key=key,
        path=example.source,
        page=place.page if place else None,
        line=place.line if place else None,
        reason=f"{example.kind}「{question[:40]}」：{words}",
    )


def _left_out(key: str, rejected: Rejected) -> LeftOut:
    return LeftOut(key=key, path=rejected.path, page=rejected.page, line=rejected.line, reason=rejected.reason)


def _recipe(source: Source) -> Recipe | Rejected:
    if isinstance(source, Recipe | Rejected):
        return source
    draft = source.draft if isinstance(source, Reading) else source
    try:
        return read_recipe(draft)
    except BadRecord as error:
        return Rejected(path=draft.source.path, page=draft.source.page, line=draft.source.line, reason=str(error))


@lru_cache(maxsize=4)
def _templates(path: str) -> Templates:
    return load_templates(Path(path) if path else None)
