"""The parity gate: what is right passes, and each way of being wrong is caught and named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gguf")
pytest.importorskip("peft")

import gguf
import msgspec
import numpy
import torch

from shishen.errors import ShishenError
from shishen.local_models.folder import examine
from shishen.local_models.loading import LocalModel, load
from shishen.training.export.gate import check_gguf
from shishen.training.export.gguf import write_gguf
from shishen.training.export.parity import (
    Bound,
    Reading,
    allowed,
    check_answers,
    check_logits,
    check_tokens,
    default_prompts,
    readings,
)
from shishen.training.export.vocabulary import Vocabulary, read_vocabulary, tokenizer_of, write_vocabulary
from tests.small_models import save_base


class Made:
    """A model in a folder, its readings, and a GGUF file of it."""

    def __init__(self, root: Path, kind: str) -> None:
        self.folder = save_base(root / kind, kind, tied=kind != "llama")
        self.local: LocalModel = load(examine(self.folder), device="cpu", precision="fp32")
        prompts = allowed(self.local.model, self.local.tokenizer, default_prompts())
        self.expected: list[Reading] = readings(
            self.local.model, self.local.tokenizer, self.local.ends, prompts, longest=40
        )
        self.file = root / f"{kind}.gguf"
        write_gguf(self.folder, self.file, "f16", self.local.tokenizer, self.local.ends, "test")

    def check(self, file: Path, kind: Any = "f16") -> Any:
        return check_gguf(file, self.folder, kind, self.expected, self.local.ends, self.local.tokenizer)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("parity"), "qwen3")


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("parity"), "llama")


def rewritten(
    file: Path,
    target: Path,
    *,
    words: Callable[[Vocabulary], Vocabulary] = lambda words: words,
    fields: dict[str, Any] | None = None,
    tensors: Callable[[str, Any], Any] = lambda name, data: data,  # noqa: ARG005
) -> Path:
    """The file again, with something changed."""
    reader = gguf.GGUFReader(str(file))
    name = reader.fields["general.architecture"].contents()
    writer = gguf.GGUFWriter(target, name)
    for key, field in reader.fields.items():
        if key.startswith(("GGUF.", "tokenizer.")) or key == "general.architecture":
            continue
        writer.add_key_value(key, (fields or {}).get(key, field.contents()), field.types[0])
    write_vocabulary(writer, words(read_vocabulary(file)))
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensors(tensor.name, numpy.array(tensor.data)), raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def test_a_right_file_passes_and_so_does_its_copy(made: Made, llama: Made, tmp_path: Path) -> None:
    for one in (made, llama):
        (parity, *_) = one.check(one.file)
        assert parity.share < 0.06
        assert parity.ended >= 4
        one.check(rewritten(one.file, tmp_path / one.file.name))


def test_the_answers_that_were_taught_end(made: Made) -> None:
    assert sum(reading.ended for reading in made.expected) >= 4


def changed_number(name: str, data: Any) -> Any:
    if name == "blk.1.ffn_down.weight":
        data[3, 5] += numpy.float16(0.02)
    return data


def test_one_changed_number_is_caught(made: Made, tmp_path: Path) -> None:
    with pytest.raises(ShishenError, match=r"layers\.1\.mlp\.down_proj\.weight.*\[3, 5\]"):
        made.check(rewritten(made.file, tmp_path / "x.gguf", tensors=changed_number))


def test_a_changed_tensor_is_caught_with_its_place(made: Made, tmp_path: Path) -> None:
    wrong = rewritten(
        made.file, tmp_path / "x.gguf", tensors=lambda name, data: data * 0 if name == "blk.0.attn_v.weight" else data
    )
    with pytest.raises(ShishenError, match=r"x\.gguf 的输出偏了.*第 \d+ 个提问.*第 \d+ 个词元"):
        made.check(wrong)


def test_unpermuted_keys_of_llama_are_caught(llama: Made, tmp_path: Path) -> None:
    def back(name: str, data: Any) -> Any:
        if not name.endswith(("attn_k.weight", "attn_q.weight")):
            return data
        heads = 4 if "attn_q" in name else 2
        half = data.shape[0] // heads // 2
        return data.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(data.shape)

    with pytest.raises(ShishenError, match="输出偏了"):
        llama.check(rewritten(llama.file, tmp_path / "x.gguf", tensors=back))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("qwen3.rope.freq_base", 500.0),
        ("qwen3.attention.layer_norm_rms_epsilon", 0.5),
    ],
)
def test_wrong_shape_is_caught(made: Made, tmp_path: Path, key: str, value: float) -> None:
    with pytest.raises(ShishenError, match="输出偏了"):
        made.check(rewritten(made.file, tmp_path / "x.gguf", fields={key: value}))


def swapped(words: Vocabulary) -> Vocabulary:
    """Two late merges in each other's place: on the prompts it may well not show."""
    *first, one, two = words.merges
    return msgspec.structs.replace(words, merges=(*first, two, one))


def reversed_merges(words: Vocabulary) -> Vocabulary:
    return msgspec.structs.replace(words, merges=tuple(reversed(words.merges)))


def swapped_tokens(words: Vocabulary) -> Vocabulary:
    tokens = list(words.tokens)
    place = tokens.index("a")
    tokens[place], tokens[place + 1] = tokens[place + 1], tokens[place]
    return msgspec.structs.replace(words, tokens=tuple(tokens))


def marks_as_text(words: Vocabulary) -> Vocabulary:
    return msgspec.structs.replace(words, types=(1,) * len(words.types))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (swapped, "合并规则"),
        (reversed_merges, r"读提问的方式变了：第 \d+ 个提问「.*第 \d+ 个词元"),
        (swapped_tokens, "读提问的方式变了|词元"),
        (marks_as_text, "读提问的方式变了|词元的种类"),
        (lambda words: msgspec.structs.replace(words, eos=words.tokens.index("a")), "结束词元不对"),
        (lambda words: msgspec.structs.replace(words, eos=None, eot=None), "结束词元不对"),
        (
            lambda words: msgspec.structs.replace(words, template=words.template.replace("assistant", "model")),
            "读提问的方式变了",
        ),
        # No prompt begins otherwise; a dialogue with tools might.
        (lambda words: msgspec.structs.replace(words, template="{# tools #}" + words.template), "对话模板"),
        (
            lambda words: msgspec.structs.replace(words, template=words.template.replace("+ '\\n' +", "+ ' ' +")),
            "读提问的方式变了",
        ),
        (lambda words: msgspec.structs.replace(words, pre="gpt-2"), "切分方式|读提问的方式变了"),
        (lambda words: msgspec.structs.replace(words, pre="default"), "不是已知的"),
        (lambda words: msgspec.structs.replace(words, add_bos=True), "add_bos"),
        (lambda words: msgspec.structs.replace(words, merges=("a b",)), "合并规则"),
    ],
)
def test_a_wrong_vocabulary_is_caught(
    made: Made, tmp_path: Path, change: Callable[[Vocabulary], Vocabulary], said: str
) -> None:
    before = read_vocabulary(made.file)
    assert change(before) != before
    with pytest.raises(ShishenError, match=said):
        made.check(rewritten(made.file, tmp_path / "x.gguf", words=change))


def test_the_rebuilt_tokenizer_reads_anything_as_the_model_does(made: Made) -> None:
    rebuilt = tokenizer_of(read_vocabulary(made.file))
    for text in (
        "𠮷野家 ㎏ ½ 杯\r\n\r\n",
        "<|im_start|>user\n冰糖30克<|im_end|>",
        "don't  SHOUT'LL   ",
        "\x00\x7f é 👨‍👩‍👧",
    ):
        assert rebuilt.encode(text) == made.local.tokenizer.encode(text, add_special_tokens=False)


def reading(ids: tuple[int, ...], answer: tuple[int, ...], spread: float = 1.0) -> Reading:
    torch.manual_seed(1)
    rows = torch.randn(len(ids) + len(answer), 420) * spread
    for place, token in enumerate(answer):
        rows[len(ids) + place - 1, token] = rows[len(ids) + place - 1].max() + 5
    return Reading(default_prompts()[0], ids, answer, True, rows)


def test_answers_that_go_on_or_turn_are_caught_and_near_ties_are_not(made: Made) -> None:
    tokenizer = made.local.tokenizer
    one = reading((5, 6, 7), (20, 21, 22))
    assert check_answers("甲", [one], [(20, 21, 22)], 0.05, tokenizer) == (1, 0)
    with pytest.raises(ShishenError, match=r"甲 回答变了：.*回答的第 1 个词元"):
        check_answers("甲", [one], [(20, 30, 22)], 0.05, tokenizer)
    with pytest.raises(ShishenError, match="回答变了"):
        check_answers("甲", [one], [(20, 21)], 0.05, tokenizer)
    with pytest.raises(ShishenError, match="没有在该停的地方停"):
        check_answers("甲", [one], [(20, 21, 22, 23)], 0.05, tokenizer)
    one.logits[3, 30] = one.logits[3, 21] - 0.01
    assert check_answers("甲", [one], [(20, 30, 22)], 0.05, tokenizer) == (0, 1)


def test_broken_logits_and_other_tokens_are_caught(made: Made) -> None:
    tokenizer = made.local.tokenizer
    one = reading((5, 6, 7), (20, 21))
    bound = Bound(share=1.0, divergence=1.0)
    with pytest.raises(ShishenError, match="不成样子"):
        check_logits("甲", [one], [one.logits * float("nan")], bound, tokenizer)
    with pytest.raises(ShishenError, match="不成样子"):
        check_logits("甲", [one], [one.logits[:2]], bound, tokenizer)
    with pytest.raises(ShishenError, match="第 2 个词元"):
        check_tokens("甲", [one], [(5, 6)], tokenizer)


def test_fp32_is_held_to_one_part_in_ten_thousand(made: Made) -> None:
    one = reading((5, 6, 7), (20, 21))
    bound = Bound(share=1.0, divergence=1.0, exact=1e-4)
    check_logits("甲", [one], [one.logits + 5e-5], bound, made.local.tokenizer)
    with pytest.raises(ShishenError, match=r"容许 1\.0e-04"):
        check_logits("甲", [one], [one.logits + 2e-4], bound, made.local.tokenizer)


def test_prompts_that_a_model_has_no_room_for_are_left_out(made: Made) -> None:
    room = made.local.model.config.max_position_embeddings
    try:
        made.local.model.config.max_position_embeddings = 40
        few = allowed(made.local.model, made.local.tokenizer, default_prompts())
        assert 0 < len(few) < 10
        made.local.model.config.max_position_embeddings = 3
        with pytest.raises(ShishenError, match="容得下 3 个词元"):
            allowed(made.local.model, made.local.tokenizer, default_prompts())
    finally:
        made.local.model.config.max_position_embeddings = room
