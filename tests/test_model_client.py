"""The client of OpenAI-compatible servers, against a scripted server on loopback."""

import email.utils
import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from shishen import model_client
from shishen.errors import ShishenError
from shishen.model_client import Completion, Endpoint, ModelClient, Spent, Unanswered
from shishen.token_estimate import estimated_tokens, message_tokens
from tests.scripted_model import Answered, Asked, Script, ScriptedModel, refused, said, scripted

QUESTION = [{"role": "user", "content": "红烧肉"}]
KEY = "sk-secret-0123456789"


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, no address, and pauses that a test can wait for."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr(model_client, "_FIRST_PAUSE", 0.01)


@contextmanager
def serving(script: Script | list[Answered], **options: Any) -> Iterator[tuple[ScriptedModel, ModelClient]]:
    with scripted(script).running() as server:
        given = {"base_url": server.url, "model": "m", "retries": 2, **options}
        yield server, ModelClient(Endpoint(**given))


def fault_of(client: ModelClient, **options: Any) -> str:
    """The one line that a user would see."""
    with pytest.raises(ShishenError) as raised:
        client.complete(QUESTION, **options)
    words = str(raised.value)
    assert "\n" not in words
    assert KEY not in words
    return words


def test_it_asks_as_the_api_wants_and_reads_what_the_api_gives() -> None:
    with serving([said("答", usage=(7, 3))]) as (server, client):
        got = client.complete(QUESTION, response_format={"type": "json_object"}, max_tokens=9, temperature=0.0)
        assert got == Completion("答", 7, 3, "stop")
        (asked,) = server.asked
        assert asked.path == "/v1/chat/completions"
        assert asked.headers["Authorization"] == f"Bearer {KEY}"
        assert asked.body == {
            "model": "m",
            "messages": QUESTION,
            "response_format": {"type": "json_object"},
            "max_tokens": 9,
            "temperature": 0.0,
        }
        client.complete(QUESTION)
        assert set(server.asked[1].body) == {"model", "messages"}
        assert client.spent == Spent(2, 14, 6)


def test_shapes_of_the_official_client() -> None:
    """What OpenAI's own types write is read, whatever else stands in it."""
    shape = ChatCompletion.model_validate(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt",
            "service_tier": "default",
            "system_fingerprint": "fp",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "length",
                    "logprobs": None,
                    "message": {"role": "assistant", "content": "半", "refusal": None, "annotations": []},
                }
            ],
            "usage": {
                "prompt_tokens": 19,
                "completion_tokens": 10,
                "total_tokens": 29,
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
        }
    )
    with serving([Answered(shape.model_dump_json().encode())]) as (_, client):
        assert client.complete(QUESTION) == Completion("半", 19, 10, "length")


def test_contents_of_other_servers() -> None:
    parts = {"choices": [{"message": {"content": [{"type": "text", "text": "甲"}, {"type": "text", "text": "乙"}]}}]}
    nothing = {"choices": [{"message": {"role": "assistant", "reasoning_content": "想"}}], "usage": {}}
    with serving([Answered(json.dumps(parts).encode()), Answered(json.dumps(nothing).encode())]) as (_, client):
        assert client.complete(QUESTION) == Completion("甲乙", message_tokens(QUESTION), 2)
        assert client.complete(QUESTION) == Completion("", message_tokens(QUESTION), 0)


@pytest.mark.parametrize(
    "usage", [None, 7, {}, {"prompt_tokens": "x"}, {"prompt_tokens": -1, "completion_tokens": 1.5}]
)
def test_a_bill_that_cannot_be_read_is_estimated(usage: Any) -> None:
    shape = {"choices": [{"message": {"content": "答"}}], "usage": usage}
    with serving([Answered(json.dumps(shape).encode())]) as (_, client):
        assert client.complete(QUESTION) == Completion("答", message_tokens(QUESTION), 1)


def test_packed_answers_are_read_and_broken_ones_asked_again() -> None:
    packed = said("答")
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    with serving([Answered(b"no gzip", headers=headers), Answered(gzip.compress(packed.body), headers=headers)]) as (
        server,
        client,
    ):
        assert client.complete(QUESTION).text == "答"
        assert len(server.asked) == 2


def test_no_key_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with serving([said("好")]) as (server, client):
        client.complete(QUESTION)
        assert "Authorization" not in server.asked[0].headers


def test_key_and_address_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_KEY", " sk-other\n")
    with scripted([said("好")]).running() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/")
        client = ModelClient(Endpoint(model="m", key_variable="OTHER_KEY"))
        assert client.complete(QUESTION).text == "好"
        assert server.asked[0].headers["Authorization"] == "Bearer sk-other"
        assert server.asked[0].path == "/v1/chat/completions"


# --- faults that pass ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        refused(500),
        refused(502, "bad gateway"),
        refused(503),
        refused(429, "slow down"),
        refused(408),
        Answered(b"", 529, {}),
        said("x" * 50) and Answered(b'{"choices": [{"mess', cut=True),
        Answered(b'{"choices": [{"message": {"cont'),
        Answered(b""),
        Answered(b"<html>hello</html>", headers={"Content-Type": "text/html"}),
        Answered(b"[]"),
        Answered(b"7"),
        Answered(b"\xff\xfe\x00"),
        Answered(b'{"choices": []}'),
        Answered(b'{"error": {"message": "overloaded", "code": 529}}'),
        Answered(b'{"choices": [{"message": {"content": 7}}]}'),
        Answered(b'{"choices": ' + b"[" * 5000),
        Answered(b'{"a": ' + b"[" * 500_000),
    ],
)
def test_a_fault_that_passes(fault: Answered) -> None:
    with serving([fault, fault, said("好")]) as (server, client):
        assert client.complete(QUESTION).text == "好"
        assert len(server.asked) == 3
        assert client.spent.requests == 1
    with serving([fault]) as (server, client):
        with pytest.raises(Unanswered):
            client.complete(QUESTION)
        assert len(server.asked) == 3


def test_pauses_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_client, "_FIRST_PAUSE", 0.1)
    with serving([refused(500)] * 3 + [said("好")], retries=3) as (server, client):
        client.complete(QUESTION)
        times = [asked.at for asked in server.asked]
    gaps = [b - a for a, b in pairwise(times)]
    for gap, pause in zip(gaps, (0.1, 0.2, 0.4), strict=True):
        assert pause <= gap <= pause * 1.5 + 0.5


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_kept_by_all(form: str) -> None:
    """The one that was told waits as long as it was told, and the others with it."""
    first = threading.Event()
    told = time.monotonic()

    def script(asked: Asked) -> Answered:
        nonlocal told
        if not first.is_set():
            first.set()
            told = time.monotonic()
            value = "1" if form == "seconds" else email.utils.formatdate(time.time() + 2, usegmt=True)
            return refused(429, "slow down", retry_after=value)
        return said(asked.last)

    with serving(script, concurrency=4) as (server, client):
        with ThreadPoolExecutor(4) as threads:
            alone = threads.submit(client.complete, QUESTION)
            first.wait(5)
            time.sleep(0.2)
            others = [threads.submit(client.complete, QUESTION) for _ in range(3)]
            assert {done.result().text for done in [alone, *others]} == {"红烧肉"}
        assert all(asked.at - told >= 0.99 for asked in server.asked[1:])
        assert len(server.asked) == 5


def test_a_pause_too_long_is_not_waited_for() -> None:
    with serving([refused(429, "come tomorrow", retry_after="86400")]) as (server, client):
        assert "嫌太快（429：come tomorrow" in fault_of(client)
        assert len(server.asked) == 1


def test_a_server_that_says_nothing() -> None:
    with serving([Answered(delay=3)], timeout_seconds=0.3, retries=1) as (server, client):
        begun = time.monotonic()
        assert "0.3 秒内没有答完" in fault_of(client)
        assert time.monotonic() - begun < 2
        assert len(server.asked) == 2


def test_a_server_that_drips() -> None:
    """The time is for the whole answer; a byte now and then does not stretch it."""
    with serving([Answered(b" " * 1000, drip=0.05)], timeout_seconds=0.5, retries=0) as (_, client):
        begun = time.monotonic()
        assert "没有答完" in fault_of(client)
        assert time.monotonic() - begun < 2


def test_a_body_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_client, "LONGEST_BODY", 1_000_000)
    with serving([Answered(b" " * 30_000_000), said("好")]) as (server, client):
        assert "超过 1 MB" in fault_of(client)
        assert len(server.asked) == 1
        assert client.complete(QUESTION).text == "好"


# --- faults of all requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_names_the_variable(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving([refused(status, f"Incorrect API key provided: {KEY}")]) as (server, client):
        words = fault_of(client)
        assert "环境变量 OPENAI_API_KEY 里的密钥没有通过" in words
        assert len(server.asked) == 1
    monkeypatch.delenv("OPENAI_API_KEY")
    with serving([refused(status)]) as (_, client):
        assert "环境变量 OPENAI_API_KEY 没有设" in fault_of(client)


def test_a_key_in_the_place_of_its_variable_is_not_repeated() -> None:
    with serving([refused(401)], key_variable=KEY) as (_, client):
        assert "key_variable" in fault_of(client)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "nonsense://x"])
def test_a_proxy_that_cannot_be_used(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not for a model on this machine, and for others it is one line."""
    for name in ("ALL_PROXY", "HTTP_PROXY", "all_proxy", "http_proxy"):
        monkeypatch.setenv(name, proxy)
    assert "ALL_PROXY" in fault_of(ModelClient(Endpoint(base_url="http://models.invalid/v1", model="m")))
    with serving([said("好")]) as (_, client):
        assert client.complete(QUESTION).text == "好"


def test_the_key_is_nowhere() -> None:
    with serving([refused(400, f"bad {KEY}")]) as (_, client):
        fault_of(client)
        assert KEY not in repr(vars(client)) + repr(client)


@pytest.mark.parametrize("key", ["密钥", "a\x01b", "a\nb"])
def test_a_key_that_is_none(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with serving([said("好")]) as (_, client):
        assert "OPENAI_API_KEY" in fault_of(client)


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = ModelClient(Endpoint(base_url=f"http://me:pass@127.0.0.1:{port}/v1", model="m"))
    begun = time.monotonic()
    words = fault_of(client)
    assert f"连不上模型服务 http://127.0.0.1:{port}/v1" in words
    assert "pass" not in words
    assert time.monotonic() - begun < 2


def test_nobody_there_any_more() -> None:
    """Who was there may come back: it is tried again, and then no other request can succeed."""
    with serving([said("好")]) as (_, client):
        client.complete(QUESTION)
    with pytest.raises(ShishenError, match="连不上模型服务") as raised:
        client.complete(QUESTION)
    assert not isinstance(raised.value, Unanswered)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1",
        "ftp://x/v1",
        "http://",
        "http://[",
        "http://x:99999/",
        "http://a b/\n",
        "http://a b/",
        "http://xn--/",
    ],
)
def test_a_base_url_that_is_none(url: str) -> None:
    assert "base_url" in fault_of(ModelClient(Endpoint(base_url=url, model="m")))


def test_no_model() -> None:
    assert "structurer.openai.model" in fault_of(ModelClient(Endpoint(base_url="http://127.0.0.1:1/v1")))


def test_other_refusals_are_not_asked_again() -> None:
    with serving([refused(404, "model not found")]) as (server, client):
        assert "没有这个接口或模型 m（404：model not found" in fault_of(client)
        assert len(server.asked) == 1
    with serving([refused(402, "Insufficient Balance")]) as (_, client):
        assert "余额或额度不足" in fault_of(client)
    with serving([refused(429, "You exceeded your quota", "insufficient_quota")]) as (server, client):
        assert "余额或额度不足" in fault_of(client)
        assert len(server.asked) == 1
    with serving([refused(400, "This response_format type is unavailable now")]) as (_, client):
        assert "response_format=json_object" in fault_of(client, response_format={"type": "json_schema"})
    with serving([Answered(b"", 302, {"Location": "http://127.0.0.1:1/"})]) as (_, client):
        assert "302" in fault_of(client)


def test_a_refusal_of_one_request_is_of_that_one() -> None:
    with serving([refused(400, "context too long"), said("好")]) as (_, client):
        with pytest.raises(Unanswered, match="400：context too long"):
            client.complete(QUESTION)
        assert client.complete(QUESTION).text == "好"


def test_too_many_in_a_row_stop_it() -> None:
    with serving([refused(500)], retries=0) as (_, client):
        faults = []
        for _ in range(5):
            with pytest.raises(ShishenError) as raised:
                client.complete(QUESTION)
            faults.append(raised.value)
        assert [isinstance(fault, Unanswered) for fault in faults] == [True] * 4 + [False]
        assert "连续 5 次" in str(faults[-1])


def test_parameters_under_other_names() -> None:
    """Models of OpenAI that reason refuse two parameters; they are asked again without, and remembered."""

    def script(asked: Asked) -> Answered:
        if "max_tokens" in asked.body:
            return refused(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.")
        if "temperature" in asked.body:
            return refused(400, "Unsupported value: 'temperature' does not support 0.0 with this model.")
        return said("好")

    with serving(script) as (server, client):
        for _ in range(2):
            assert client.complete(QUESTION, max_tokens=5, temperature=0.0).text == "好"
        assert len(server.asked) == 4
        assert server.asked[-1].body["max_completion_tokens"] == 5


# --- limits ----------------------------------------------------------------------------------------------------


def test_so_many_at_once_and_no_more() -> None:
    def script(asked: Asked) -> Answered:
        answer = said(asked.last)
        answer.delay = 0.2
        return answer

    with serving(script, concurrency=3) as (server, client), ThreadPoolExecutor(9) as threads:
        begun = time.monotonic()
        list(threads.map(lambda _: client.complete(QUESTION), range(9)))
        assert server.most_at_once == 3
        assert 0.6 <= time.monotonic() - begun < 1.5
        assert client.spent.requests == 9


def test_requests_a_minute() -> None:
    """600 a minute are 0.1 seconds apart, tries after a fault among them."""
    with (
        serving([refused(500), said("好")], requests_per_minute=600, concurrency=8) as (server, client),
        ThreadPoolExecutor(8) as threads,
    ):
        list(threads.map(lambda _: client.complete(QUESTION), range(8)))
        times = sorted(asked.at for asked in server.asked)
        assert len(times) == 9
        assert times[-1] - times[0] >= 0.75
        # In no stretch of time more than its share; what arrives is as late as the network makes it.
        assert all(later - earlier >= 0.15 for earlier, later in zip(times, times[3:], strict=False))


def test_tokens_a_minute() -> None:
    """Of 6,000 a minute one is had each 0.01 seconds; what was billed beyond the estimate counts."""
    with serving([said("好", usage=(20, 30))], tokens_per_minute=6000) as (server, client):
        for _ in range(4):
            client.complete(QUESTION)
        times = [asked.at for asked in server.asked]
        assert times[-1] - times[0] >= 1.4


def test_who_waits_can_be_stopped() -> None:
    stop = threading.Event()
    with serving([said("好")], requests_per_minute=1) as (server, client), ThreadPoolExecutor(1) as threads:
        client.complete(QUESTION)
        waiting = threads.submit(client.complete, QUESTION, stop=stop)
        time.sleep(0.1)
        stop.set()
        with pytest.raises(Unanswered):
            waiting.result(timeout=2)
        assert len(server.asked) == 1


# --- estimates -------------------------------------------------------------------------------------------------


def test_estimates() -> None:
    assert estimated_tokens("") == 0
    assert estimated_tokens("红烧肉") == 3
    assert estimated_tokens("abcdef") == 2
    assert estimated_tokens("红烧肉500g") == 3 + 2
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}
    assert message_tokens([picture]) > 500
    assert message_tokens(QUESTION) == 7
