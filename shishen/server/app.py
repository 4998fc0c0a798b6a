"""The HTTP server: the page at `/`, the OpenAI-compatible API, recipes, health, and the API's own docs."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from errno import EADDRINUSE
from pathlib import Path
from socket import AF_INET, AF_INET6, IPPROTO_TCP, TCP_NODELAY, create_server
from threading import Thread

import uvicorn
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from shishen import __version__
from shishen.errors import ShishenError
from shishen.kitchen import Kitchen
from shishen.server import openai_api, recipes_api
from shishen.server.body_limit import BodyLimit
from shishen.server.errors import handle_errors
from shishen.system_reason import reason_of

WEB = Path(__file__).parent / "web"
# The page loads nothing from any other host, and says so to the browser.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_PAGE_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_app(kitchen: Kitchen) -> FastAPI:
    """The application over a kitchen, which it makes ready when it starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(kitchen.warm_up)
        Thread(target=kitchen.warm_up_selection, name="warm-up", daemon=True).start()
        yield

    app = FastAPI(
        title="食神 Shishen",
        version=__version__,
        description="从您的菜谱里回答做菜的问题。`/v1` 与 OpenAI 兼容。",
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
    )
    app.state.kitchen = kitchen
    app.include_router(openai_api.router)
    app.include_router(recipes_api.router)
    app.mount("/static", StaticFiles(directory=WEB), name="static")
    handle_errors(app)

    app.add_middleware(BodyLimit, megabytes=kitchen.settings.server.body_mb)

    @app.get("/healthz", tags=["health"])
    def healthz() -> dict[str, object]:
        """Whether the server can answer, and from how many recipes."""
        return {"status": "ok", "version": __version__, "recipes": len(kitchen.library)}

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(WEB / "index.html", headers=_PAGE_HEADERS)

    return app


def run(kitchen: Kitchen, host: str, port: int) -> None:
    """Serve until stopped. Raises ShishenError where the port or the chat engine cannot be had."""
    # A model is loaded before the first question comes, and what is wrong with it is told at once.
    kitchen.chat  # noqa: B018
    config = uvicorn.Config(create_app(kitchen), host=host, port=port, log_level="warning")
    try:
        socket = create_server((host, port), family=AF_INET6 if ":" in host else AF_INET)
    except OSError as fault:
        reason = "被占用" if fault.errno == EADDRINUSE else f"不能监听（{reason_of(fault)}）"
        raise ShishenError(f"{host}:{port} {reason}；请用 --port 或 --host 换一个。") from fault
    # Without this every answer after the first on a connection waits 40 ms for the client's acknowledgement.
    socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    print(f"食神在 http://{host}:{port}/ 等您（接口文档在 /docs，Ctrl+C 结束）", file=sys.stderr)
    uvicorn.Server(config).run(sockets=[socket])
