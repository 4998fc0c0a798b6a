"""A small model from nothing: a tokenizer trained on the dataset, weights drawn by chance.

It has the architecture of Qwen3 (arXiv:2505.09388), so that whatever runs Qwen3 runs it. It learns the dishes that it
is shown by heart and knows nothing else; it is for trying the whole way on a laptop, and for tests.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from shishen.local_models.chat_template import TEMPLATES

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PADDING, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
# Width, layers, heads, width inside a layer; parameters with a vocabulary of 6,144: 4.8, 9.8 and 24.6 million.
SHAPES = {"5M": (256, 4, 4, 704), "10M": (320, 6, 5, 896), "25M": (512, 7, 8, 1408)}
# How Qwen parts a text before its words are learned: the pre-tokenizer that GGUF knows as `qwen2`.
QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def tiny_tokenizer(texts: Iterable[str], vocabulary: int, context: int) -> "PreTrainedTokenizerBase":
    """A byte-level BPE tokenizer of at most `vocabulary` tokens, learned from texts; any text can be written in it."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PADDING, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_pieces(texts), trainer)
    # The class is named so that programs with an older transformers can load the files.
    wrapped: PreTrainedTokenizerBase = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PADDING,
        eos_token=END,
        additional_special_tokens=[START, END],
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )
    wrapped.chat_template = (TEMPLATES / "chatml.jinja").read_text(encoding="utf-8")
    return wrapped


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """The sentences of the texts: what runs over a stop is no word."""
    for text in texts:
        yield from text.replace("。", "。\x00").replace("，", "，\x00").split("\x00")


def tiny_model(size: str, tokenizer: "PreTrainedTokenizerBase", context: int, seed: int) -> "PreTrainedModel":
    """A model of a size for a tokenizer, its weights drawn with the seed, in fp32."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    width, layers, heads, inside = SHAPES[size]
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=inside,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=width // heads,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        initializer_range=width**-0.5 / 2,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model: Any = Qwen3ForCausalLM(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.do_sample = False
    return model.float()  # type: ignore[no-any-return]
