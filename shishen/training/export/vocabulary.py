"""A byte-level vocabulary as GGUF keeps it: from a tokenizer, from a file, and back to a tokenizer that reads by it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from shishen.errors import ShishenError
from shishen.local_models.chat_template import prompt_ids
from shishen.records import Message
from shishen.training.export.inexpressible import Inexpressible
from shishen.training.export.pre_tokenizers import known, recognised, splitter

# gguf.TokenType: a normal token; one with a meaning of its own (never text); one added as text; one never used.
NORMAL, CONTROL, ADDED, UNUSED = 1, 3, 4, 5
_NUMBERS = ("eos", "eot", "eom", "bos", "pad")
_OTHER_TOOL = "请用 llama.cpp 的 convert_hf_to_gguf.py 转换"


class Vocabulary(Struct, frozen=True, kw_only=True):
    """The tokens by number with their types, the merges in order, how texts are parted, the tokens that mean something.

    `eos`, `eot` and `eom` are those at which llama.cpp ends an answer: up to three.
    """

    tokens: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...]
    pre: str
    template: str
    add_bos: bool
    eos: int | None = None
    eot: int | None = None
    eom: int | None = None
    bos: int | None = None
    pad: int | None = None

    @property
    def ends(self) -> frozenset[int]:
        """The tokens at which an answer is over."""
        return frozenset(end for end in (self.eos, self.eot, self.eom) if end is not None)


def vocabulary(tokenizer: Any, ends: frozenset[int], answer_end: int | None, rows: int) -> Vocabulary:
    """The vocabulary of a tokenizer for a model with `rows` embeddings; those without a token are marked as unused.

    Raises ShishenError for a tokenizer that GGUF's byte-level kind cannot say: SentencePiece, texts changed before
    they are parted, a way of parting that llama.cpp does not know.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise Inexpressible(f"这个分词器没有 tokenizer.json，写不成 GGUF；{_OTHER_TOOL}。")
    kept = msgspec.json.decode(backend.to_str())
    model = kept["model"]
    if model.get("type") != "BPE" or model.get("byte_fallback") or model.get("end_of_word_suffix"):
        raise Inexpressible(f"这个分词器不是字节级 BPE（多半是 SentencePiece），这里还不会写成 GGUF；{_OTHER_TOOL}。")
    if (kept.get("normalizer") or {"type": "NFC"}).get("type") != "NFC":
        raise Inexpressible(
            f"这个分词器先改写文字（{kept['normalizer'].get('type')}），llama.cpp 不会；{_OTHER_TOOL}。"
        )
    numbers: dict[int, str] = {number: token for token, number in model["vocab"].items()}
    types = dict.fromkeys(numbers, NORMAL)
    for added in kept["added_tokens"]:
        numbers[added["id"]] = added["content"]
        types[added["id"]] = CONTROL if added["special"] else ADDED
    if max(numbers) >= rows:
        raise ShishenError(f"分词器有 {max(numbers) + 1} 个词元，模型只有 {rows} 个；它们不是一起的。")
    if len(ends) > 3:
        raise Inexpressible(f"这个模型有 {len(ends)} 个结束词元，GGUF 只写得下 3 个；{_OTHER_TOOL}。")
    # As llama.cpp has it: `eos` is the tokenizer's, `eot` that of a turn where it is another.
    own = [end for end in dict.fromkeys((tokenizer.eos_token_id, answer_end)) if end in ends]
    stops: list[int | None] = [*own, *sorted(ends - set(own)), None, None, None]
    template = str(tokenizer.chat_template)
    return Vocabulary(
        tokens=tuple(numbers.get(n, f"[PAD{n}]") for n in range(rows)),
        types=tuple(types.get(n, UNUSED) for n in range(rows)),
        merges=tuple(pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]),
        pre=recognised(backend),
        template=template,
        add_bos=_begins_with_bos(tokenizer),
        eos=stops[0],
        eot=stops[1],
        eom=stops[2],
        bos=tokenizer.bos_token_id,
        pad=tokenizer.pad_token_id,
    )


def _begins_with_bos(tokenizer: Any) -> bool:
    """Whether a prompt begins with the token of a beginning: what was learned, whatever the tokenizer does by itself.

    Programs that build the text by a template of their own (Ollama) leave it to this; llama.cpp takes away one of two.
    """
    first = prompt_ids(tokenizer, [Message("user", "甲")])[:1]
    return tokenizer.bos_token_id is not None and first == [tokenizer.bos_token_id]


def write_vocabulary(writer: Any, words: Vocabulary) -> None:
    """The vocabulary into a file that is being written."""
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(words.pre)
    writer.add_token_list(list(words.tokens))
    writer.add_token_types(list(words.types))
    writer.add_token_merges(list(words.merges))
    for name in _NUMBERS:
        if (number := getattr(words, name)) is not None:
            getattr(writer, f"add_{name}_token_id")(number)
    writer.add_add_bos_token(words.add_bos)
    writer.add_chat_template(words.template)


def read_vocabulary(path: Path) -> Vocabulary:
    """The vocabulary of a file. Raises ShishenError where it has none of this kind."""
    import gguf

    fields = gguf.GGUFReader(str(path)).fields

    def value(name: str, otherwise: Any = None) -> Any:
        field = fields.get(f"tokenizer.{name}")
        return otherwise if field is None else field.contents()

    found = {
        "tokens": value("ggml.tokens", []),
        "types": value("ggml.token_type", []),
        "merges": value("ggml.merges", []),
        "pre": value("ggml.pre", ""),
        "template": value("chat_template", ""),
        "add_bos": value("ggml.add_bos_token", False),
        **{name: value(f"ggml.{key}_token_id") for name, key in zip(_NUMBERS, _KEYS, strict=True)},
    }
    try:
        return msgspec.convert(found, Vocabulary)
    except msgspec.ValidationError as error:
        raise ShishenError(f"{path} 里的词表读不懂：{error}。") from error


# GGUF says `padding` where its writer says `pad`.
_KEYS = ("eos", "eot", "eom", "bos", "padding")


def tokenizer_of(words: Vocabulary) -> Any:
    """A tokenizer that reads as llama.cpp does with this vocabulary: no rewriting first, marks taken as marks."""
    from tokenizers import AddedToken, Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    way = known().get(words.pre)
    if way is None:
        raise ShishenError(f"GGUF 的 tokenizer.ggml.pre 是 {words.pre!r}，不是已知的几种（{'、'.join(known())}）。")
    numbers = {token: n for n, token in enumerate(words.tokens)}
    rebuilt = Tokenizer(models.BPE(vocab=numbers, merges=_pairs(words.merges, numbers), ignore_merges=way.whole_words))
    rebuilt.pre_tokenizer = splitter(way)
    rebuilt.decoder = decoders.ByteLevel()
    for kind in (CONTROL, ADDED):
        marks = [t for t, type_ in zip(words.tokens, words.types, strict=True) if type_ == kind]
        added = [AddedToken(token, special=kind == CONTROL, normalized=False) for token in marks]
        (rebuilt.add_special_tokens if kind == CONTROL else rebuilt.add_tokens)(added)

    def token(number: int | None) -> str | None:
        return None if number is None else words.tokens[number]

    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=rebuilt,
        bos_token=token(words.bos),
        eos_token=token(words.eos),
        pad_token=token(words.pad),
        clean_up_tokenization_spaces=False,
    )
    wrapped.chat_template = words.template
    return wrapped


def _pairs(merges: Sequence[str], numbers: dict[str, int]) -> list[tuple[str, str]]:
    pairs = []
    for merge in merges:
        left, blank, right = merge.partition(" ")
        if not blank or any(part not in numbers for part in (left, right, left + right)):
            raise ShishenError(f"GGUF 的合并规则里有不成词元的：{merge!r}。")
        pairs.append((left, right))
    return pairs
