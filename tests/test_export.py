"""Export: GGUF and the files of other programs, from an adapter or a whole model; refused where it would be wrong."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gguf")
pytest.importorskip("peft")

import gguf
from tokenizers import Regex, normalizers, pre_tokenizers

from shishen.errors import ShishenError
from shishen.local_models.folder import examine
from shishen.local_models.loading import load_tokenizer
from shishen.local_models.saving import save_tokenizer
from shishen.local_models.trained_model import model_at
from shishen.records import Message
from shishen.stages.export import export
from shishen.training.export import llama_cpp
from shishen.training.export.gguf import check_kind
from shishen.training.export.pre_tokenizers import known, recognised, splitter
from shishen.training.export.vocabulary import read_vocabulary, vocabulary
from tests.small_models import save_adapter, save_base, tokenizer_for_tests

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning:transformers", "ignore::UserWarning:peft")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen2-shaped base with biases and more rows than tokens, and an adapter over it."""
    root = tmp_path_factory.mktemp("export")
    save_adapter(root / "adapter", save_base(root / "base", "qwen2", rows=450))
    return root


@pytest.fixture(scope="module")
def exported(made: Path) -> Path:
    """The adapter in every format."""
    export(model_at(made / "adapter"), made / "My Cook", system="你是食神。")
    return made / "My Cook"


def test_every_format_from_an_adapter(exported: Path) -> None:
    record = json.loads((exported / "exported.json").read_text())
    assert {"my-cook-f16.gguf", "my-cook-q8_0.gguf", "Modelfile", "lmdeploy.json", "chat_template.jinja"} < set(
        record["files"]
    )
    forms = [one["form"] for one in record["parity"]]
    assert forms[:2] == ["合并后的模型（fp32）", "合并后的文件夹（fp32）"]
    assert {"my-cook-f16.gguf", "my-cook-q8_0.gguf"} <= set(forms)
    assert all(one["prompts"] == 10 for one in record["parity"])
    assert load_tokenizer(examine(exported / "model")).chat_template == (exported / "chat_template.jinja").read_text()


def test_what_a_gguf_file_says(exported: Path) -> None:
    reader = gguf.GGUFReader(str(exported / "my-cook-q8_0.gguf"))
    fields = {name: field.contents() for name, field in reader.fields.items()}
    assert fields["general.architecture"] == "qwen2"
    assert fields["qwen2.rope.freq_base"] == 50_000.0
    assert fields["tokenizer.ggml.pre"] == "qwen2"
    assert fields["tokenizer.ggml.add_bos_token"] is False
    types = {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
    assert types["blk.0.attn_q.weight"] == "Q8_0"
    assert types["blk.0.attn_q.bias"] == types["output_norm.weight"] == "F32"
    assert "output.weight" not in types
    words = read_vocabulary(exported / "my-cook-q8_0.gguf")
    assert len(words.tokens) == 450
    assert (words.tokens[449], words.types[449]) == ("[PAD449]", 5)
    named = {words.tokens[end] for end in words.ends}
    assert named == {"<|im_end|>", "<|endoftext|>"}
    assert words.types[words.tokens.index("<|im_end|>")] == 3


def test_the_modelfile(exported: Path) -> None:
    text = (exported / "Modelfile").read_text()
    assert text.startswith("FROM ./my-cook-q8_0.gguf\n")
    assert '{{ if eq .Role "system" }}<|im_start|>system\n{{ .Content }}<|im_end|>\n{{ else if' in text
    assert '{{ end }}{{ end }}<|im_start|>assistant\n"""' in text
    assert 'SYSTEM """你是食神。"""' in text
    assert 'PARAMETER stop "<|im_end|>"' in text
    assert 'PARAMETER stop "<|endoftext|>"' in text
    assert "PARAMETER num_ctx 512" in text


def test_the_template_of_lmdeploy_renders_as_the_model_does(exported: Path) -> None:
    fields = json.loads((exported / "lmdeploy.json").read_text())
    assert fields["stop_words"] == ["<|endoftext|>", "<|im_end|>"]
    # As its documentation has it: {system}{meta_instruction}{eosys}{user}{…}{eoh}{assistant}{…}{eoa}{separator}{user}…
    text = fields["system"] + fields["meta_instruction"] + fields["eosys"]
    text += fields["user"] + "甲" + fields["eoh"] + fields["assistant"] + "乙" + fields["eoa"] + fields["separator"]
    text += fields["user"] + "丙" + fields["eoh"] + fields["assistant"]
    tokenizer = load_tokenizer(examine(exported / "model"))
    turns = [("system", "你是食神。"), ("user", "甲"), ("assistant", "乙"), ("user", "丙")]
    dialogue = [{"role": role, "content": said} for role, said in turns]
    assert text == tokenizer.apply_chat_template(dialogue, tokenize=False, add_generation_prompt=True)


def test_the_commands_say_what_was_not_tried(exported: Path) -> None:
    text = (exported / "启动.md").read_text()
    for command in (
        "ollama create my-cook -f Modelfile",
        "lmdeploy serve api_server ./model --model-name my-cook --chat-template ./lmdeploy.json",
        "vllm serve ./model --served-model-name my-cook --chat-template ./chat_template.jinja",
    ):
        assert command in text
    assert text.count("没有在这里试过") == 3
    assert ("没有用 llama.cpp 试过" in text) != llama_cpp.installed()


def test_a_whole_model_is_exported_where_it_is(made: Path, tmp_path: Path) -> None:
    done = export(model_at(made / "base"), tmp_path / "out", ("vllm", "gguf-f16"), name="厨师 2")
    assert done.adapter is None
    assert set(done.files) == {"2-f16.gguf", "chat_template.jinja", "启动.md"}
    path = os.path.relpath(made / "base", tmp_path / "out")
    assert f"vllm serve {path} " in (tmp_path / "out" / "启动.md").read_text()


def test_given_prompts_are_asked_too(made: Path, tmp_path: Path) -> None:
    prompts = ((Message("user", "再来一个问题"),), (Message("user", "长" * 2000),))
    done = export(model_at(made / "base"), tmp_path / "out", ("gguf-q8_0",), prompts=prompts)
    # One has no room in this model.
    assert done.parity[-1].prompts == 11


def test_a_template_that_begins_with_a_token_says_so(tmp_path: Path) -> None:
    base = save_base(tmp_path / "base", "llama", steps=5)
    tokenizer: Any = tokenizer_for_tests()
    tokenizer.bos_token = "<|endoftext|>"
    template = Path(sys.modules["shishen.local_models"].__path__[0]) / "templates" / "internlm2.jinja"
    tokenizer.chat_template = template.read_text()
    save_tokenizer(tokenizer, base)
    export(model_at(base), tmp_path / "out", ("gguf-f16", "ollama"))
    words = read_vocabulary(tmp_path / "out" / "out-f16.gguf")
    assert words.add_bos
    # Ollama puts it there by the file: not twice.
    assert 'TEMPLATE """{{ range' in (tmp_path / "out" / "Modelfile").read_text()


@pytest.mark.parametrize(
    ("formats", "words"),
    [
        (("gguf-q4", "awq"), "没有 gguf-q4、awq 这种"),
        ((), "没有说要导出什么"),
        (("ollama",), "ollama 要用 GGUF"),
    ],
)
def test_formats_that_cannot_be(made: Path, tmp_path: Path, formats: tuple[str, ...], words: str) -> None:
    with pytest.raises(ShishenError, match=words):
        export(model_at(made / "base"), tmp_path / "out", formats)
    assert not (tmp_path / "out").exists()


def test_a_template_of_another_kind_is_refused_for_ollama(tmp_path: Path) -> None:
    base = save_base(tmp_path / "base", "qwen2", steps=1)
    tokenizer: Any = tokenizer_for_tests()
    # The question stands at the end again: no pieces around turns make this.
    tokenizer.chat_template += "{% if add_generation_prompt %}{{ messages[-1]['content'] }}{% endif %}"
    save_tokenizer(tokenizer, base)
    with pytest.raises(ShishenError, match="ollama 的写法表达不了"):
        export(model_at(base), tmp_path / "out", ("gguf-f16", "ollama"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base"]


def test_of_all_formats_those_that_cannot_say_the_model_are_left_out_with_the_reason(tmp_path: Path) -> None:
    base = save_base(tmp_path / "base", "qwen3", steps=1)
    tokenizer: Any = tokenizer_for_tests()
    # As Qwen3 does with thinking turned off: the answer asked for begins otherwise than those given.
    tokenizer.chat_template = tokenizer.chat_template.replace("assistant\\n", "assistant\\n无思考\\n")
    save_tokenizer(tokenizer, base)
    done = export(model_at(base), tmp_path / "out")
    assert done.formats == ("gguf-f16", "gguf-q8_0", "ollama", "vllm")
    assert "开始回答时写的字" in done.left_out["lmdeploy"]
    assert done.left_out["lmdeploy"] in (tmp_path / "out" / "启动.md").read_text()
    assert '<|im_start|>assistant\n无思考\n"""' in (tmp_path / "out" / "Modelfile").read_text()
    with pytest.raises(ShishenError, match="LMDeploy"):
        export(model_at(base), tmp_path / "named", ("lmdeploy",))

    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    save_tokenizer(tokenizer, base)
    bare = export(model_at(base), tmp_path / "bare")
    assert bare.formats == ("vllm",)
    assert set(bare.files) == {"chat_template.jinja", "启动.md"}


@pytest.mark.parametrize("name", ["qwen2", "llama-bpe", "gpt-2", "smollm"])
def test_ways_of_parting_are_told_apart(name: str) -> None:
    backend = tokenizer_for_tests().backend_tokenizer
    backend.pre_tokenizer = splitter(known()[name])
    assert recognised(backend) == name


def test_our_tiny_tokenizer_parts_as_qwen_does() -> None:
    assert recognised(tokenizer_for_tests().backend_tokenizer) == "qwen2"


@pytest.mark.parametrize(
    "way",
    [
        pre_tokenizers.ByteLevel(add_prefix_space=True),
        pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"\s+"), "isolated"), pre_tokenizers.ByteLevel(False)]),
        pre_tokenizers.Whitespace(),
        pre_tokenizers.Metaspace(),
        None,
    ],
)
def test_an_unknown_way_is_refused(way: Any) -> None:
    backend = tokenizer_for_tests().backend_tokenizer
    if way is None:
        way = pre_tokenizers.Sequence([pre_tokenizers.Punctuation(), pre_tokenizers.ByteLevel(False)])
    backend.pre_tokenizer = way
    with pytest.raises(ShishenError, match=r"convert_hf_to_gguf\.py"):
        recognised(backend)


def test_texts_that_are_rewritten_first_are_refused() -> None:
    tokenizer: Any = tokenizer_for_tests()
    tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
    with pytest.raises(ShishenError, match="改写文字（Lowercase）"):
        vocabulary(tokenizer, frozenset({2}), 2, 450)


def test_a_vocabulary_larger_than_the_model_is_refused() -> None:
    tokenizer: Any = tokenizer_for_tests()
    with pytest.raises(ShishenError, match="模型只有 300 个"):
        vocabulary(tokenizer, frozenset({2}), 2, 300)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_type": "gpt2"}, "还不会把 gpt2 写成 GGUF.*convert_hf_to_gguf"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e6, "factor": 4.0}}, "rope_type = yarn"),
        ({"use_sliding_window": True}, "滑动窗口"),
        ({"hidden_act": "gelu"}, "gelu"),
    ],
)
def test_models_that_are_not_written_here(changes: dict[str, Any], words: str) -> None:
    from transformers import Qwen2Config

    config: Any = Qwen2Config()
    check_kind(config)
    for name, value in changes.items():
        object.__setattr__(config, name, value)
    with pytest.raises(ShishenError, match=words):
        check_kind(config)


def test_a_full_disk_leaves_nothing(made: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from shishen.errors import ShishenError\n"
        "from shishen.stages.export import export; from shishen.local_models.trained_model import model_at\n"
        "try: export(model_at(sys.argv[1]), Path(sys.argv[2]), ('gguf-f16',))\n"
        "except ShishenError as error: print(error); sys.exit(2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(made / "base"), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)),
    )
    assert done.returncode == 2, done.stderr
    assert "磁盘满了" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_failing_gate_leaves_nothing(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from shishen.training.export import gguf as writing

    # As if the order of Llama's keys were laid upon Qwen's.
    monkeypatch.setattr(writing, "_as_there", lambda name, tensor, _: tensor.flip(0) if "v_proj.w" in name else tensor)
    with pytest.raises(ShishenError, match=r"out-f16\.gguf 的输出偏了.*第 \d+ 个提问"):
        export(model_at(made / "base"), tmp_path / "out", ("gguf-f16",))
    assert list(tmp_path.iterdir()) == []
