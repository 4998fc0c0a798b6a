"""An adapter laid into its base: one model that needs neither peft nor the base, and says the same.

The sums are done in fp32 and rounded once, to the numbers asked for. What was trained over 4-bit weights is laid over
the whole ones: they are what it will be served with.
"""

from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from shishen.errors import ShishenError
from shishen.local_models.chat_template import prompt_ids
from shishen.local_models.folder import ModelFolder, configuration, examine
from shishen.local_models.loading import LocalModel, best_device, faults_named, load
from shishen.local_models.saving import save_model, save_tokenizer
from shishen.training.export.parity import (
    Bound,
    Parity,
    Prompt,
    Reading,
    allowed,
    check_answers,
    check_ends,
    check_logits,
    check_tokens,
    default_prompts,
    greedy,
    logits,
    readings,
)

Numbers = Literal["base", "fp32", "bf16", "fp16"]
MARKER = "merged.json"
# fp32: the same sums in another order; measured 2e-5. The others round every weight: measured on Qwen3-, Qwen2- and
# Llama-shaped models of width 64, taught by heart (tests/test_parity.py), at the worst of some 600 places, and in the
# mean: fp16 1.3% and 6e-7, bf16 19% and 8e-5. The greatest drift of one place grows with depth, so these leave room;
# a tensor, a position or a token that went wrong gives shares above 100% and divergences above 0.1.
BOUNDS = {
    "fp32": Bound(share=1e-3, divergence=1e-6, exact=1e-4),
    "fp16": Bound(share=0.06, divergence=1e-4),
    "bf16": Bound(share=0.5, divergence=1e-2),
}


class Merged(Struct, frozen=True, kw_only=True):
    """A merged folder: what it was made of, its numbers, and how near it is to the adapter over its base."""

    base: str
    adapter: str
    numbers: str
    ends: tuple[str, ...]
    parity: tuple[Parity, ...]


def over_base(folder: ModelFolder, device: str = "auto", *, trust_code: bool = False) -> LocalModel:
    """The adapter over its whole base in fp32: what a merged model must equal. Raises ShishenError."""
    if folder.local and "quantization_config" in configuration(Path(folder.base), "config.json"):
        raise ShishenError(f"底座 {folder.base} 是量化过的，适配器不能并进去；请用 --base 指明没有量化的底座。")
    # Whether it is the base that it was trained over was for the caller to see to.
    return load(folder, device=_where(device), precision="fp32", trust_code=trust_code, any_base=True)


def merge_into(
    folder: ModelFolder,
    partial: Path,
    *,
    numbers: Numbers = "base",
    device: str = "auto",
    prompts: tuple[Prompt, ...] = (),
    trust_code: bool = False,
) -> tuple[Merged, list[Reading], Any]:
    """Merge into an empty folder; what was made, the adapter's readings of the prompts, and its tokenizer.

    Raises ShishenError where the adapter is not for this base, or the merged model says something else than it.
    """
    if folder.adapter is None:
        raise ShishenError(f"{folder.base} 没有适配器，不用合并。")
    local = over_base(folder, device, trust_code=trust_code)
    chosen: str = own_numbers(folder.base, trust_code=trust_code) if numbers == "base" else numbers
    asked = allowed(local.model, local.tokenizer, [*default_prompts(), *prompts])
    expected = readings(local.model, local.tokenizer, local.ends, asked)
    merged: Any = _merged(local.model)
    exact = _compared("合并后的模型（fp32）", merged, local, expected, BOUNDS["fp32"])
    import torch

    merged = merged.to({"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[chosen])
    if not all(bool(torch.isfinite(weight).all()) for weight in merged.parameters()):
        raise ShishenError(f"权重里有 {chosen} 装不下的数；请用 bf16 或 fp32。")
    _set_ends(merged, local)
    save_model(merged, partial)
    save_tokenizer(local.tokenizer, partial)
    tokenizer, ends = local.tokenizer, local.ends
    # Only one whole model at a time.
    del local, merged
    saved = check_saved(partial, expected, ends, tokenizer, chosen, device, trust_code=trust_code)
    made = Merged(
        base=folder.base,
        adapter=str(folder.adapter),
        numbers=chosen,
        ends=tuple(tokenizer.convert_ids_to_tokens(sorted(ends))),
        parity=(exact, saved),
    )
    (partial / MARKER).write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
    return made, expected, tokenizer


def own_numbers(base: str, *, trust_code: bool = False) -> str:
    """The numbers that a base is kept in; fp32 where it says nothing."""
    import torch
    from transformers import AutoConfig

    with faults_named(base):
        numbers = AutoConfig.from_pretrained(base, trust_remote_code=trust_code).dtype
    return {torch.bfloat16: "bf16", torch.float16: "fp16"}.get(numbers, "fp32")


def check_saved(
    folder: Path,
    expected: list[Reading],
    ends: frozenset[int],
    tokenizer: Any,
    numbers: str,
    device: str = "auto",
    *,
    trust_code: bool = False,
) -> Parity:
    """How near a folder, read as anybody would, is to what its model said before. Raises ShishenError beyond it."""
    form = f"合并后的文件夹（{numbers}）"
    local = load(examine(folder), device=_where(device), precision="fp32", trust_code=trust_code)
    check_ends(form, ends, local.ends, tokenizer)
    return _compared(form, local.model, local, expected, BOUNDS[numbers])


def _compared(form: str, model: Any, local: LocalModel, expected: list[Reading], bound: Bound) -> Parity:
    check_tokens(form, expected, [prompt_ids(local.tokenizer, one.prompt) for one in expected], local.tokenizer)
    said = [logits(model, one.ids + one.answer) for one in expected]
    parity = check_logits(form, expected, said, bound, local.tokenizer)
    answers = [greedy(model, one.ids, local.ends, max(1, len(one.answer))) for one in expected]
    ended, turned = check_answers(form, expected, answers, parity.share, local.tokenizer)
    return msgspec.structs.replace(parity, ended=ended, other_turns=turned)


def _merged(laid: Any) -> Any:
    """The base with the adapter's sums in its weights; embeddings and head apart where they no longer are the same."""
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer

    whole: Any = laid.get_base_model()
    embeddings, head = whole.get_input_embeddings(), whole.get_output_embeddings()
    if whole.config.tie_word_embeddings and any(isinstance(end, BaseTunerLayer) for end in (embeddings, head)):
        # One tensor for both: what is added for the one would be for the other, too.
        layer: Any = head.get_base_layer() if isinstance(head, BaseTunerLayer) else head
        layer.weight = torch.nn.Parameter(layer.weight.detach().clone())
    merged: Any = laid.merge_and_unload(safe_merge=True).eval()
    if merged.get_input_embeddings().weight.data_ptr() != merged.get_output_embeddings().weight.data_ptr():
        merged.config.tie_word_embeddings = False
    return merged


def _set_ends(model: Any, local: LocalModel) -> None:
    """Every end token and the padding into the settings of generation: there other programs look for them."""
    ends = sorted(local.ends)
    settings = model.generation_config
    settings.eos_token_id = ends[0] if len(ends) == 1 else ends
    padding = local.tokenizer.pad_token_id
    settings.pad_token_id = padding if padding is not None else next(iter(ends), None)
    if not settings.do_sample:
        # Left behind by some bases: without sampling they mean nothing, and saving refuses them.
        settings.temperature = settings.top_p = settings.top_k = None


def _where(device: str) -> str:
    return best_device() if device == "auto" else device
