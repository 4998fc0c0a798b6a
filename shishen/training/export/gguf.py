"""A model folder → a GGUF file, in f16 or q8_0, tensor by tensor; and what such a file holds, read back.

Written as llama.cpp's convert_hf_to_gguf.py writes it (https://github.com/ggml-org/llama.cpp), for the kinds of model
in `KINDS`; any other is refused, since a file with one thing left out loads well and answers nonsense.
"""

import io
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shishen.errors import ShishenError
from shishen.local_models.chat_template import answer_end
from shishen.local_models.folder import configuration
from shishen.local_models.loading import faults_named
from shishen.training.export.inexpressible import Inexpressible
from shishen.training.export.vocabulary import Vocabulary, vocabulary, write_vocabulary

if TYPE_CHECKING:
    import torch

Kind = Literal["f16", "q8_0"]
# By the `model_type` of config.json: the name of the architecture there.
KINDS = {"qwen2": "QWEN2", "qwen3": "QWEN3", "llama": "LLAMA"}
_OTHER_TOOL = "请用 llama.cpp 的 convert_hf_to_gguf.py 转换"
# What GGUF says of the shape, by what config.json calls it.
_SHAPE = {
    "vocab_size": "vocab_size",
    "max_position_embeddings": "context_length",
    "hidden_size": "embedding_length",
    "num_hidden_layers": "block_count",
    "intermediate_size": "feed_forward_length",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
}
# Values of q8_0 come in blocks of 32 with one scale.
_BLOCK = 32


def write_gguf(folder: Path, target: Path, kind: Kind, tokenizer: Any, ends: frozenset[int], name: str) -> Vocabulary:
    """The model of a folder (safetensors) into a file; what was written of its vocabulary.

    Raises ShishenError for a kind of model, of positions or of tokenizer that cannot be written right.
    """
    import gguf
    from transformers import AutoConfig

    with faults_named(str(folder)):
        config = AutoConfig.from_pretrained(str(folder))
    check_kind(config)
    architecture = getattr(gguf.MODEL_ARCH, KINDS[config.model_type])
    words = vocabulary(tokenizer, ends, answer_end(tokenizer), config.vocab_size)
    writer = gguf.GGUFWriter(None, gguf.MODEL_ARCH_NAMES[architecture])
    try:
        _write_shape(writer, config, kind, name)
        write_vocabulary(writer, words)
        names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
        # Twice through the weights, so that never more than one of them is in memory: shapes first, numbers then.
        for tensor_name, tensor in _tensors(folder, names, config):
            raw = _raw_type(tensor, kind)
            shape = gguf.quant_shape_to_byte_shape(tensor.shape, raw) if raw == _q8() else tuple(tensor.shape)
            size = {gguf.GGMLQuantizationType.F32: 4, gguf.GGMLQuantizationType.F16: 2}.get(raw, 1)
            width = {4: "float32", 2: "float16", 1: "uint8"}[size]
            count = 1
            for side in shape:
                count *= side
            writer.add_tensor_info(tensor_name, shape, _number_type(width), count * size, raw_dtype=raw)
        writer.write_header_to_file(path=target)
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor_name, tensor in _tensors(folder, names, config):
            writer.write_tensor_data(_numbers(tensor, _raw_type(tensor, kind), tensor_name))
    finally:
        writer.close()
    return words


def check_kind(config: Any) -> None:
    """Raises Inexpressible for a model that is not written here, with what can."""
    if config.model_type not in KINDS:
        raise Inexpressible(f"这里还不会把 {config.model_type} 写成 GGUF（会的有 {'、'.join(KINDS)}）；{_OTHER_TOOL}。")
    positions = getattr(config, "rope_parameters", None) or {}
    kind = positions.get("rope_type", "default")
    if kind != "default" or positions.get("partial_rotary_factor", 1) != 1:
        raise Inexpressible(f"这个模型的位置编码（rope_type = {kind}）这里还不会写成 GGUF；{_OTHER_TOOL}。")
    if getattr(config, "use_sliding_window", False):
        raise Inexpressible(f"这个模型用滑动窗口注意力，这里还不会写成 GGUF；{_OTHER_TOOL}。")
    if config.hidden_act != "silu":
        raise Inexpressible(f"这个模型的激活函数是 {config.hidden_act}，GGUF 里这类模型只有 silu；{_OTHER_TOOL}。")


def _write_shape(writer: Any, config: Any, kind: Kind, name: str) -> None:
    import gguf

    head = _head_width(config)
    writer.add_type("model")
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16 if kind == "f16" else gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(float((getattr(config, "rope_parameters", None) or {}).get("rope_theta", 10_000.0)))
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)


def _tensors(folder: Path, names: Any, config: Any) -> Iterator[tuple[str, "torch.Tensor"]]:
    """(name in GGUF, tensor), one at a time. Raises ShishenError for one that has no place there."""
    from safetensors import safe_open

    for file in _files(folder):
        with faults_named(str(file)), safe_open(file, "pt") as opened:
            stored = sorted(opened.keys())
        for stored_name in stored:
            if stored_name.endswith("rotary_emb.inv_freq"):
                continue
            if stored_name == "lm_head.weight" and config.tie_word_embeddings:
                continue
            found = names.get_name(stored_name, try_suffixes=(".weight", ".bias"))
            if found is None:
                raise Inexpressible(f"{folder} 里的 {stored_name} 在 GGUF 里没有位置；{_OTHER_TOOL}。")
            with faults_named(str(file)), safe_open(file, "pt") as opened:
                tensor = opened.get_tensor(stored_name)
            yield found, _as_there(stored_name, tensor, config)


def _files(folder: Path) -> list[Path]:
    """The files of the weights: by the index where there is one, since other safetensors may lie about."""
    if (folder / "model.safetensors.index.json").is_file():
        listed = configuration(folder, "model.safetensors.index.json").get("weight_map")
        if not isinstance(listed, dict):
            raise ShishenError(f"{folder / 'model.safetensors.index.json'} 里没有 weight_map。")
        return [folder / str(file) for file in sorted(set(listed.values()))]
    single = folder / "model.safetensors"
    return [single] if single.is_file() else sorted(folder.glob("*.safetensors"))


def _as_there(name: str, tensor: "torch.Tensor", config: Any) -> "torch.Tensor":
    """The tensor as llama.cpp wants it: Llama's queries and keys in the order of the first Llama, where the two halves
    of a position's rotation lie side by side.
    """
    layer = name.rpartition("self_attn.")[2].partition(".")[0]
    if config.model_type != "llama" or layer not in ("q_proj", "k_proj"):
        return tensor
    heads = config.num_attention_heads if layer == "q_proj" else config.num_key_value_heads
    half = tensor.shape[0] // heads // 2
    return tensor.reshape(heads, 2, half, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)


def _raw_type(tensor: "torch.Tensor", kind: Kind) -> Any:
    """Norms and biases whole, as llama.cpp has them; rows that are no whole blocks in f16."""
    import gguf

    if tensor.dim() < 2:
        return gguf.GGMLQuantizationType.F32
    if kind == "q8_0" and tensor.shape[-1] % _BLOCK == 0:
        return gguf.GGMLQuantizationType.Q8_0
    return gguf.GGMLQuantizationType.F16


def _numbers(tensor: "torch.Tensor", raw: Any, name: str) -> Any:
    import gguf
    import numpy

    whole = tensor.float().contiguous().numpy()
    if raw == gguf.GGMLQuantizationType.F16 and float(numpy.abs(whole).max(initial=0)) > 65_504:
        raise ShishenError(f"{name} 里有 f16 装不下的数；请导出 q8_0，或用 llama.cpp 的 convert_hf_to_gguf.py。")
    return gguf.quantize(whole, raw)


def _head_width(config: Any) -> int:
    width = getattr(config, "head_dim", None)
    return int(width or config.hidden_size // config.num_attention_heads)


def _q8() -> Any:
    import gguf

    return gguf.GGMLQuantizationType.Q8_0


def _number_type(name: str) -> Any:
    import numpy

    return numpy.dtype(name)


def read_model(path: Path, folder: Path) -> Any:
    """The model of a file with its weights as fp32, by transformers' own reader of weights. Raises ShishenError.

    Its shape is the file's; of the folder it was made of, only what GGUF does not say (transformers' own reader of
    shapes leaves out the width of Qwen3's heads).
    """
    import gguf
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with faults_named(str(path)):
        reader = gguf.GGUFReader(str(path))
        config = AutoConfig.from_pretrained(str(folder))
    said = {name.partition(".")[2]: field.contents() for name, field in reader.fields.items() if "." in name}
    try:
        for name, key in _SHAPE.items():
            setattr(config, name, said[key])
        config.head_dim = said["attention.key_length"]
        config.rope_parameters = {"rope_type": "default", "rope_theta": said["rope.freq_base"]}
    except KeyError as error:
        raise ShishenError(f"{path} 里没有写 {error.args[0]}。") from error
    config.tie_word_embeddings = not any(tensor.name == "output.weight" for tensor in reader.tensors)
    # Its reader draws a progress bar that cannot be turned off.
    with faults_named(str(path)), redirect_stderr(io.StringIO()):
        model: Any = AutoModelForCausalLM.from_pretrained(
            str(path.parent), gguf_file=path.name, config=config, dtype=torch.float32
        )
    return model.eval()


def check_weights(path: Path, read: Any, folder: Path, kind: Kind) -> None:
    """Every number of a file against that of the folder that it was made of, to within half a step of its kind.

    Raises ShishenError with the tensor and the place: a fault in one number is too small for logits to tell.
    """
    import torch
    from safetensors import safe_open

    own = read.state_dict()
    for file in _files(folder):
        with safe_open(file, "pt") as opened:
            for name in opened.keys():  # noqa: SIM118
                if name not in own:
                    continue
                expected = opened.get_tensor(name).float()
                # A step of f16 is 2^-10 of its number's power of two; below 2^-14 it is 2^-24.
                step = expected.abs() * 2**-10 + 2**-24
                if kind == "q8_0" and expected.dim() >= 2 and expected.shape[-1] % _BLOCK == 0:
                    blocks = expected.reshape(-1, _BLOCK).abs().amax(dim=1, keepdim=True)
                    # The scale is itself rounded to f16: by 2^-11 of up to 127 steps, or where it is below 2^-14 by
                    # 2^-25 for each of them.
                    step = (blocks / 127 * 1.2 + 254 * 2**-25).expand(-1, _BLOCK).reshape(expected.shape)
                elif expected.dim() < 2:
                    step = expected.abs() * 2**-20
                beyond = (own[name].float() - expected).abs() > step * 0.5 + 1e-9
                if own[name].shape != expected.shape or bool(beyond.any()):
                    place = torch.nonzero(beyond)[0].tolist() if own[name].shape == expected.shape else "形状"
                    raise ShishenError(f"{path.name} 里 {name} 的数和模型的不一样（第一处：{place}）。")
