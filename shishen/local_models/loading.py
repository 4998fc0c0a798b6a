"""A model and its tokenizer into memory: on the device that is there, in the numbers it is good at, 4-bit if asked."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from shishen.errors import ShishenError
from shishen.local_models.base_check import check_base
from shishen.local_models.chat_template import end_tokens, set_template
from shishen.local_models.folder import ModelFolder

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Precision = Literal["auto", "fp32", "bf16", "fp16"]
EXTRA = "pip install 'shishen[train]'"


class LocalModel(Struct, frozen=True, kw_only=True):
    """A model that is ready to answer: its tokenizer, and every token at which an answer of it is over."""

    folder: ModelFolder
    model: Any
    tokenizer: Any
    ends: frozenset[int]

    @property
    def device(self) -> "torch.device":
        """Where its first layer is."""
        device: torch.device = self.model.get_input_embeddings().weight.device
        return device


def best_device() -> str:
    """`cuda`, `mps` or `cpu`: the best that this machine has. Raises ShishenError without torch."""
    torch = need_torch()
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def number_type(precision: Precision, device: str) -> "torch.dtype":
    """The type of numbers that a precision means on a device: `auto` is bf16 where it is quick, else fp16 or fp32."""
    import torch

    if precision == "auto":
        if device.startswith("cuda"):
            precision = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
        else:
            precision = "bf16" if device == "cpu" and has_bf16_instructions() else "fp32"
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


def has_bf16_instructions() -> bool:
    """Whether this processor multiplies bf16 in hardware; without, it is slower than fp32."""
    import torch

    return any(
        getattr(torch.cpu, name, lambda: False)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )


def load(
    folder: ModelFolder,
    *,
    device: str = "auto",
    precision: Precision = "auto",
    four_bit: bool = False,
    template: str | None = None,
    trust_code: bool = False,
    pickles: bool = False,
    any_base: bool = False,
) -> LocalModel:
    """The model of a folder with its adapter, in evaluation mode.

    Raises ShishenError where torch or bitsandbytes is missing, the adapter was made for another base (`any_base` takes
    one that only has its shapes), or the files are broken. Without `trust_code` no Python of the folder is run; without
    `pickles` no pickle is read.
    """
    if not any_base:
        check_base(folder)
    where = best_device() if device == "auto" else device
    tokenizer = load_tokenizer(folder, template=template, trust_code=trust_code)
    model = load_weights(
        folder.base,
        device=where,
        # On a processor the numbers that the weights were kept in: what was saved is what answers.
        numbers=None if precision == "auto" and where == "cpu" else number_type(precision, where),
        four_bit=four_bit,
        trust_code=trust_code,
        pickles=pickles,
    )
    if folder.adapter:
        model = with_adapter(model, folder.adapter)
    model.eval()
    return LocalModel(
        folder=folder, model=model, tokenizer=tokenizer, ends=end_tokens(tokenizer, model.generation_config)
    )


def load_tokenizer(
    folder: ModelFolder, *, template: str | None = None, trust_code: bool = False
) -> "PreTrainedTokenizerBase":
    """The tokenizer of a model, the adapter's where that has its own, with a chat template."""
    need_torch()
    from transformers import AutoTokenizer

    own = folder.adapter and (folder.adapter / "tokenizer_config.json").is_file()
    place = str(folder.adapter) if own else folder.base
    with faults_named(place):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(place, trust_remote_code=trust_code)
    set_template(tokenizer, template)
    return tokenizer


def load_weights(
    base: str,
    *,
    device: str,
    numbers: "torch.dtype | None",
    four_bit: bool = False,
    trust_code: bool = False,
    pickles: bool = False,
) -> "PreTrainedModel":
    """The weights of a folder or hub name, on the device; in the numbers they were saved in where none are said."""
    import torch
    from transformers import AutoModelForCausalLM

    options: dict[str, Any] = {"dtype": numbers or "auto", "trust_remote_code": trust_code}
    if not pickles:
        options["use_safetensors"] = True
    if four_bit:
        options |= {"quantization_config": four_bit_settings(numbers or torch.float32), "device_map": {"": device}}
    with faults_named(base):
        found: Any = AutoModelForCausalLM.from_pretrained(base, output_loading_info=True, **options)
    model: PreTrainedModel = found[0]
    check_loaded(base, found[1])
    return model if four_bit else model.to(device)  # type: ignore[arg-type]


def check_loaded(base: str, loaded: Mapping[str, Any]) -> None:
    """Raises ShishenError where weights were not in the files, or not of the shape that the configuration says.

    They would be drawn by chance, and the model would talk nonsense; transformers only warns.
    """
    missing = sorted(str(name) for name in loaded.get("missing_keys") or ())
    odd = sorted(str(name[0] if isinstance(name, tuple) else name) for name in loaded.get("mismatched_keys") or ())
    if names := missing or odd:
        what = "缺权重" if missing else "权重的形状和 config.json 说的不一样"
        raise ShishenError(f"模型 {base} {what}：{'、'.join(names[:3])} 等 {len(names)} 个；下载是不是没有完成？")


def four_bit_settings(numbers: "torch.dtype") -> Any:
    """nf4 with double quantisation, as in QLoRA (Dettmers and others, 2023, arXiv:2305.14314)."""
    try:
        import bitsandbytes  # noqa: F401
    except ImportError as error:
        raise ShishenError("4 位量化要用 bitsandbytes；请运行 pip install 'shishen[train-large]'。") from error
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=numbers,
    )


def with_adapter(model: "PreTrainedModel", adapter: Path, *, learning: bool = False) -> "PreTrainedModel":
    """The model with an adapter laid over it, set to learn if asked. Raises ShishenError where it was made for another
    model."""
    from peft import PeftModel
    from safetensors import safe_open

    with faults_named(str(adapter)), safe_open(adapter / "adapter_model.safetensors", "pt") as file:
        stored = set(file.keys())
    with faults_named(str(adapter), "这个适配器不是为这个底座训练的"), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        laid = PeftModel.from_pretrained(model, str(adapter), is_trainable=learning)
    from peft import get_peft_model_state_dict

    # peft only warns of weights that find no place, and the model would answer as if it had learned nothing.
    if stored != set(get_peft_model_state_dict(laid)) or any("not found" in str(w.message) for w in said):
        raise ShishenError(f"适配器 {adapter} 的层和底座 {model.config.name_or_path} 对不上；请用它训练时的底座。")
    return laid  # type: ignore[return-value]


@contextmanager
def faults_named(place: str, what: str = "读不了") -> Iterator[None]:
    """What goes wrong while files of a model are read, in one line."""
    from safetensors import SafetensorError

    try:
        yield
    except (
        OSError,
        ValueError,
        KeyError,
        RuntimeError,
        ImportError,
        AttributeError,
        SafetensorError,
        UnpicklingError,
    ) as error:
        if "out of memory" in str(error).lower():
            raise
        words = " ".join(str(error).split())
        if "trust_remote_code" in words:
            words = "它要运行自带的 Python 代码；信得过它时设 trust_code = true"
        elif "Connection" in words or "offline" in words.lower() or "huggingface.co" in words:
            words = "这里连不上模型站，本机也没有它；请先下载到一个文件夹，再写文件夹的路径"
        raise ShishenError(f"模型 {place} {what}：{words[:300]}。") from error


def need_torch() -> Any:
    """torch. Raises ShishenError where it is not installed."""
    # Nobody is to be followed while training on their own recipes.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import torch
        from transformers.utils import logging as transformers_logging
    except ImportError as error:
        raise ShishenError(f"训练和运行本机模型要用 {error.name}；请运行 {EXTRA}。") from error
    if not torch.cuda.is_available():
        # Where DeepSpeed is installed it is imported along, and would tell of it on standard output.
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
    # What a user needs to know is said by us, in one line.
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    # bitsandbytes, which peft imports, tells everybody that a processor has no kernel of its own for it.
    logging.getLogger("bitsandbytes").setLevel(logging.CRITICAL)
    return torch
