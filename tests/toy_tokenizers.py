"""Tokenizers of a few hundred words with the chat templates of well-known kinds of models."""

from collections.abc import Callable
from typing import Any

from shishen.local_models.chat_template import set_template
from shishen.training.tiny import tiny_tokenizer
from tests.training_samples import examples

WORDS = [m.content for e in examples() for m in e.messages]
# Thoughts of earlier answers are dropped; without thinking, an empty thought is set before the answer.
QWEN3 = (
    "{% for m in messages %}"
    "{% if m.role == 'assistant' %}{{ '<|im_start|>assistant\n' }}"
    "{% if loop.last %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{{ m.content.split('</think>')[-1].lstrip('\n') + '<|im_end|>\n' }}"
    "{% else %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}"
)
LLAMA3 = (
    "{{ '<|begin_of_text|>' }}{% for m in messages %}"
    "{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content | trim + '<|eot_id|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
# Spaces around an answer belong to it; a system message is refused.
MISTRAL = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m.role == 'system' %}{{ raise_exception('no system\nmessage here') }}{% endif %}"
    "{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"
)
PLAIN = (
    "{% for m in messages %}{{ m.role + ': ' + m.content + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
)
# What it is asked with is not what it is taught with.
TWO_FACED = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n<think>\n' }}{% endif %}"
)
SILENT = "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}"


def bytewise(template: str | None = None) -> Any:
    """A byte-level tokenizer like Qwen's; `<think>` and `</think>` are tokens that are not special."""
    tokenizer: Any = tiny_tokenizer([*WORDS, *["\n\n", "\n\n\n"] * 20], 500, 256)
    tokenizer.add_tokens(["<think>", "</think>"])
    if template:
        tokenizer.chat_template = template
    return tokenizer


def ours(name: str) -> Callable[[], Any]:
    """A byte-level tokenizer with a template that comes with the program, and the tokens that it needs."""

    def made() -> Any:
        tokenizer = bytewise()
        marks = ["<s>", "</s>", "[gMASK]", "sop", "<|user|>", "<|assistant|>", "<|system|>"]
        tokenizer.add_special_tokens({"bos_token": "<s>", "additional_special_tokens": marks})
        if name == "chatglm3":
            tokenizer.eos_token = "</s>"
        set_template(tokenizer, name)
        return tokenizer

    return made


def llama3() -> Any:
    """Like Llama 3's base: the end of a turn is a token of its own, but named nowhere as special."""
    from tokenizers import AddedToken

    tokenizer = bytewise(LLAMA3)
    tokenizer.add_special_tokens({"eos_token": "<|end_of_text|>", "bos_token": "<|begin_of_text|>"})
    marks = ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
    tokenizer.add_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    return tokenizer


def sentencepiece(template: str = MISTRAL) -> Any:
    """Words with the space before them, and one set before every text; bytes where it knows no word."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    special = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", *(f"<0x{n:02X}>" for n in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([*WORDS, "[INST] [/INST] user\n assistant\n"] * 5, trainer)
    made: Any = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<unk>"
    )
    made.chat_template = template
    return made
