"""No model to write training data: asked for anything, it says how to name one."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from shishen.errors import ShishenError
from shishen.protocols import Cost, Lesson, Taught, Teacher, Untaught

EXTRA = None


class Options(Struct, frozen=True):
    """No options."""


class Nobody:
    """Refuses whatever would need a model."""

    def estimate(self, asked: Iterable[str | Lesson], count: int = 0) -> Cost | None:  # noqa: ARG002
        """Raises ShishenError."""
        raise _refusal()

    def paraphrase(self, questions: Iterable[str], count: int) -> Iterator[tuple[str, ...] | Untaught]:  # noqa: ARG002
        """Raises ShishenError."""
        raise _refusal()

    def questions(self, lessons: Iterable[Lesson]) -> Iterator[tuple[Taught, ...] | Untaught]:  # noqa: ARG002
        """Raises ShishenError."""
        raise _refusal()

    def spent(self) -> Cost | None:
        """Nothing was sent."""
        return None


def _refusal() -> ShishenError:
    return ShishenError(
        "这要请一个大模型来写；请加上 --set teacher.engine=openai --set teacher.openai.base_url=…"
        " --set teacher.openai.model=…（任何 OpenAI 兼容的服务）。"
    )


def build(options: Options) -> Teacher:  # noqa: ARG001
    """The one who refuses; it has no options."""
    return Nobody()
