"""What an engine must do. One protocol a kind; an engine is one file under `engines/<kind>/`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol

from msgspec import Struct

from shishen.pages import Page, Passage, Reading
from shishen.records import Answer, Draft, Message, Question, Recipe, Rejected
from shishen.source_file import SourceFile

if TYPE_CHECKING:
    from PIL.Image import Image


class Reader(Protocol):
    """Reads one format of file, streaming: into drafts where the format says what is what, else into pages."""

    def recognises(self, file: SourceFile) -> bool:
        """Whether the file's content (its first 64 KiB, `file.head`, `file.first_bytes`) is of this format."""
        ...

    def read(self, file: SourceFile) -> Iterator[Draft | Page | Rejected]:
        """Every recipe, or every page, of the file in order. Raises UnreadableFile where all of it is of no use."""
        ...


class Writer(Protocol):
    """Writes recipes in the format of another program: what a reader of that format reads."""

    def write(self, recipes: Iterable[Recipe], stream: BinaryIO) -> int:
        """Write every recipe to the stream, as they come; how many there were. Writes no file of its own."""
        ...


class Ocr(Protocol):
    """Reads the text in a picture."""

    @property
    def identity(self) -> str:
        """Engine, models and options in one line: what was read by the same need not be read again."""
        ...

    def read(self, image: "Image") -> Page:
        """What stands in an upright RGB picture, as `spans` with boxes in pixels and a confidence each.

        An engine that knows no places gives `lines` in reading order instead. Safe to call from several threads.
        Raises ShishenError where the engine itself fails (a server that cannot be reached, a wrong key).
        """
        ...


class Cost(Struct, frozen=True, kw_only=True):
    """What a model costs, or has cost: requests, tokens in and out, money (in `currency`) where prices are set."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    money: float | None = None
    currency: str = "元"

    @classmethod
    def priced(
        cls, requests: int, input_tokens: int, output_tokens: int, prices: tuple[float, float], currency: str
    ) -> "Cost":
        """The cost at prices for a million tokens in and out; without money where both are 0."""
        money = (input_tokens * prices[0] + output_tokens * prices[1]) / 1_000_000 if any(prices) else None
        return cls(
            requests=requests, input_tokens=input_tokens, output_tokens=output_tokens, money=money, currency=currency
        )

    def __add__(self, other: "Cost") -> "Cost":
        """Both together, in the same currency."""
        known = [money for money in (self.money, other.money) if money is not None]
        return Cost(
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            money=sum(known) if known else None,
            currency=self.currency,
        )


class Structurer(Protocol):
    """Reads the passages of a document into drafts; the rules of the domain have read each of them before."""

    def estimate(self, passages: Sequence[Passage]) -> Cost | None:
        """What it will cost to structure these, what is cached left out; None where nothing is paid or sent."""
        ...

    def structure(self, passages: Iterable[Passage]) -> Iterator[Reading | Rejected]:
        """What each passage holds, in their order; a passage may give none, one or several.

        Raises ShishenError where nothing can go on (a server that cannot be reached, a wrong key).
        """
        ...

    def spent(self) -> Cost | None:
        """What was paid or sent so far; None where nothing ever is."""
        ...


class Lesson(Struct, frozen=True, kw_only=True):
    """A passage to ask about: what it is of (`title`), its text, how many pairs, what has been asked of it before."""

    title: str
    text: str
    count: int
    asked: tuple[str, ...] = ()


class Taught(Struct, frozen=True, kw_only=True):
    """A question, its answer, and the words of the passage that the answer stands on; as a model gave them."""

    question: str
    answer: str
    quote: str


class Untaught(Struct, frozen=True):
    """Nothing came of one question or one passage; the reason, in words."""

    reason: str


class Teacher(Protocol):
    """Writes what another model learns from. Nothing of it is checked here: who asks holds it against the source."""

    def estimate(self, asked: Iterable[str | Lesson], count: int = 0) -> Cost | None:
        """What it will cost to word these questions in `count` other ways, or to teach these lessons.

        What is kept from before is left out. Raises ShishenError where this engine can do neither.
        """
        ...

    def paraphrase(self, questions: Iterable[str], count: int) -> Iterator[tuple[str, ...] | Untaught]:
        """At most `count` other wordings of each question, in their order; few are taken ahead.

        Raises ShishenError where nothing can go on (a server that cannot be reached, a wrong key).
        """
        ...

    def questions(self, lessons: Iterable[Lesson]) -> Iterator[tuple[Taught, ...] | Untaught]:
        """Pairs of question and answer of each lesson, in their order. Raises as `paraphrase` does."""
        ...

    def spent(self) -> Cost | None:
        """What was paid or sent so far; None where nothing ever is."""
        ...


class Entry(Struct, frozen=True):
    """One dish for the index: its group (an equal plain title), how many recipes, the questions they answer."""

    group: str
    recipe_count: int
    questions: tuple[Question, ...]


class Found(Struct, frozen=True):
    """One question that the index found: its group, its text, and the engine's own score (higher is better)."""

    group: str
    text: str
    score: float
    recipe_count: int


class Index(Protocol):
    """Finds the stored questions nearest to one asked. Derived from the library; may be thrown away."""

    def generation(self) -> int:
        """The generation of the library that this index was built from; 0 where there is none that can be read."""
        ...

    def update(
        self,
        entries: Iterable[Entry],
        gone: Iterable[str],
        generation: int,
        *,
        anew: bool = False,
        expected: int | None = None,
    ) -> bool:
        """Replace the groups of `entries`, drop those of `gone`, then say what generation this is; True.

        With `anew` everything that was there goes too; searches find the old, whole, until the new is whole.
        Nothing is done (False) where the index, once nobody else can write, is not of the `expected` generation.
        Safe when killed anywhere: the generation is written last, and updating twice changes nothing.
        Raises Busy while another process updates it.
        """
        ...

    def search(self, text: str, kind: str, limit: int) -> list[Found]:
        """The best questions of one kind (`name`, `about`), best first; several may be of one group."""
        ...


class Reranker(Protocol):
    """Scores how well each text matches a query."""

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """One score in [0, 1] a text, in their order."""
        ...


# What a chat engine speaks from: the composed answer word for word, the records in its prompt, what it has learned.
Basis = Literal["answer", "recipes", "memory"]


class Chat(Protocol):
    """Phrases a grounded answer.

    An engine that does not say it word for word has an attribute `basis`, `recipes` or `memory`: what it says is then
    checked, or labelled (`stages/phrase.py`), and it is asked only where a model may speak.
    """

    def phrase(self, messages: Sequence[Message], answer: Answer, recipes: Sequence[Recipe]) -> Iterator[str]:
        """The answer's text in pieces, as they come; `recipes` are the records that it stands on."""
        ...
