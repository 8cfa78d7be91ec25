"""Gemini's REST protocol over loopback: Agent Platform's addresses, those of keys alone, and the developers' API."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from google.genai import types

from tests.loopback.llm_server import LlmServer, Refused, Reply, Request, halves

PATH = re.compile(
    r"/v1(?:beta1|beta)?/(?:projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/)?(?:publishers/google/)?"
    r"models/(?P<model>[^:/]+):(?P<verb>generateContent|streamGenerateContent|countTokens)(?:\?alt=sse)?"
)
FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "blocked": "SAFETY", "error": "MALFORMED_FUNCTION_CALL"}
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
TOKEN = "ya29.a-token-of-the-loopback"


class GeminiServer(LlmServer):
    """`url` is what TELECOM_LLM_BASE_URL wants; `POST /token` is where service accounts get `TOKEN`, once counted."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens_given = 0
        self._numbers = itertools.count(1)

    def other(self, path: str, body: bytes) -> Any:
        """Google's sign-in."""
        if path != "/token":
            return None
        self.tokens_given += 1
        return {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}

    def read(self, path: str, headers: Mapping[str, str], body: Any, connection: int) -> Request:
        """Checks key or token, model, and the form of a conversation."""
        found = PATH.fullmatch(path)
        if found is None:
            raise Refused(404, f"The requested URL {path} was not found on this server.")
        self._check_caller(headers, found["project"])
        if self.models and found["model"] not in self.models:
            raise Refused(404, f"Publisher Model `publishers/google/models/{found['model']}` was not found.")
        _check(body)
        texts = [part["text"] for part in body["contents"][-1]["parts"] if "text" in part]
        streamed = found["verb"].startswith("stream")
        return Request(path, dict(headers.items()), body, connection, streamed, "".join(texts))

    def whole(self, reply: Reply, request: Request) -> Any:
        """A `GenerateContentResponse`."""
        if "countTokens" in request.path:
            return {"totalTokens": reply.input_tokens}
        if reply.finish == "prompt_blocked":
            return self._blocked(request, reply)
        parts: list[dict[str, Any]] = [{"text": reply.text}] if reply.text else []
        return self._response(request, reply, parts + _calls(reply), last=True)

    def pieces(self, reply: Reply, request: Request) -> Iterator[str]:
        """The same in pieces; the last has the reason of its end."""
        if reply.finish == "prompt_blocked":
            yield json.dumps(self._blocked(request, reply))
            return
        parts: list[list[dict[str, Any]]] = [[{"text": part}] for part in halves(reply.text)]
        parts += [[call] for call in _calls(reply)]
        for part in parts:
            yield json.dumps(self._response(request, reply, part, last=False))
        yield json.dumps(self._response(request, reply, [{"text": ""}], last=True))

    def error(self, reply: Reply) -> Any:
        """Google's way to refuse; how long to wait stands in the details."""
        details: list[dict[str, Any]] = []
        if wait := reply.headers.get("Retry-After"):
            details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{wait}s"})
        status = reply.code or STATUS.get(reply.status, "UNKNOWN")
        return {"error": {"code": reply.status, "message": reply.message, "status": status, "details": details}}

    def refusal_headers(self, reply: Reply) -> dict[str, str]:
        """None of HTTP's own: how long to wait stands in the body."""
        return {}

    def _check_caller(self, headers: Mapping[str, str], project: str | None) -> None:
        key, token = headers.get("x-goog-api-key", ""), headers.get("Authorization", "").removeprefix("Bearer ")
        if project and token != TOKEN:
            raise Refused(401, "Request had invalid authentication credentials.")
        if not project and (not key or (self.key and key != self.key)):
            raise Refused(400, f"API key not valid: {key}. Please pass a valid API key.")

    def _response(self, request: Request, reply: Reply, parts: list[dict[str, Any]], last: bool) -> dict[str, Any]:
        candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
        if last and reply.finish:
            candidate["finishReason"] = FINISH[reply.finish]
        usage = {"promptTokenCount": reply.input_tokens, "candidatesTokenCount": reply.output_tokens}
        frame = self._frame(request) | {"candidates": [candidate]}
        answer = frame | ({"usageMetadata": usage} if last else {})
        types.GenerateContentResponse.model_validate(
            answer
        )  # the client's own type, which forbids what it does not know
        return answer

    def _blocked(self, request: Request, reply: Reply) -> dict[str, Any]:
        feedback = {"blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": "The prompt was blocked."}
        usage = {"promptTokenCount": reply.input_tokens}
        return self._frame(request) | {"promptFeedback": feedback, "usageMetadata": usage}

    def _frame(self, request: Request) -> dict[str, Any]:
        found = PATH.fullmatch(request.path)
        return {"modelVersion": found["model"] if found else "", "responseId": f"r{len(self.requests)}"}


def _calls(reply: Reply) -> list[dict[str, Any]]:
    return [{"functionCall": {"name": name, "args": dict(arguments)}} for name, arguments in reply.calls]


def _check(body: Any) -> None:
    contents = body.get("contents") or []
    if not contents or contents[0].get("role") != "user":
        raise Refused(400, "Please ensure that the conversation begins with a user turn.")
    for before, after in itertools.pairwise([{"parts": []}, *contents]):
        called = [part["functionCall"]["name"] for part in before["parts"] if "functionCall" in part]
        answered = [part["functionResponse"]["name"] for part in after["parts"] if "functionResponse" in part]
        if called != answered:
            raise Refused(400, "The number of function response parts must equal the function call parts.")
    for tool in body.get("tools") or ():
        for declared in tool.get("functionDeclarations", ()):
            if not re.fullmatch(r"[a-zA-Z_][\w.-]{0,63}", declared.get("name", "")):
                raise Refused(400, f"Invalid function name {declared.get('name')!r}.")
