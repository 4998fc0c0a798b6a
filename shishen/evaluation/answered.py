"""One answer of one model to one example, as `answers.jsonl` keeps it: all that is judged, and all that is shown."""

from msgspec import Struct

from shishen.examples import Example
from shishen.records import Message


class Answered(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `model` `said` when it was `asked`, beside the `reference`; `ended` where it came to an end by itself."""

    model: str
    group: str
    example: str
    kind: str = ""
    recipes: tuple[str, ...] = ()
    asked: tuple[Message, ...]
    reference: str
    said: str
    ended: bool
    tokens: int

    @property
    def dish(self) -> str:
        """The records that the answer stands on, as one; an example that stands on none is a dish of its own."""
        return " ".join(sorted(self.recipes)) or self.example


def question(example: Example) -> tuple[Message, ...]:
    """What a model is asked: everything before the last answer, earlier answers as they should have been."""
    return example.messages[:-1]


def reference(example: Example) -> str:
    """The answer that it should give."""
    return example.messages[-1].content
