"""What of a model learns: all of it, or an adapter laid over it. Model in, model out; the loop is the same for all."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shishen.errors import ShishenError
from shishen.local_models.folder import checked_adapter
from shishen.local_models.loading import with_adapter
from shishen.training.run_config import RunConfig

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def adapt(model: "PreTrainedModel", config: RunConfig) -> "PreTrainedModel":
    """The model with what learns set to do so. `full`: all weights; else low-rank adapters: LoRA (Hu and others,
    arXiv:2106.09685), over 4-bit weights QLoRA (arXiv:2305.14314), with magnitudes apart DoRA (arXiv:2402.09353).

    Raises ShishenError where the layers named are not in the model.
    """
    # What peft and we still use of transformers is none of the user's business.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return _adapt(model, config)


def _adapt(model: "PreTrainedModel", config: RunConfig) -> "PreTrainedModel":
    import torch

    if config.method == "full":
        for weight in model.parameters():
            weight.requires_grad_(True)
        adapted: Any = model
    else:
        # An adapter begins by chance: the same for the same seed, in every process.
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            adapted = _with_adapter(model, config)
    if config.gradient_checkpointing:
        adapted.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        if config.method != "full":
            adapted.enable_input_require_grads()
    return adapted  # type: ignore[no-any-return]


def _with_adapter(model: "PreTrainedModel", config: RunConfig) -> Any:
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    if config.method == "qlora":
        # Checkpointing is set by `adapt`, for every method in the same way.
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
        parts: list[Any] = list(model.modules())
        for part in parts:
            # On some processors bitsandbytes repacks its weights at the first evaluation into a form that no gradient
            # passes through, and does not pack them back for training.
            if hasattr(part, "support_avx512bf16_for_cpu"):
                part.support_avx512bf16_for_cpu = False
    if config.adapter:
        return with_adapter(model, checked_adapter(Path(config.adapter).expanduser()), learning=True)
    targets: Any = list(config.lora.targets)
    settings = LoraConfig(
        r=config.lora.rank,
        lora_alpha=config.lora.alpha,  # type: ignore[arg-type]
        lora_dropout=config.lora.dropout,
        target_modules="all-linear" if targets == ["all-linear"] else targets,
        use_dora=config.method == "dora",
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(model, settings)
    except ValueError as error:
        names = sorted({name.rpartition(".")[2] for name, part in model.named_modules() if hasattr(part, "weight")})
        raise ShishenError(
            f"lora.targets = {targets} 在这个模型里找不到；它的层有：{'、'.join(names[:20])}，或写 all-linear。"
        ) from error


def learning_parameters(model: Any) -> tuple[int, int]:
    """(parameters that learn, all parameters)."""
    counts = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, learns in counts if learns), sum(n for n, _ in counts)
