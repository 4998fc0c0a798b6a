"""Settings from four places, all faults at once."""

from pathlib import Path

import pytest
from msgspec import Struct

from shishen.errors import BadSettings
from shishen.settings import load


class Options(Struct, frozen=True):
    """Options of an engine in these tests."""

    path: str = ""
    memory_mb: int = 128


def options_of(kind: str, name: str) -> type[Struct] | None:
    return Options if (kind, name) in {("index", "tantivy"), ("reranker", "overlap"), ("chat", "composer")} else None


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
        "index": "tantivy",
        "reranker": "overlap",
        "chat": "composer",
    }


def test_engine_options_are_typed(tmp_path: Path) -> None:
    settings = load(options_of, environment=environment(tmp_path), assignments=["index.tantivy.memory_mb=64"])
    assert settings.engines["index"].options == Options(memory_mb=64)


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
