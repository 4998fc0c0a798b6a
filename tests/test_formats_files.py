"""Files of training data: conversions, what stands beside them, full disks, and the programs that read them."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from shishen.errors import NotFound, ShishenError
from shishen.examples import Example, encode_example
from shishen.training.formats import find_format
from shishen.training.formats.conversion import convert
from shishen.training.formats.dataset_info import write_dataset_info
from shishen.training.formats.files import read_format, write_format
from tests.test_formats import NAMES, TURNS, example_of, said

OURS = [example_of(TURNS, "你是厨师"), example_of(TURNS[:1])]


def dataset_of(folder: Path, examples: list[Example] | None = None) -> Path:
    """A dataset folder of ours."""
    folder.mkdir()
    for split in ("train", "dev", "test"):
        (folder / f"{split}.jsonl").write_bytes(b"".join(encode_example(e) for e in examples or OURS))
    (folder / "dataset.json").write_text("{}", encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_dataset_folder_goes_out_with_the_names_that_the_program_looks_for(name: str, tmp_path: Path) -> None:
    done = convert(dataset_of(tmp_path / "ours"), tmp_path / "out", name)
    assert (done.written, done.rejected) == (6, 0)
    assert [path.name for path in done.files] == list(find_format(name).files.values())
    beside = {path.name for path in (tmp_path / "out").iterdir()} - {path.name for path in done.files}
    assert beside == ({"dataset_info.json"} if name in ("alpaca", "sharegpt", "messages") else set())
    back = convert(tmp_path / "out", tmp_path / "back", "examples")
    assert back.written == 6
    assert said(list(read_format(tmp_path / "back" / "dev.jsonl", find_format("examples")))) == [
        e.messages for e in OURS
    ]


def test_a_file_goes_into_a_file_or_a_folder(tmp_path: Path) -> None:
    write_format(OURS, find_format("alpaca"), tmp_path / "mine.json")
    done = convert(tmp_path / "mine.json", tmp_path / "deep" / "er" / "x.json", "sharegpt")
    assert done.files == (tmp_path / "deep" / "er" / "x.json",)
    entries = json.loads((tmp_path / "deep" / "er" / "dataset_info.json").read_text(encoding="utf-8"))
    assert entries["shishen_x"]["file_name"] == "x.json"
    done = convert(tmp_path / "deep" / "er" / "x.json", tmp_path / "folder", "paddlenlp", "sharegpt")
    assert done.files == (tmp_path / "folder" / "train.json",)


def test_rejected_rows_are_counted_and_the_first_are_shown(tmp_path: Path) -> None:
    rows = [{"messages": [{"role": "user", "content": "q"}]}] * 30 + [
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    ]
    (tmp_path / "data.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    done = convert(tmp_path / "data.jsonl", tmp_path / "out", "xtuner")
    assert (done.written, done.rejected, len(done.first_rejected)) == (1, 30, 20)
    assert (done.first_rejected[0].line, done.first_rejected[0].reason) == (
        1,
        "只有问题，没有回答（没有 assistant 消息）",
    )


def test_nothing_is_written_where_nothing_is_of_use(tmp_path: Path) -> None:
    source = tmp_path / "data.jsonl"
    source.write_text('{"messages": [{"role": "user", "content": "q"}]}\n' * 3, encoding="utf-8")
    with pytest.raises(ShishenError, match=r"没有一条能用的对话（例如：只有问题.*什么也没有写"):
        convert(source, tmp_path / "out", "alpaca")
    assert not list((tmp_path / "out").iterdir())


def test_a_split_that_is_broken_leaves_all_splits_as_they_were(tmp_path: Path) -> None:
    ours = dataset_of(tmp_path / "ours")
    (ours / "test.jsonl").write_bytes(b"what is this\n" * 30)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "train.json").write_text("before", encoding="utf-8")
    with pytest.raises(ShishenError, match=r"test\.jsonl"):
        convert(ours, tmp_path / "out", "sharegpt", "examples")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["train.json"]
    assert (tmp_path / "out" / "train.json").read_text(encoding="utf-8") == "before"


def test_what_is_read_is_never_written_over(tmp_path: Path) -> None:
    ours = dataset_of(tmp_path / "ours")
    before = (ours / "train.jsonl").read_bytes()
    with pytest.raises(ShishenError, match="正是要读的文件"):
        convert(ours, ours, "messages")
    other = dataset_of(tmp_path / "other")
    with pytest.raises(ShishenError, match="是一个数据集的文件"):
        convert(ours, other, "messages")
    with pytest.raises(ShishenError, match="请给出一个目标文件夹"):
        convert(ours, tmp_path / "x.jsonl", "messages")
    with pytest.raises(NotFound, match="请检查路径"):
        convert(tmp_path / "nowhere", tmp_path / "x.jsonl", "messages")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match=r"里没有 train\.jsonl"):
        convert(tmp_path / "empty", tmp_path / "y", "messages")
    assert (ours / "train.jsonl").read_bytes() == before
    assert (other / "train.jsonl").read_bytes() == before


def test_dataset_info_has_llama_factorys_keys_and_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text('{"别人的": {"hf_hub_url": "a/b"}}', encoding="utf-8")
    write_dataset_info(tmp_path, find_format("alpaca"), ["train.json", "dev.json"])
    write_dataset_info(tmp_path, find_format("sharegpt"), ["talks.json"])
    write_dataset_info(tmp_path, find_format("messages"), ["openai.jsonl"])
    assert json.loads((tmp_path / "dataset_info.json").read_text(encoding="utf-8")) == {
        "别人的": {"hf_hub_url": "a/b"},
        **{
            f"shishen_{split}": {
                "file_name": f"{split}.json",
                "formatting": "alpaca",
                "columns": {
                    "prompt": "instruction",
                    "query": "input",
                    "response": "output",
                    "system": "system",
                    "history": "history",
                },
            }
            for split in ("train", "dev")
        },
        "shishen_talks": {
            "file_name": "talks.json",
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "system": "system"},
            "tags": {
                "role_tag": "from",
                "content_tag": "value",
                "user_tag": "human",
                "assistant_tag": "gpt",
                "system_tag": "system",
            },
        },
        "shishen_openai": {
            "file_name": "openai.jsonl",
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": {
                "role_tag": "role",
                "content_tag": "content",
                "user_tag": "user",
                "assistant_tag": "assistant",
                "system_tag": "system",
            },
        },
    }


def test_a_broken_dataset_info_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "out" / "dataset_info.json"
    path.parent.mkdir()
    for content in ('{"half": ', "[]"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ShishenError, match="请修好或移走它"):
            convert(dataset_of(tmp_path / f"ours{len(content)}"), tmp_path / "out", "alpaca")
        assert [p.name for p in path.parent.iterdir()] == ["dataset_info.json"]
        assert path.read_text(encoding="utf-8") == content


@pytest.mark.parametrize("name", ["alpaca", "messages"])
def test_a_full_disk_leaves_nothing_half(name: str, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("before", encoding="utf-8")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        with pytest.raises(ShishenError, match=r"写不了 .*请检查磁盘空间"):
            write_format(OURS * 10_000, find_format(name), target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.json"]
    assert target.read_text(encoding="utf-8") == "before"


# The peak of this process alone: what getrusage says begins with the parent's.
MEASURE = """
import re, sys
from pathlib import Path
from shishen.training.formats.conversion import convert
convert(Path(sys.argv[1]), Path(sys.argv[3]), "xtuner")
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
done = convert(Path(sys.argv[2]), Path(sys.argv[3]), "xtuner")
print(done.written, peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("name", ["sharegpt", "prompt-completion"])
def test_a_large_file_goes_through_in_little_memory(name: str, tmp_path: Path) -> None:
    answer = "五花肉切块，冷水下锅焯水，捞出沥干。" * 120
    small, large = tmp_path / "small.json", tmp_path / "large.json"
    write_format(OURS, find_format(name), small)
    made = (example_of([(f"第 {n} 道菜怎么做？", answer)]) for n in range(10_000))
    assert write_format(made, find_format(name), large) == 10_000
    assert large.stat().st_size > 60_000_000
    output = subprocess.run(
        [sys.executable, "-c", MEASURE, str(small), str(large), str(tmp_path / "out.json")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    written, grown_kb = map(int, output.split())
    assert written == 10_000
    assert grown_kb < 30_000


def load(path: Path, cache: Path) -> list[dict[str, object]]:
    """The rows as Hugging Face's loader gives them, which TRL, LLaMA-Factory, ms-swift and ChatGLM3's script use."""
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(cache))
    return list(loaded)


@pytest.mark.parametrize("name", NAMES)
def test_the_loader_that_most_programs_use_reads_every_row(name: str, tmp_path: Path) -> None:
    path = tmp_path / find_format(name).files["train"]
    write_format([*OURS, example_of([('引号"与\n换行\u2028', "🍲 ['盐']")])], find_format(name), path)
    content = path.read_text(encoding="utf-8")
    ours = json.loads(content) if content.startswith("[") else [json.loads(row) for row in content.split("\n") if row]
    theirs = load(path, tmp_path / "cache")
    assert len(theirs) == len(ours)
    for mine, their in zip(ours, theirs, strict=True):
        assert {key: their[key] for key in mine} == mine


CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def test_trl_renders_what_is_written(tmp_path: Path) -> None:
    trl = pytest.importorskip("trl")
    tokenizers = pytest.importorskip("tokenizers")
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokenizers.Tokenizer(tokenizers.models.BPE()))
    tokenizer.chat_template = CHATML
    whole = "".join(f"<|im_start|>{m.role}\n{m.content}<|im_end|>\n" for m in OURS[0].messages)
    write_format(OURS, find_format("messages"), tmp_path / "m.jsonl")
    rows = load(tmp_path / "m.jsonl", tmp_path / "cache")
    assert trl.maybe_apply_chat_template(rows[0], tokenizer)["text"] == whole
    write_format(OURS, find_format("prompt-completion"), tmp_path / "p.jsonl")
    first, second, _ = load(tmp_path / "p.jsonl", tmp_path / "cache")
    # Each answer is learned once, after all that was said before it.
    assert trl.maybe_apply_chat_template(first, tokenizer)["completion"] == f"{TURNS[0][1]}<|im_end|>\n"
    rendered = trl.maybe_apply_chat_template(second, tokenizer)
    assert rendered["prompt"] + rendered["completion"] == whole
    assert rendered["completion"] == f"{TURNS[1][1]}<|im_end|>\n"
