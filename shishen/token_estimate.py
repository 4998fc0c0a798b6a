"""About how many tokens a text or a request has, without a tokenizer: for costs told before, and for limits."""

from collections.abc import Mapping, Sequence
from typing import Any

# Of a picture; what they are billed at differs from 85 to a few thousand.
_IMAGE_TOKENS = 1000


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has, without a tokenizer, rather too many than too few.

    One for each character beyond ASCII (Chinese has 0.6 to 1 with the tokenizers of 2024 and 2025: o200k, Qwen,
    DeepSeek), one for three of ASCII (JSON and numbers; English prose has one for four).
    """
    ascii_ = sum(character.isascii() for character in text)
    return len(text) - ascii_ + -(-ascii_ // 3)


def message_tokens(messages: Sequence[Mapping[str, Any]]) -> int:
    """The same for messages as they are sent; a picture counts 1,000."""
    total = 0
    for message in messages:
        content = message.get("content") or ""
        parts = [{"text": content}] if isinstance(content, str) else content
        total += 4 + sum(estimated_tokens(part["text"]) if "text" in part else _IMAGE_TOKENS for part in parts)
    return total
