"""Settings from four places, all faults at once."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from shishen.errors import BadSettings
from shishen.settings import DEFAULT_ENGINES, load


class Options(Struct, frozen=True):
    """Options of an engine in these tests."""

    path: str = ""
    memory_mb: int = 128
    share: Annotated[float, Meta(ge=0, le=1)] | None = None
    format: Literal["json_schema", "json_object", "none"] = "none"


def options_of(kind: str, name: str) -> type[Struct] | None:
    return Options if DEFAULT_ENGINES.get(kind) == name else None


def environment(home: Path, **more: str) -> dict[str, str]:
    return {"SHISHEN_HOME": str(home), **more}


def test_later_places_win(tmp_path: Path) -> None:
    (tmp_path / "shishen.toml").write_text("[server]\nport = 1\nhost = 'a'\n[library]\nbatch_size = 5\n")
    settings = load(
        options_of,
        environment=environment(tmp_path, SHISHEN_SERVER__PORT="2", SHISHEN_SERVER__HOST="b"),
        assignments=["server.port=3"],
    )
    assert (settings.server.port, settings.server.host, settings.library.batch_size) == (3, "b", 5)
    assert settings.home == tmp_path


def test_defaults_need_nothing(tmp_path: Path) -> None:
    settings = load(options_of, environment=environment(tmp_path))
    assert settings.retriever.threshold is None
    assert {kind: engine.name for kind, engine in settings.engines.items()} == {
        "ocr": "rapidocr",
        "structurer": "rules",
        "index": "tantivy",
        "reranker": "overlap",
        "chat": "composer",
        "teacher": "none",
    }


def test_engine_options_are_typed(tmp_path: Path) -> None:
    settings = load(options_of, environment=environment(tmp_path), assignments=["index.tantivy.memory_mb=64"])
    assert settings.engines["index"].options == Options(memory_mb=64)


def test_pages_have_a_section(tmp_path: Path) -> None:
    settings = load(options_of, environment=environment(tmp_path), assignments=["document.dpi=300"])
    assert (settings.document.dpi, settings.document.workers) == (300, 0)
    with pytest.raises(BadSettings, match=r"document\.dpi 不能是 '30'，应为 72 至 600 的整数"):
        load(options_of, environment=environment(tmp_path), assignments=["document.dpi=30"])


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("chat.composer.format=xml", "应为 json_schema、json_object 或 none"),
        ("chat.composer.share=2", "应为 0 至 1 的数字"),
        ("chat.composer.memory_mb=much", "应为整数"),
    ],
)
def test_a_wrong_value_is_told_what_it_must_be(tmp_path: Path, assignment: str, words: str) -> None:
    with pytest.raises(BadSettings, match=words):
        load(options_of, environment=environment(tmp_path), assignments=[assignment])


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        load(
            options_of,
            environment=environment(tmp_path, SHISHEN_NONSENSE="1"),
            assignments=[
                "server.port=many",
                "server.colour=red",
                "chat.engine=nobody",
                "index.tantivy.speed=9",
                "oops",
            ],
        )
    for part in ("nonsense", "server.port", "many", "server.colour", "nobody", "index.tantivy.speed", "oops"):
        assert part in str(caught.value)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[server\n")
    with pytest.raises(BadSettings, match=r"mine\.toml"):
        load(options_of, environment=environment(tmp_path), config=path)
    with pytest.raises(BadSettings, match="找不到"):
        load(options_of, environment=environment(tmp_path), config=tmp_path / "none.toml")
