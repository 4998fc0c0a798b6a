"""The server as its clients see it: a real process on loopback, the official client, plain HTTP."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(home: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "shishen", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "SHISHEN_HOME": str(home)}, stderr=subprocess.PIPE)
    for _ in range(300):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200:
                return process
        except httpx.TransportError:
            time.sleep(0.05)
    process.kill()
    raise AssertionError(process.stderr.read().decode() if process.stderr else "")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    process = start(tmp_path_factory.mktemp("server"), port)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture
def client(server: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0) as made:
        yield made


def test_the_empty_library_got_the_house_cookbook(server: str) -> None:
    health = httpx.get(f"{server}/healthz").json()
    assert health["status"] == "ok"
    assert health["recipes"] >= 60


def test_the_official_client_gets_a_whole_answer(client: openai.OpenAI) -> None:
    done = client.chat.completions.create(model="shishen", messages=[{"role": "user", "content": "可乐鸡翅怎么做"}])
    choice = done.choices[0]
    assert choice.finish_reason == "stop"
    assert choice.message.content is not None
    assert "## 可乐鸡翅" in choice.message.content
    assert "来源：食神自带菜谱《可乐鸡翅》" in choice.message.content
    assert done.usage is not None
    more: dict[str, Any] = (done.model_extra or {})["shishen"]
    assert set(more) == {"intent", "refused", "recipes", "state", "verified"}
    assert more["refused"] is False
    assert more["verified"] is True
    assert set(more["recipes"][0]) == {"id", "name", "score", "source"}


def test_the_official_client_streams_the_same_answer(client: openai.OpenAI) -> None:
    messages: Any = [{"role": "user", "content": "mapo doufu"}]
    whole = client.chat.completions.create(model="shishen", messages=messages).choices[0].message.content
    stream = client.chat.completions.create(
        model="shishen", messages=messages, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole
    assert len(chunks) > 10
    *_, last, usage = chunks
    assert last.choices[0].finish_reason == "stop"
    assert (last.model_extra or {})["shishen"]["recipes"][0]["name"] == "麻婆豆腐"
    assert usage.usage is not None
    assert all("shishen" not in (c.model_extra or {}) for c in chunks[:-2])


def test_what_was_matched_is_said(client: openai.OpenAI) -> None:
    done = client.chat.completions.create(model="shishen", messages=[{"role": "user", "content": "蕃茄炒旦"}])
    assert "您说的「蕃茄炒旦」我理解为「西红柿炒鸡蛋」" in (done.choices[0].message.content or "")


def test_a_dish_that_is_not_there_is_refused_with_real_neighbours(client: openai.OpenAI, server: str) -> None:
    done = client.chat.completions.create(model="shishen", messages=[{"role": "user", "content": "可乐排骨怎么做"}])
    more = (done.model_extra or {})["shishen"]
    assert more["refused"] is True
    assert more["recipes"]
    for cited in more["recipes"]:
        assert f"「{cited['name']}」" in (done.choices[0].message.content or "")
        assert httpx.get(f"{server}/api/recipes/{cited['id']}").json()["name"] == cited["name"]


def test_message_parts_are_taken(client: openai.OpenAI) -> None:
    parts: Any = [{"role": "user", "content": [{"type": "text", "text": "红烧肉"}, {"type": "text", "text": "怎么做"}]}]
    done = client.chat.completions.create(model="shishen", messages=parts)
    assert "## 红烧肉" in (done.choices[0].message.content or "")


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["shishen"]
    assert client.models.retrieve("shishen").id == "shishen"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")


USER = {"role": "user", "content": "红烧肉"}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"messages": []}, 400, "messages：不能是空的"),
        ({}, 400, "messages：缺少这一项"),
        ({"messages": "红烧肉"}, 400, "messages：应为数组"),
        ({"messages": ["红烧肉"]}, 400, "messages.0：应为对象"),
        ({"messages": [{"role": "user", "content": 5}]}, 400, "messages.0.content：应为文字"),
        ({"messages": [{"role": "alien", "content": "x"}]}, 400, "messages.0.role：应为"),
        ({"messages": [{"content": "x"}]}, 400, "messages.0.role：缺少这一项"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 400, "没有用户的话"),
        ({"messages": [{"role": "user", "content": "  "}]}, 400, "没有用户的话"),
        ({"messages": [{"role": "user", "content": "辣" * 20_000}]}, 400, "20000 个字，最多 8000 个"),
        ({"messages": [USER], "model": "gpt-4o"}, 404, "没有名为 gpt-4o 的模型"),
        ({"messages": [USER], "stream": "yes"}, 400, "stream：应为 true 或 false"),
    ],
)
def test_a_bad_request_gets_one_line_in_openai_shape(
    server: str, body: dict[str, Any], status: int, words: str
) -> None:
    answer = httpx.post(f"{server}/v1/chat/completions", json=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert words in error["message"]
    assert "\n" not in error["message"]
    assert error["type"] == "invalid_request_error"


def test_the_official_client_understands_the_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="不能是空的"):
        client.chat.completions.create(model="shishen", messages=[])


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 5000, b"null", b'"x"'])
def test_what_is_no_request_is_refused(server: str, content: bytes) -> None:
    answer = httpx.post(f"{server}/v1/chat/completions", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_a_body_over_the_limit_is_refused(server: str) -> None:
    answer = httpx.post(f"{server}/v1/chat/completions", content=b" " * 3_000_000)
    assert answer.status_code == 413
    assert "最多 2 MB" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "status"), [("/nothing", 404), ("/api/recipes/nothing", 404), ("/static/../app.py", 404)]
)
def test_what_is_not_there(server: str, path: str, status: int) -> None:
    answer = httpx.get(f"{server}{path}")
    assert answer.status_code == status
    assert "error" in answer.json()


def test_recipes_as_json(server: str) -> None:
    rows = httpx.get(f"{server}/api/recipes", params={"ingredient": "马铃薯", "limit": 3}).json()
    assert rows
    assert all(any("土豆" in i["name"] for i in row["ingredients"]) for row in rows)
    assert httpx.get(f"{server}/api/recipes/{rows[0]['id']}").json() == rows[0]
    assert httpx.get(f"{server}/api/recipes", params={"limit": 0}).status_code == 400


def test_api_docs_are_served(server: str) -> None:
    paths = httpx.get(f"{server}/openapi.json").json()["paths"]
    assert {"/v1/chat/completions", "/v1/models", "/healthz", "/api/recipes"} <= set(paths)
    assert httpx.get(f"{server}/docs").status_code == 200


def test_the_page_asks_no_other_host(server: str) -> None:
    page = httpx.get(f"{server}/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
    for name in ("app.js", "dom.js", "markdown.js", "style.css"):
        assert httpx.get(f"{server}/static/{name}").status_code == 200


def test_a_taken_port_is_one_line(server: str, tmp_path: Path) -> None:
    port = server.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "shishen", "serve", "--port", port]
    done = subprocess.run(command, env={**os.environ, "SHISHEN_HOME": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"{port} 被占用" in done.stderr
    assert "Traceback" not in done.stderr


def test_recipes_added_by_another_process_are_answered(tmp_path: Path) -> None:
    home = tmp_path
    port = free_port()
    process = start(home, port)
    try:
        dish = home / "菜.md"
        dish.write_text("# 佛跳墙\n\n## 材料\n\n- 鲍鱼 6 只\n\n## 做法\n\n1. 炖 8 小时。\n", encoding="utf-8")
        added = subprocess.run(
            [sys.executable, "-m", "shishen", "add", str(dish)],
            env={**os.environ, "SHISHEN_HOME": str(home)},
            capture_output=True,
            text=True,
        )
        assert added.returncode == 0, added.stderr
        body = {"messages": [{"role": "user", "content": "佛跳墙怎么做"}]}
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=body).json()
        assert "鲍鱼" in answer["choices"][0]["message"]["content"]
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_many_clients_at_once(server: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    names = ["可乐鸡翅", "红烧肉", "麻婆豆腐", "西红柿炒鸡蛋"] * 10

    def ask(name: str) -> str:
        body = {"messages": [{"role": "user", "content": name}]}
        answer = httpx.post(f"{server}/v1/chat/completions", json=body, timeout=30).json()
        return str(json.dumps(answer["shishen"]["recipes"][0]["name"], ensure_ascii=False))

    with ThreadPoolExecutor(8) as pool:
        assert [json.loads(found) for found in pool.map(ask, names)] == names


def test_a_body_that_does_not_say_its_length_is_counted(server: str) -> None:
    def chunks(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield b" " * 100_000

    answer = httpx.post(f"{server}/v1/chat/completions", content=chunks(21))
    assert answer.status_code == 413
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert "最多 2 MB" in answer.json()["error"]["message"]
    assert httpx.post(f"{server}/v1/chat/completions", content=chunks(10)).status_code == 400


def test_a_stream_comes_piece_by_piece_through_the_body_limit() -> None:
    """The first piece is sent on before the second is made."""
    import asyncio

    from starlette.types import Message

    from shishen.server.body_limit import BodyLimit

    sent: list[int] = []
    seen_when_made: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        for number in range(3):
            seen_when_made.append(len(sent))
            await send({"type": "http.response.body", "body": b"x", "more_body": number < 2})

    async def send(message: Message) -> None:
        sent.append(len(message["body"]))

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    asyncio.run(BodyLimit(app, 1.0)({"type": "http", "headers": []}, receive, send))
    assert seen_when_made == [0, 1, 2]


@pytest.mark.parametrize(
    "content",
    [
        rb'{"messages": [{"role": "\ud83d", "content": "x"}]}',
        rb'{"model": "\ud83d", "messages": [{"role": "user", "content": "x"}]}',
        b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 100_000,
    ],
)
def test_half_a_character_and_a_deep_nest_are_refused_in_one_line(server: str, content: bytes) -> None:
    answer = httpx.post(f"{server}/v1/chat/completions", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 404)
    message = answer.json()["error"]["message"]
    assert "\n" not in message
    assert any("\u4e00" <= character <= "\u9fff" for character in message)


@pytest.mark.parametrize("stream", [b"true", b"false"])
def test_half_a_character_in_a_question_is_passed_over(server: str, stream: bytes) -> None:
    content = rb'{"messages": [{"role": "user", "content": "\ud83d\u7ea2\u70e7\u8089"}], "stream": ' + stream + b"}"
    answer = httpx.post(f"{server}/v1/chat/completions", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert "红烧肉" in answer.text


@pytest.mark.parametrize("path", ["/%ED%A0%BD", "/api/recipes/%ED%A0%BD", "/v1/models/%ED%A0%BD", "/%FF"])
def test_an_address_in_no_encoding_is_not_there(server: str, path: str) -> None:
    assert httpx.get(f"{server}{path}").status_code == 404


def test_recipes_are_passed_over_by_offset(server: str) -> None:
    rows = httpx.get(f"{server}/api/recipes", params={"limit": 5}).json()
    assert httpx.get(f"{server}/api/recipes", params={"limit": 2, "offset": 3}).json() == rows[3:]
    assert httpx.get(f"{server}/api/recipes", params={"offset": 999_999_999}).json() == []
    far = httpx.get(f"{server}/api/recipes", params={"offset": 2**64})
    assert far.status_code == 400
    assert "offset：不能大于" in far.json()["error"]["message"]


def test_threads_that_come_and_go_leave_no_open_file(tmp_path: Path) -> None:
    """The threads of a server end when idle; each had a connection of its own."""
    import threading

    from shishen.library import Library

    library = Library(tmp_path / "library.sqlite")
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    for _ in range(100):
        thread = threading.Thread(target=library.__len__)
        thread.start()
        thread.join()
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) <= before + 3
    library.close()
