"""FastAPI with a shortcut, with headers on every answer, and with refusals in our form."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telecom.serving.answers import Headers
from telecom.serving.endpoint import Endpoint


class DirectApp(FastAPI):
    """FastAPI with a shortcut: a POST to one of the `direct` paths goes to its endpoint without being routed.

    An endpoint handles its own errors, so that nothing of what it is spared is missed. Where traces are made, requests
    take the usual way, on which they get the name of their route.

    Args:
        direct: endpoints by path.
        headers: of every answer, whoever gives it; those that an answer has of its own stay.
        options: FastAPI's; without `exception_handlers` for them, `astray` answers what none of the routes takes.
    """

    def __init__(self, direct: Mapping[str, Endpoint], headers: Headers = (), **options: Any) -> None:
        handlers = {HTTPException: astray, **options.pop("exception_handlers", {})}
        super().__init__(exception_handlers=handlers, **options)
        self._direct, self._headers = direct, headers

    def build_middleware_stack(self) -> ASGIApp:
        """The usual stack behind the shortcut."""
        usual, direct, headers = super().build_middleware_stack(), self._direct, self._headers

        async def shortcut(scope: Scope, receive: Receive, send: Send) -> None:
            if headers and scope["type"] == "http":
                send = _with(headers, send)
            endpoint = direct.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
            if endpoint is None or "fastapi.telemetry" in scope:
                await usual(scope, receive, send)
            else:
                await endpoint(scope, receive, send)

        return shortcut


async def astray(_: Request, error: Exception) -> Response:
    """The answer to a request that none of the routes takes."""
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (404, None)
    said = {404: "There is no such address.", 405: "This address does not take this method."}
    return JSONResponse({"error": said.get(status, str(error))}, status, headers)


def _with(headers: Headers, send: Send) -> Send:
    """Adds the headers that an answer does not have of its own."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", ()))
            names = {name.lower() for name, _ in own}
            message = {**message, "headers": own + [each for each in headers if each[0] not in names]}
        await send(message)

    return sent
