"""The frozen records that everything else passes along; no behaviour beyond what a field implies.

A `Draft` is a recipe as its source writes it, strings only; the domain reads it into a `Recipe`.
Unknown is None, never a guess. Make a changed copy with `msgspec.structs.replace`.
"""

import hashlib
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

LineKind = Literal["ingredient", "header", "tool", "noise"]
Role = Literal["system", "user", "assistant", "developer", "tool"]


class Range(Struct, frozen=True):
    """A number or a span of numbers; an open end is None, a single number has min == max."""

    min: float | None = None
    max: float | None = None


class Item(Struct, frozen=True, kw_only=True):
    """One thing named in an ingredient line, with its quantity for one part.

    `unit` is the measure word as written (lower-cased); `vague` is the word that stands for an amount
    (适量, 少许, 几 …) and is None wherever there is a number; `alt` holds the names of alternatives.
    """

    name: str
    min: float | None = None
    max: float | None = None
    unit: str | None = None
    vague: str | None = None
    optional: bool = False
    alt: tuple[str, ...] = ()


class Line(Struct, frozen=True, kw_only=True):
    """One ingredient line, read: what `shishen parse` prints."""

    raw: str
    kind: LineKind
    items: tuple[Item, ...] = ()


class Ingredient(Struct, frozen=True, kw_only=True):
    """One ingredient of a recipe: an `Item`, the line it was read from, its group and preparation (切丝)."""

    raw: str
    name: str
    min: float | None = None
    max: float | None = None
    unit: str | None = None
    vague: str | None = None
    optional: bool = False
    alt: tuple[str, ...] = ()
    group: str | None = None
    preparation: str | None = None


class Step(Struct, frozen=True, kw_only=True):
    """One step: its text without Markdown, the heading it stands under, and every duration in it.

    `minutes` has one span a duration, in the order of the text (半小时 → 30); `noise` marks a step that
    holds no instruction (a caption, 开吃啦, 如图).
    """

    text: str
    section: str | None = None
    minutes: tuple[Range, ...] = ()
    noise: bool = False


class Source(Struct, frozen=True, kw_only=True):
    """Where a recipe was read. `line` is the line or the item in the file, from 1; `page` likewise.

    The place (path, page, line) is the recipe's identity; many recipes share a name.
    """

    path: str
    page: int | None = None
    line: int | None = None
    author: str | None = None
    licence: str | None = None

    @property
    def place(self) -> str:
        """The place for people to read: `path`, `path 第 12 页` or `path#345`."""
        if self.page is not None:
            return f"{self.path} 第 {self.page} 页"
        return self.path if self.line is None else f"{self.path}#{self.line}"


def recipe_id(source: Source) -> str:
    """A recipe's id: 12 hexadecimal digits of the BLAKE2b of its path, page and line."""
    # No path holds NUL, so that a file named `x#2` is not the second line of `x`.
    parts = (source.path, source.page, source.line)
    identity = "\0".join("" if part is None else str(part) for part in parts)
    return hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


class DraftLine(Struct, frozen=True):
    """One ingredient line of a draft, with the heading it stands under."""

    text: str
    group: str | None = None


class DraftStep(Struct, frozen=True):
    """One step of a draft as its source has it, Markdown and all, with the heading it stands under."""

    text: str
    section: str | None = None


class Draft(Struct, frozen=True, kw_only=True):
    """A recipe as its source writes it: strings in their places, nothing read into them yet.

    `named` are lines that name what is needed (HowToCook's 必备原料和工具), `lines` those that say how much;
    most forms have only the latter. Numbers that the form itself marks as such (minutes, stars) are numbers.
    """

    title: str
    source: Source
    aliases: tuple[str, ...] = ()
    description: str | None = None
    category: str | None = None
    cuisine: str | None = None
    tastes: tuple[str, ...] = ()
    difficulty: int | None = None
    minutes: float | None = None
    calories: float | None = None
    servings: str | None = None
    named: tuple[DraftLine, ...] = ()
    lines: tuple[DraftLine, ...] = ()
    tools: tuple[str, ...] = ()
    steps: tuple[DraftStep, ...] = ()
    tips: tuple[str, ...] = ()
    features: str | None = None
    images: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    extra: dict[str, Any] | UnsetType = UNSET


class Rejected(Struct, frozen=True, kw_only=True):
    """Something that could not be read: its place and the reason, as `rejected.jsonl` has them.

    Without a page and a line it is a fault of the whole file.
    """

    path: str
    page: int | None = None
    line: int | None = None
    reason: str


class Recipe(Struct, frozen=True, kw_only=True):
    """One recipe, read. `title` is as the source has it, `name` the dish without decoration.

    `minutes` is the whole time, `calories` kcal as the source says, `difficulty` 1–5. `features` is what
    the source praises the dish for (特点). `extra` keeps what schema.org says and no field here holds.
    `confidence` says by field (title, ingredients, steps), in [0, 1], how sure the rules are of a recipe that was
    found in a document; a format that says itself what is what has none.
    """

    id: str
    name: str
    title: str
    source: Source
    aliases: tuple[str, ...] = ()
    description: str | None = None
    category: str | None = None
    cuisine: str | None = None
    tastes: tuple[str, ...] = ()
    difficulty: int | None = None
    minutes: float | None = None
    calories: float | None = None
    servings: Range | None = None
    ingredients: tuple[Ingredient, ...] = ()
    tools: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    tips: tuple[str, ...] = ()
    features: str | None = None
    images: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    extra: dict[str, Any] | UnsetType = UNSET
    confidence: dict[str, float] | UnsetType = UNSET


class Question(Struct, frozen=True):
    """A question that a recipe answers (HyQE). `kind` is `name` where it names the dish, else `about`."""

    text: str
    kind: Literal["name", "about"]


class Hit(Struct, frozen=True, kw_only=True):
    """A dish found: one group of recipes with an equal plain title, the most complete recipe first.

    `score` is in [0, 1]; `matched` says how: exact, alias, pinyin, similar, part, about.
    """

    recipe_id: str
    name: str
    score: float
    source: Source
    matched: str
    recipe_count: int = 1


class Message(Struct, frozen=True):
    """One turn of a conversation, as in OpenAI's `messages`."""

    role: Role
    content: str


class Cited(Struct, frozen=True):
    """A recipe that an answer stands on or offers."""

    id: str
    name: str
    score: float
    source: Source


class Dish(Struct, frozen=True):
    """A dish that a conversation speaks of; `id` is None for one that the library does not have."""

    id: str | None
    name: str


class Exclusion(Struct, frozen=True):
    """Something that must not be in what is given: 花生 (allergy), 素食 (diet), 孕妇 (condition), 香菜 (dislike).

    One of `scope` `conversation` holds to its end; one of a `dish` for that dish alone.
    """

    name: str
    kind: Literal["allergy", "diet", "condition", "dislike"]
    scope: Literal["conversation", "dish"] = "conversation"


class Amount(Struct, frozen=True):
    """How much of one ingredient somebody has: 300 克牛肉."""

    name: str
    value: float
    unit: str | None = None


class State(Struct, frozen=True, kw_only=True):
    """What a conversation has come to: a fold over its messages.

    `dish` is in focus, `dishes` were before it, oldest first; `list` is what was last offered to choose from, in
    order, and `seen` every dish offered so far. `step` counts from 1 as shown. `servings` (people), `factor`
    (times) or `have` (of one ingredient) say what the dish in focus is scaled to. `wish` is what was last asked to
    be recommended; `intent` and `ingredient` are what the last turn asked about.
    """

    dish: Dish | None = None
    dishes: tuple[Dish, ...] = ()
    list: tuple[Dish, ...] = ()
    seen: tuple[str, ...] = ()
    step: int | None = None
    servings: float | None = None
    factor: float | None = None
    have: Amount | None = None
    exclusions: tuple[Exclusion, ...] = ()
    pantry: tuple[str, ...] = ()
    wish: str | None = None
    intent: str | None = None
    ingredient: str | None = None

    @property
    def lasting(self) -> tuple[Exclusion, ...]:
        """The exclusions that hold for the whole conversation, not for one dish only."""
        return tuple(e for e in self.exclusions if e.scope == "conversation")


class Answer(Struct, frozen=True, kw_only=True):
    """What the cook says, and what it stands on.

    `refused` is true where the library has no answer, or what was asked is out of scope or unsafe; `verified`
    where every number and name in `text` came from the cited records by reference.
    """

    text: str
    intent: str
    refused: bool
    recipes: tuple[Cited, ...] = ()
    state: State
    verified: bool
