"""The chat template as a file for vLLM: it reads the model's own language, so the file is the template itself.

https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
"""

from typing import Any

NAME = "chat_template.jinja"


def chat_template(tokenizer: Any) -> str:
    """The template, letter for letter: a line end behind it would be rendered."""
    return str(tokenizer.chat_template)
