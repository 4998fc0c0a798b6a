"""One contract over every engine found: a file an engine, listed anywhere, built when used."""

import importlib.util
import inspect
import pkgutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest
from msgspec import Struct

from shishen import engines
from shishen.engines import KINDS, EngineInfo
from shishen.errors import NotFound, ShishenError
from shishen.kitchen import Kitchen
from shishen.pages import Page
from shishen.protocols import Entry, Index
from shishen.records import Answer, Draft, Message, Question, State
from shishen.settings import DEFAULT_ENGINES
from shishen.source_file import SourceFile
from tests.samples import SAMPLES
from tests.taught_models import said, untaught

ROOT = Path(__file__).parent.parent
FILES = [
    (path.parent.name, path.stem)
    for path in sorted((ROOT / "shishen" / "engines").glob("*/*.py"))
    if path.stem != "__init__"
]
EVERY = [info for kind in KINDS for info in engines.engines(kind)]
every_engine = pytest.mark.parametrize("info", EVERY, ids=lambda info: f"{info.kind}.{info.name}")
every_reader = pytest.mark.parametrize("info", [i for i in EVERY if i.kind == "reader"], ids=lambda info: info.name)


def options_of(info: EngineInfo, folder: Path) -> Struct:
    """The engine's options, with a folder of its own where it wants one."""
    options = info.options()
    if (info.kind, info.name) == ("chat", "transformers"):
        model = untaught(folder / "model", [said("问", "答")])
        return msgspec.structs.replace(options, path=str(model), longest_answer=8)
    return msgspec.structs.replace(options, path=str(folder)) if hasattr(options, "path") else options


def test_the_file_s_name_is_the_engine_s_name() -> None:
    assert sorted((info.kind, info.name) for info in EVERY) == sorted(FILES)
    assert {kind for kind, _ in FILES} == set(KINDS)


@every_engine
def test_a_file_holds_what_an_engine_needs(info: EngineInfo) -> None:
    assert info.purpose
    assert info.extra is None or isinstance(info.extra, str)
    assert issubclass(info.options, Struct)
    assert info.options.__struct_config__.frozen
    assert info.options.__doc__
    (parameter,) = inspect.signature(info.module.build).parameters.values()
    hints = get_type_hints(info.module.build)
    assert hints[parameter.name] is info.options
    assert hints["return"].__name__.lower() == info.kind


@every_engine
def test_options_have_defaults_and_plain_types(info: EngineInfo) -> None:
    """So that an environment variable can set each of them."""
    for field in msgspec.structs.fields(info.options):
        assert not field.required
        assert msgspec.convert(str(field.default), field.type, strict=False) == field.default


@every_engine
def test_it_is_built_from_its_options(info: EngineInfo, tmp_path: Path) -> None:
    # What is not in the extra `dev` need not be installed here; then the error names the fix.
    if info.extra not in (None, "ocr", "web") and importlib.util.find_spec(info.name) is None:
        with pytest.raises(ShishenError, match=rf"pip install 'shishen\[{info.extra}\]'"):
            info.build()
        pytest.skip(f"the extra {info.extra} is not installed")
    assert info.build(options_of(info, tmp_path)) is not info.build(options_of(info, tmp_path))


def test_listing_imports_nothing_heavy() -> None:
    program = (
        "import sys; from shishen import engines\n"
        "names = [i.name for kind in engines.KINDS for i in engines.engines(kind) if i.options and i.purpose]\n"
        "heavy = {'tantivy', 'torch', 'transformers', 'fastapi', 'uvicorn', 'numpy', 'httpx'} & set(sys.modules)\n"
        "print(len(names), sorted(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{len(EVERY)} []\n"


def test_the_defaults_exist() -> None:
    """Readers are all on, and a writer is named with each export; OCR alone needs more than the base install."""
    assert set(DEFAULT_ENGINES) == set(KINDS) - {"reader", "writer"}
    for kind, name in DEFAULT_ENGINES.items():
        assert engines.engine(kind, name).extra == ("ocr" if kind == "ocr" else None)


def test_every_extra_is_one_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {info.extra for info in EVERY if info.extra} <= set(project["optional-dependencies"])


def test_an_unknown_engine_is_named_with_those_that_exist() -> None:
    with pytest.raises(NotFound, match=r"没有名为 nobody 的 chat 引擎；可用：composer"):
        engines.engine("chat", "nobody")


# --- readers ---------------------------------------------------------------------------------------------


@every_reader
def test_a_reader_recognises_its_own_sample_and_no_other_s(info: EngineInfo, tmp_path: Path) -> None:
    reader = info.build()
    assert set(SAMPLES) == {i.name for i in EVERY if i.kind == "reader"}
    for name, sample in SAMPLES.items():
        path = tmp_path / name
        path.write_bytes(sample)
        # One that is asked last may know the files of others too.
        if not info.last or name == info.name:
            assert reader.recognises(SourceFile(path)) is (name == info.name)


def test_the_last_reader_is_asked_last() -> None:
    assert list(Kitchen().readers)[-1] == "text"
    assert [info.name for info in EVERY if info.last] == ["text"]


@every_reader
def test_a_reader_gives_drafts_with_the_label_of_the_file_or_pages(info: EngineInfo, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(SAMPLES[info.name])
    found = info.build().read(SourceFile(path, label="some/label"))
    assert isinstance(found, Iterator)
    results = list(found)
    assert results
    for result in results:
        assert isinstance(result, Draft | Page)
        if isinstance(result, Draft):
            assert result.source.path == "some/label"
            assert result.title
            assert result.steps
        else:
            assert result.spans or result.lines or result.image


@every_reader
def test_a_reader_is_given_files_that_are_not_its_own(info: EngineInfo, tmp_path: Path) -> None:
    reader = info.build()
    for content in ("x", "# x", "[]", "[1]", "{}", '"', "[" * 1000, "null", "\ufeff", "\x85\u2028"):
        path = tmp_path / "file"
        path.write_text(content + "\n", encoding="utf-8")
        assert reader.recognises(SourceFile(path)) is False


# --- indexes ---------------------------------------------------------------------------------------------


def entry_of(name: str, count: int = 1, about: str = "") -> Entry:
    questions = [Question(name, "name")] + ([Question(about, "about")] if about else [])
    return Entry(name, count, tuple(questions))


@pytest.fixture(params=[i for i in EVERY if i.kind == "index"], ids=lambda info: info.name)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Index:
    info: EngineInfo = request.param
    built: Index = info.build(options_of(info, tmp_path / "index"))
    return built


def groups(index: Index, text: str, kind: str = "name") -> list[str]:
    return [found.group for found in index.search(text, kind, 10)]


def test_an_empty_index_finds_nothing(index: Index) -> None:
    assert index.generation() == 0
    assert groups(index, "红烧肉") == []
    index.update([], [], 3, anew=True)
    assert index.generation() == 3


def test_an_index_finds_the_nearest_first(index: Index) -> None:
    index.update([entry_of("红烧肉", 3), entry_of("红烧茄子"), entry_of("拍黄瓜", about="什么凉菜爽口")], [], 5)
    assert index.generation() == 5
    assert groups(index, "红烧肉")[0] == "红烧肉"
    assert index.search("红烧肉", "name", 1)[0].recipe_count == 3
    assert groups(index, "hong shao rou")[0] == "红烧肉"
    assert groups(index, "爽口", "about") == ["拍黄瓜"]
    assert groups(index, "爽口", "name") == []
    assert len(index.search("红烧", "name", 1)) == 1
    scores = [found.score for found in index.search("红烧肉", "name", 10)]
    assert scores == sorted(scores, reverse=True)


def test_an_update_replaces_and_drops(index: Index) -> None:
    index.update([entry_of("红烧肉"), entry_of("拍黄瓜")], [], 1)
    for _ in range(2):  # taken in twice, as after a crash before the manifest
        index.update([entry_of("红烧肉", 2)], ["红烧肉", "拍黄瓜"], 2)
        assert [(f.group, f.recipe_count) for f in index.search("红烧肉 拍黄瓜", "name", 10)] == [("红烧肉", 2)]
    index.update([], [], 3, anew=True)
    assert index.generation() == 3
    assert groups(index, "红烧肉") == []
    index.update([entry_of("拍黄瓜")], [], 3)
    assert groups(index, "红烧肉 拍黄瓜") == ["拍黄瓜"]


@pytest.mark.parametrize(
    "text", ["", " ", "？！", "🔥", "x" * 20_000, "红烧肉" * 7000, 'a" OR kind:*', "\0", "AND OR NOT"]
)
def test_any_text_may_be_searched(index: Index, text: str) -> None:
    index.update([entry_of("红烧肉")], [], 1)
    assert set(groups(index, text)) <= {"红烧肉"}


@pytest.mark.parametrize(
    "content", ["", "{", "7", "[]", "null", "{}", '{"layout": 1}', '{"layout": 1, "generation": "x"}']
)
def test_a_damaged_manifest_means_an_empty_index(index: Index, tmp_path: Path, content: str) -> None:
    index.update([entry_of("红烧肉")], [], 1)
    for manifest in (tmp_path / "index").glob("*generation*"):
        manifest.write_text(content)
    assert index.generation() == 0


# --- rerankers and chats ---------------------------------------------------------------------------------


@pytest.mark.parametrize("info", [i for i in EVERY if i.kind == "reranker"], ids=lambda info: info.name)
def test_a_reranker_scores_each_text_between_none_and_one(info: EngineInfo) -> None:
    reranker = info.build()
    texts = ["红烧肉", "拍黄瓜", "", "🔥", "x" * 5000]
    scores = reranker.scores("红烧肉怎么做", texts)
    assert len(scores) == len(texts)
    assert all(0 <= score <= 1 for score in scores)
    assert scores[0] > scores[1]
    assert reranker.scores("红烧肉", []) == []
    assert len(reranker.scores("", texts)) == len(texts)


@pytest.mark.parametrize("info", [i for i in EVERY if i.kind == "chat"], ids=lambda info: info.name)
@pytest.mark.parametrize(
    "text", ["", "一行", "## 菜\n\n1. 切。2. 炒！\n\n| a | b |\n", "无标点" * 150, "\n\n", "。。。"]
)
def test_the_default_chat_says_what_was_composed(info: EngineInfo, text: str, tmp_path: Path) -> None:
    answer = Answer(text=text, intent="how_to_cook", refused=False, state=State(), verified=True)
    pieces: list[str] = []
    # A model that was taught nothing comes to no end by itself, and says so.
    with nullcontext() if info.name == DEFAULT_ENGINES["chat"] else suppress(ShishenError):
        pieces.extend(info.build(options_of(info, tmp_path)).phrase([Message("user", "菜怎么做")], answer, []))
    assert all(pieces)
    if info.name == DEFAULT_ENGINES["chat"]:
        assert "".join(pieces) == text


# --- engines of others -----------------------------------------------------------------------------------

THIRD_PARTY = '''
"""Recipes in a form of our own; an example."""

from msgspec import Struct

from shishen.records import Draft, DraftStep, Source

EXTRA = None


class Options(Struct, frozen=True):
    """`mark`: how a file begins."""

    mark: str = "OURS"


class Ours:
    def __init__(self, mark):
        self.mark = mark

    def recognises(self, file):
        return file.head.startswith(self.mark)

    def read(self, file):
        yield Draft(title=file.head.split()[1], source=Source(path=file.label), steps=(DraftStep("炒熟"),))


def build(options):
    return Ours(options.mark)
'''


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of another's, installed as pip would leave it, with a good reader and one whose library is missing."""
    site = tmp_path / "site"
    info = site / "shishen_ours-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "ours_reader.py").write_text(THIRD_PARTY, encoding="utf-8")
    lacking = THIRD_PARTY.replace("EXTRA = None", "EXTRA = 'ours'").replace(
        "    return Ours(", "    import no_such_library\n    return Ours("
    )
    (site / "ours_chat.py").write_text(lacking, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shishen-ours\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[shishen.engines]\nreader.ours = ours_reader\nchat.ours = ours_chat\n")
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    dish = tmp_path / "dish.ours"
    dish.write_text("OURS 佛跳墙\n", encoding="utf-8")
    return dish


def test_an_entry_point_engine_is_found_listed_and_used(third_party: Path) -> None:
    info = engines.engine("reader", "ours")
    assert (info.purpose, info.extra) == ("Recipes in a form of our own; an example.", None)
    assert "ours" in [i.name for i in engines.engines("reader")]
    kitchen = Kitchen()
    assert list(kitchen.readers)[-2:] == ["ours", "text"]
    assert kitchen.add(third_party).added == 1
    assert kitchen.library.find("佛跳墙").steps[0].text == "炒熟"
    kitchen.library.close()


def test_an_engine_whose_library_is_missing_says_how_to_install_it(third_party: Path) -> None:
    assert third_party.exists()
    info = engines.engine("chat", "ours")
    with pytest.raises(
        ShishenError, match=r"引擎 chat/ours 缺少 no_such_library；请运行 pip install 'shishen\[ours\]'"
    ):
        info.build()


@pytest.mark.parametrize("content", ["def (", "import a_package_that_nobody_has", "1 / 0", "", "EXTRA = None"])
def test_a_broken_file_of_ours_breaks_that_engine_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    package = importlib.import_module("shishen.engines.reader")
    (tmp_path / "broken.py").write_text(content)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    try:
        assert engines.engine("reader", "broken").purpose.startswith("坏了（")
        with pytest.raises(ShishenError, match="引擎 reader/broken 坏了"):
            engines.engine("reader", "broken").build()
        assert set(Kitchen().readers) == set(SAMPLES)
    finally:
        sys.modules.pop("shishen.engines.reader.broken", None)
        vars(package).pop("broken", None)


def test_every_kind_is_a_package_of_engines() -> None:
    found = {module.name for module in pkgutil.iter_modules(engines.__path__) if module.ispkg}
    assert found == set(KINDS)
