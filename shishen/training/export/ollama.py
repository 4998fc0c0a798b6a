"""A Modelfile for Ollama beside a GGUF file: the template in Go's syntax, where to stop, how much fits.

Fields: https://github.com/ollama/ollama/blob/main/docs/modelfile.md
"""

from collections.abc import Sequence

from shishen.errors import ShishenError
from shishen.training.export.turns import Turns

NAME = "Modelfile"
_QUOTES = '"""'


def modelfile(gguf: str, turns: Turns, ends: Sequence[str], context: int, system: str | None) -> str:
    """The text of a Modelfile for a GGUF file that lies beside it.

    Ollama puts `SYSTEM` before messages that have none, and the token of a beginning before the whole: the file says
    whether (`add_bos_token`). Raises ShishenError for texts that its syntax cannot hold.
    """
    if system is None:
        system = turns.otherwise
    # Whoever writes a template of an answer twice: those given, and the one asked for, whose beginning may differ.
    template = (
        '{{ range .Messages }}{{ if eq .Role "system" }}'
        + _around(turns.system, turns.system_end)
        + '{{ else if eq .Role "user" }}'
        + _around(turns.user, turns.user_end)
        + '{{ else if eq .Role "assistant" }}'
        + _around(turns.answer, turns.answer_end + turns.separator)
        + "{{ end }}{{ end }}"
        + turns.opening
    )
    pieces = (turns.system, turns.system_end, turns.user, turns.user_end, turns.answer, turns.opening, system or "")
    if any(_QUOTES in piece for piece in pieces) or any("{{" in piece for piece in pieces[:-1]):
        raise ShishenError('对话模板或系统提示里有 {{ 或 """，Modelfile 里写不下；请改系统提示，或不导出 ollama。')
    lines = [f"FROM ./{gguf}", "", f"TEMPLATE {_QUOTES}{template}{_QUOTES}", ""]
    if system is not None:
        lines += [f"SYSTEM {_QUOTES}{system}{_QUOTES}", ""]
    lines += [f"PARAMETER stop {_quoted(end)}" for end in ends]
    lines += [f"PARAMETER num_ctx {context}"]
    return "\n".join(lines) + "\n"


def _around(before: str, after: str) -> str:
    return before + "{{ .Content }}" + after


def _quoted(text: str) -> str:
    if '"' in text or "\n" in text:
        raise ShishenError(f"结束词元 {text!r} 在 Modelfile 里写不下；请不要导出 ollama。")
    return f'"{text}"'
