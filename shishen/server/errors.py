"""Errors as OpenAI's clients expect them, in words that name the fix."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shishen.errors import NotFound, ShishenError

# What pydantic's kinds of faults mean, for a reader of Chinese.
_WORDS = {
    "missing": "缺少这一项",
    "json_invalid": "不是正确的 JSON",
    "too_short": "不能是空的",
    "list_type": "应为数组",
    "string_type": "应为文字",
    "string_unicode": "含有不成对的代理字符，不是正确的文字",
    "bool_type": "应为 true 或 false",
    "model_attributes_type": "应为对象",
    "dict_type": "应为对象",
    "int_parsing": "应为整数",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
}


def error(status: int, message: str, param: str | None = None) -> JSONResponse:
    """An error object in OpenAI's shape."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    param = None if param is None else encodable(param)
    return JSONResponse({"error": {"message": encodable(message), "type": kind, "param": param, "code": None}}, status)


def encodable(text: str) -> str:
    """Text as UTF-8 can carry it: half a surrogate pair, which JSON may hold, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def explain(fault: dict[str, Any]) -> tuple[str, str | None]:
    """One of pydantic's faults in words, and the parameter that it is about."""
    kind = fault["type"]
    if kind == "json_invalid":
        return f"请求{_WORDS[kind]}。", None
    # Behind the index of a list come the alternatives that were tried; the client knows only the field.
    place = ".".join(str(part) for part in fault["loc"] if part not in ("body", "query", "str", "list[TextPart]"))
    words = _WORDS[kind].format(**fault.get("ctx", {})) if kind in _WORDS else fault["msg"]
    if kind == "literal_error":
        words = f"应为 {fault['ctx']['expected'].replace(' or ', ', ')} 之一"
    return f"{place or '请求'}：{words}。", place or None


def handle_errors(app: FastAPI) -> None:
    """Answer every error of an application in this shape."""

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, fault: RequestValidationError) -> JSONResponse:
        words, param = explain(dict(fault.errors()[0]))
        return error(400, words, param)

    @app.exception_handler(NotFound)
    def missing(_: Request, fault: NotFound) -> JSONResponse:
        return error(404, str(fault))

    @app.exception_handler(ShishenError)
    def refused(_: Request, fault: ShishenError) -> JSONResponse:
        return error(400, str(fault))

    @app.exception_handler(HTTPException)
    def http(request: Request, fault: HTTPException) -> JSONResponse:
        # FastAPI's own words for a body that broke the parser: nested too deep, or cut off.
        words = {
            400: "请求不是正确的 JSON，或嵌套太深。",
            404: f"没有 {request.url.path} 这个地址。",
            405: f"{request.url.path} 不支持 {request.method}。",
        }
        return error(fault.status_code, words.get(fault.status_code, str(fault.detail)))

    @app.exception_handler(Exception)
    def broken(_: Request, __: Exception) -> JSONResponse:
        # The traceback goes to the log; it is no business of the client's.
        return error(500, "服务器内部出错，请看服务器的日志。")
