"""A language model in a folder of this machine, its adapter with it: from the recipes in its prompt, or from memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shishen.errors import ShishenError
from shishen.local_models.chat_template import prompt_ids, render
from shishen.local_models.folder import examine
from shishen.local_models.generation import Sampling, stream
from shishen.local_models.loading import LocalModel, Precision, load
from shishen.local_models.out_of_memory import out_of_memory_named
from shishen.local_models.trained_model import model_at
from shishen.protocols import Basis, Chat
from shishen.records import Answer, Message, Recipe

EXTRA = "train"

FROM_RECIPES = """你是食神，一位照着菜谱回答的厨师。下面是从菜谱库查到的内容。\
只用里面写着的材料、用量、时间和步骤回答，数字一个也不改，里面没有的就说菜谱没有写。

【查到的内容】
{found}"""
_MARK = "甲乙丙丁"
# So much room is left for the answer where the model has little: what it was asked is cut down before that.
_LEAST_ROOM = 64


class Options(Struct, frozen=True):
    """`path` is the folder of a model, an adapter or a training run; `context` what it speaks from: the `recipes` in
    its prompt, or `none`, its memory.

    `system` is said to a model before everything else, as it was when it was trained; `template` is a chat template by
    name or file where the model has none; `longest_answer` is in tokens; at `temperature` 0 it says what is likeliest.
    """

    path: str = ""
    adapter: str = ""
    context: Literal["recipes", "none"] = "recipes"
    system: str = ""
    template: str = ""
    device: str = "auto"
    precision: Precision = "auto"
    four_bit: bool = False
    trust_code: bool = False
    longest_answer: Annotated[int, Meta(ge=1, le=32_768)] = 1024
    temperature: Annotated[float, Meta(ge=0, le=2)] = 0.0
    seed: int = 0


class LocalChat:
    """Speaks with a model in memory, to one listener at a time."""

    def __init__(self, local: LocalModel, options: Options) -> None:
        self.local = local
        self._options = options
        self._speaking = Lock()
        self._takes_system = _takes_system(local)
        self._sampling = Sampling(longest=options.longest_answer, temperature=options.temperature, seed=options.seed)

    @property
    def basis(self) -> Basis:
        """What it speaks from."""
        return "recipes" if self._options.context == "recipes" else "memory"

    def phrase(
        self,
        messages: Sequence[Message],
        answer: Answer,
        recipes: Sequence[Recipe],  # noqa: ARG002
    ) -> Iterator[str]:
        """The model's words as they come; with `recipes` it is given what was composed from them, to put its own way.

        Closing the iterator stops the model. Raises ShishenError where even the question is too long for it, and at the
        end where the answer was cut off.
        """
        advice = "请换小一点的模型，或设 chat.transformers.four_bit=true。"
        # One model cannot say two things at once; who comes second waits.
        with self._speaking, out_of_memory_named(advice):
            ended = yield from stream(self.local, self.prompt(messages, answer), self._sampling)
        if not ended:
            raise ShishenError(
                f"说到最长（chat.transformers.longest_answer = {self._options.longest_answer}）还没有说完。"
            )

    def prompt(self, messages: Sequence[Message], answer: Answer) -> list[Message]:
        """The conversation as the model takes it, with as many of the last turns as there is room for."""
        # What others set as system messages changes nothing, as with answers that no model says.
        turns = _in_turn([m for m in messages if m.role in ("user", "assistant") and m.content.strip()])
        options = self._options
        before = [options.system] if options.system else []
        if options.context == "recipes":
            before.append(FROM_RECIPES.format(found=answer.text))
        head = "\n\n".join(before)
        while True:
            prompt = self._headed(head, turns)
            if len(prompt_ids(self.local.tokenizer, prompt)) <= self._room():
                return prompt
            if len(turns) <= 1:
                raise ShishenError(
                    f"这个模型一次最多读 {self._room()} 个 token，这个问题连同菜谱放不下；"
                    "请设 chat.transformers.context=none，或换一个模型。"
                )
            # A question goes with its answer.
            turns = turns[2:]

    def _headed(self, head: str, turns: Sequence[Message]) -> list[Message]:
        """The turns under what the model is told first; within the first question where it knows no system message."""
        if not head:
            return list(turns)
        if self._takes_system:
            return [Message("system", head), *turns]
        return [Message("user", f"{head}\n\n{turns[0].content}"), *turns[1:]]

    def _room(self) -> int:
        """Tokens that a prompt may have."""
        window = getattr(self.local.model.config, "max_position_embeddings", None)
        if not isinstance(window, int):
            return 1 << 30
        return max(1, window - min(self._options.longest_answer, max(_LEAST_ROOM, window // 4)))


def _takes_system(local: LocalModel) -> bool:
    """Whether the template writes a system message; some refuse it, some leave it out and say nothing."""
    try:
        return _MARK in render(local.tokenizer, [Message("system", _MARK), Message("user", "?")], prompt=True)
    except ShishenError:
        return False


def _in_turn(messages: Sequence[Message]) -> list[Message]:
    """User and assistant one after the other, the user first and last: what one says twice in a row is one message."""
    found: list[Message] = []
    for message in messages:
        if found and found[-1].role == message.role:
            found[-1] = Message(message.role, f"{found[-1].content}\n{message.content}")
        elif found or message.role == "user":
            found.append(message)
    return found[:-1] if found and found[-1].role == "assistant" else found


def build(options: Options) -> Chat:
    """The model, loaded. Raises ShishenError where it cannot be: no path, a broken folder, torch missing."""
    if not options.path:
        raise ShishenError(
            "chat.transformers.path 是空的；请写模型的文件夹，如 --set chat.transformers.path=runs/我的厨师。"
        )
    folder = examine(Path(options.path).expanduser(), options.adapter) if options.adapter else model_at(options.path)
    local = load(
        folder,
        device=options.device,
        precision=options.precision,
        four_bit=options.four_bit,
        template=options.template or None,
        trust_code=options.trust_code,
    )
    if options.four_bit:
        _try_four_bits(local)
    return LocalChat(local, options)


def _try_four_bits(local: LocalModel) -> None:
    """Have it say one word: not every shape of layer has four bits on every device, which shows only in use."""
    try:
        list(stream(local, [Message("user", "?")], Sampling(longest=1)))
    except RuntimeError as error:
        words = " ".join(str(error).split())[:200]
        raise ShishenError(
            f"这个模型在这台机器上用不了 4 位（{words}）；请去掉 chat.transformers.four_bit。"
        ) from error
