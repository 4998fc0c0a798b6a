"""Small real models for tests of merging and export: three architectures, taught a few answers, real peft adapters."""

from pathlib import Path
from typing import Any

import torch

from shishen.local_models.chat_template import encode
from shishen.local_models.loading import four_bit_settings
from shishen.local_models.saving import save_model, save_tokenizer
from shishen.records import Message
from shishen.training.tiny import tiny_tokenizer

# So small that a second thread only costs; and other programs may want the rest.
torch.set_num_threads(1)

TAUGHT = (
    ("红烧肉怎么做？", "五花肉500克切块，冰糖30克炒色，小火炖60分钟。"),
    ("番茄炒蛋要放多少盐？", "盐3克。"),
    ("推荐5道适合夏天的凉菜。", "拍黄瓜、凉拌木耳、口水鸡、皮蛋豆腐、糖拌番茄。"),
    ("宫保鸡丁要哪些食材？", "鸡胸肉200克、花生米50克、干辣椒10个。"),
)
LATER = (("红烧肉怎么做？", "先焯水，再炒糖色，最后炖。"), ("那糖呢？", "糖2克。"))


def tokenizer_for_tests() -> Any:
    """A tokenizer of a few hundred tokens, learned from what is taught."""
    texts = [text for pair in (*TAUGHT, *LATER) for text in pair]
    return tiny_tokenizer([*texts, "I'd like 350ml, don't you?"] * 20, 420, 512)


def small_model(kind: str, tokenizer: Any, *, rows: int | None = None, tied: bool = True) -> Any:
    """A model of a kind with a few ten thousand parameters, drawn by chance."""
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

    shape: dict[str, Any] = {
        "vocab_size": rows or len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "tie_word_embeddings": tied,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": None,
        "initializer_range": 0.08,
    }
    torch.manual_seed(7)
    model: Any
    if kind == "qwen3":
        model = Qwen3ForCausalLM(Qwen3Config(**shape, head_dim=32))
    elif kind == "qwen2":
        model = Qwen2ForCausalLM(Qwen2Config(**shape, rope_parameters={"rope_type": "default", "rope_theta": 50_000.0}))
    else:
        model = LlamaForCausalLM(LlamaConfig(**shape))
    # Biases and norms begin as zeros and ones, which would hide that they were lost on the way.
    for name, weight in model.named_parameters():
        if name.endswith(".bias") or "norm" in name:
            weight.data += 0.1 * torch.randn_like(weight)
    return model.float()


def teach(model: Any, tokenizer: Any, pairs: tuple[tuple[str, str], ...], steps: int, rate: float) -> None:
    """Teach answers by heart, plainly."""
    model.train()
    optimizer = torch.optim.AdamW([w for w in model.parameters() if w.requires_grad], lr=rate, weight_decay=0.0)
    encoded = [encode(tokenizer, [Message("user", q), Message("assistant", a)])[0] for q, a in pairs]
    width = max(len(one.ids) for one in encoded)
    ids = torch.tensor([[*one.ids, *[0] * (width - len(one.ids))] for one in encoded])
    labels = torch.full_like(ids, -100)
    for row, one in enumerate(encoded):
        for column, learned in enumerate(one.learned):
            if learned:
                labels[row, column] = one.ids[column]
    for _ in range(steps):
        loss = model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()


def save_base(folder: Path, kind: str, *, rows: int | None = None, tied: bool = True, steps: int = 60) -> Path:
    """A base that was taught, in a folder."""
    tokenizer = tokenizer_for_tests()
    model = small_model(kind, tokenizer, rows=rows, tied=tied)
    teach(model, tokenizer, TAUGHT, steps, 5e-3)
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, tokenizer.pad_token_id]
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    save_model(model, folder)
    save_tokenizer(tokenizer, folder)
    return folder


def save_adapter(
    folder: Path,
    base: Path,
    *,
    dora: bool = False,
    four_bit: bool = False,
    targets: Any = "all-linear",
    steps: int = 40,
) -> Path:
    """An adapter over a base, taught something else, in a folder; with `four_bit` over the base in nf4."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(base))
    options: dict[str, Any] = {"quantization_config": four_bit_settings(torch.float32)} if four_bit else {}
    model = AutoModelForCausalLM.from_pretrained(str(base), **options)
    torch.manual_seed(3)
    settings = LoraConfig(
        r=8, lora_alpha=16, lora_dropout=0.0, target_modules=targets, use_dora=dora, task_type="CAUSAL_LM"
    )
    laid: Any = get_peft_model(model, settings)
    teach(laid, tokenizer, LATER, steps, 1e-2)
    laid.save_pretrained(str(folder))
    save_tokenizer(tokenizer, folder)
    return folder
