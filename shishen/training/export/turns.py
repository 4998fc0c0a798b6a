"""What a chat template sets around the turns, as pieces of text: for programs that do not read such templates.

The pieces are found by rendering marks, and then tried: what they put together must be, letter for letter, what the
template renders. A template that is more than turns in a row is refused, not approximated.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from shishen.local_models.chat_template import render, surroundings
from shishen.records import Message
from shishen.training.export.inexpressible import Inexpressible
from shishen.training.export.parity import Prompt

_SYSTEM, _USER, _ANSWER, _NEXT = (mark * 3 for mark in "\ue001\ue002\ue003\ue004")
_REFUSED = "这个对话模板不是一轮接一轮的简单样子，{program} 的写法表达不了它；请不要导出 {program}（其余的可以）。"


class Turns(Struct, frozen=True, kw_only=True):
    """What stands before and after the text of each kind of turn; `opening` before the answer that is asked for.

    `bos` stands before everything; `otherwise` is the system message where none is given, None where there is none.
    """

    bos: str
    system: str
    system_end: str
    user: str
    user_end: str
    answer: str
    answer_end: str
    separator: str
    opening: str
    otherwise: str | None = None

    def text(self, messages: Sequence[Message]) -> str:
        """What the pieces make of messages, up to where the next answer begins."""
        before = {
            "system": (self.system, self.system_end),
            "user": (self.user, self.user_end),
            "assistant": (self.answer, self.answer_end + self.separator),
        }
        if self.otherwise is not None and messages[0].role != "system":
            messages = [Message("system", self.otherwise), *messages]
        said = (before[message.role][0] + message.content + before[message.role][1] for message in messages)
        return self.bos + "".join(said) + self.opening


def turns(tokenizer: Any, program: str, prompts: Sequence[Prompt]) -> Turns:
    """The pieces of a tokenizer's template, tried on the prompts. Raises Inexpressible where they do not make them."""
    refused = Inexpressible(_REFUSED.format(program=program))
    dialogue = [
        Message("system", _SYSTEM),
        Message("user", _USER),
        Message("assistant", _ANSWER),
        Message("user", _NEXT),
    ]
    whole = render(tokenizer, dialogue, prompt=True)
    alone = render(tokenizer, [Message("user", _USER)], prompt=True)
    bos = tokenizer.bos_token or ""
    bos = bos if bos and whole.startswith(bos) else ""
    if [whole.count(mark) for mark in (_SYSTEM, _USER, _ANSWER, _NEXT)] != [1, 1, 1, 1]:
        raise refused
    system, _, rest = whole.removeprefix(bos).partition(_SYSTEM)
    to_user, _, rest = rest.partition(_USER)
    to_answer, _, rest = rest.partition(_ANSWER)
    to_next, _, tail = rest.partition(_NEXT)
    user = _shared_end(to_user, to_next)
    system_end = to_user.removesuffix(user)
    head = alone.removeprefix(bos).partition(_USER)[0]
    otherwise = None
    if head != user:
        if not (head.startswith(system) and head.endswith(to_user)):
            raise refused
        otherwise = head[len(system) : len(head) - len(to_user)]
    # Where the end of a turn stops and the next answer begins matters only to who reads the file: as with `system`.
    user_end = system_end if to_answer.startswith(system_end) and tail.startswith(system_end) else ""
    closing = surroundings(tokenizer)[1]
    answer_end = to_next.removesuffix(user)
    end = closing if answer_end.startswith(closing) else answer_end
    found = Turns(
        bos=bos,
        system=system,
        system_end=system_end,
        user=user,
        user_end=user_end,
        answer=to_answer[len(user_end) :],
        answer_end=end,
        separator=answer_end[len(end) :],
        opening=tail[len(user_end) :],
        otherwise=otherwise,
    )
    for prompt in [tuple(dialogue), *prompts]:
        if found.text(prompt) != render(tokenizer, prompt, prompt=True):
            raise refused
    return found


def _shared_end(one: str, other: str) -> str:
    """What two texts end with alike, from its last mark or line on: what stands before a user's text."""
    length = 0
    while length < min(len(one), len(other)) and one[-1 - length] == other[-1 - length]:
        length += 1
    shared = one[len(one) - length :]
    # What both turns before end with belongs to them: a user's text begins at a mark such as <|im_start|>.
    starts = [place for sign in ("<|", "<", "[") if (place := shared.rfind(sign)) >= 0]
    return shared[max(starts, default=0) :]
