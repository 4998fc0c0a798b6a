"""Which of the ways that llama.cpp parts a text a tokenizer follows.

llama.cpp's own converter knows a tokenizer by a hash of the tokens of one text. That cannot know a vocabulary that was
trained yesterday; so it is the pieces that are compared here, on texts that tell the known ways apart.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from shishen.training.export.inexpressible import Inexpressible

# Whatever the known patterns part differently: contractions in both cases, runs of digits, of blanks, of line ends, of
# marks; letters of several scripts, signs made of several code points, digits that are not 0 to 9.
_TELLING = (
    "It's we'll THEY'RE I'D don't 'tis  three   blanks\tand\ta tab \n\n\n lines \r\n and\n \n more\n",
    "3 33 333 3333 33333 3.14 1/2 ½ ２５０克 ①②③ ៤ 三百 350ml 2024-01-31 10:30",
    "红烧肉：五花肉500克，冰糖30克。\n1. 切块；2. 焯水！\n\n——「好吃」……（完）",
    "🚀 (normal) 😶‍🌫️ (multiple emojis concatenated) ✅ 👨‍👩‍👧 é e\u0301 ñ ü ß Кирилл ქართული नमस्ते カタカナ 한국어",
    '!!!!!! ??? ...... ==== <b>x</b> {"a": [1, 2]} \\n `code` a_b-c+d  !\n?\r\n x\u3000y\u00a0z\u200bw',
    "ASCII wörd\u2028next   \n   indented\n\ttabbed\n        ",
)


class PreTokenizer(Struct, frozen=True):
    """A way of parting a text: patterns one after another, and whether whole words are taken without merging."""

    splits: tuple[str, ...]
    whole_words: bool


@cache
def known() -> dict[str, PreTokenizer]:
    """The ways that llama.cpp knows, by name."""
    found = tomllib.loads(Path(__file__).with_name("pre_tokenizers.toml").read_text(encoding="utf-8"))
    return msgspec.convert(found, dict[str, PreTokenizer])


def splitter(way: PreTokenizer) -> Any:
    """The way as the package `tokenizers` does it: text in, pieces in the letters of byte-level tokens out."""
    from tokenizers import Regex, pre_tokenizers

    splits = [pre_tokenizers.Split(Regex(pattern), behavior="isolated") for pattern in way.splits]
    return pre_tokenizers.Sequence([*splits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def recognised(tokenizer: Any) -> str:
    """The name of the way that a tokenizer (of the package `tokenizers`) parts texts.

    Raises Inexpressible for one that none of them equals: written under another's name it would be read wrongly, with
    no sign of it.
    """
    if tokenizer.pre_tokenizer is None:
        raise Inexpressible(
            "这个分词器不先切分文字，GGUF 没有这样的写法；请用 llama.cpp 的 convert_hf_to_gguf.py 转换。"
        )
    expected = [_pieces(tokenizer.pre_tokenizer, text) for text in _TELLING]
    whole_words = bool(getattr(tokenizer.model, "ignore_merges", False))
    alike = [name for name, way in known().items() if [_pieces(splitter(way), text) for text in _TELLING] == expected]
    # Two ways may part alike and merge differently: the one that does both is better, but either is checked later.
    best = sorted(alike, key=lambda name: known()[name].whole_words != whole_words)
    if not best:
        raise Inexpressible(
            "这个分词器切分文字的方式不是已知的几种（" + "、".join(known()) + "），写成 GGUF 会被读错；"
            "请用 llama.cpp 的 convert_hf_to_gguf.py 转换。"
        )
    return best[0]


def _pieces(pre_tokenizer: Any, text: str) -> list[str]:
    return [piece for piece, _ in pre_tokenizer.pre_tokenize_str(text)]
