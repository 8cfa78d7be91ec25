"""OpenAI's chat completions over loopback, as strict about a conversation's form as the service is."""

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.loopback.llm_server import LlmServer, Refused, Reply, Request, halves

FINISH = {"stop": "stop", "length": "length", "blocked": "content_filter", "": None, "error": "error"}
TYPES = {400: "invalid_request_error", 401: "invalid_request_error", 429: "requests", 500: "server_error"}


class OpenAiServer(LlmServer):
    """`url` is what TELECOM_LLM_BASE_URL wants."""

    base = "/v1"

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1)

    def read(self, path: str, headers: Mapping[str, str], body: Any, connection: int) -> Request:
        """Checks key, model, tools, and that every tool's answer belongs to a call."""
        if path != f"{self.base}/chat/completions":
            raise Refused(404, f"Unknown request URL: POST {path}.", "unknown_url")
        sent = headers.get("Authorization", "")
        if self.key and sent != f"Bearer {self.key}":
            raise Refused(401, f"Incorrect API key provided: {sent.removeprefix('Bearer ')}.", "invalid_api_key")
        if self.models and body.get("model") not in self.models:
            raise Refused(404, f"The model {body.get('model')!r} does not exist.", "model_not_found")
        _check(body)
        last = body["messages"][-1]["content"]
        text = last if isinstance(last, str) else "".join(part.get("text", "") for part in last or ())
        return Request(path, dict(headers.items()), body, connection, bool(body.get("stream")), text)

    def whole(self, reply: Reply, request: Request) -> Any:
        """A `chat.completion`."""
        message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
        if reply.finish == "prompt_blocked":
            message["refusal"] = "I cannot help with that."
        if reply.calls:
            message["tool_calls"] = [self._call(index, *call) for index, call in enumerate(reply.calls)]
        choice = {"index": 0, "message": message, "finish_reason": _finish(reply), "logprobs": None}
        return {**self._frame(request, "chat.completion"), "choices": [choice], "usage": _usage(reply)}

    def pieces(self, reply: Reply, request: Request) -> Iterator[str]:
        """`chat.completion.chunk`s, then `[DONE]`."""
        frame = self._frame(request, "chat.completion.chunk")
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": part} for part in halves(reply.text)]
        if reply.finish == "prompt_blocked":
            deltas.append({"refusal": "I cannot help with that."})
        for index, (name, arguments) in enumerate(reply.calls):
            call = self._call(index, name, {})
            deltas.append({"tool_calls": [{**call, "index": index, "function": {"name": name, "arguments": ""}}]})
            for part in halves(json.dumps(arguments)):
                deltas.append({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
        for delta in deltas:
            yield json.dumps({**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        yield json.dumps({**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": _finish(reply)}]})
        if (request.body.get("stream_options") or {}).get("include_usage"):
            yield json.dumps({**frame, "choices": [], "usage": _usage(reply)})
        yield "[DONE]"

    def error(self, reply: Reply) -> Any:
        """OpenAI's way to refuse."""
        kind = TYPES.get(reply.status, "server_error")
        return {"error": {"message": reply.message, "type": kind, "param": None, "code": reply.code or None}}

    def _frame(self, request: Request, kind: str) -> dict[str, Any]:
        number = next(self._numbers)
        return {"id": f"chatcmpl-{number}", "object": kind, "created": 1_790_000_000, "model": request.body["model"]}

    def _call(self, index: int, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        function = {"name": name, "arguments": json.dumps(arguments)}
        return {"id": f"call_{next(self._numbers)}_{index}", "type": "function", "function": function}


def _finish(reply: Reply) -> str | None:
    if reply.calls and reply.finish == "stop":
        return "tool_calls"
    return FINISH.get(reply.finish, "stop")


def _usage(reply: Reply) -> dict[str, int]:
    tokens = {"prompt_tokens": reply.input_tokens, "completion_tokens": reply.output_tokens}
    return {**tokens, "total_tokens": reply.input_tokens + reply.output_tokens}


def _check(body: Any) -> None:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "Invalid 'messages': empty array.", "empty_array")
    open_calls: set[str] = set()
    for message in messages:
        if message.get("role") not in ("system", "developer", "user", "assistant", "tool"):
            raise Refused(400, f"Invalid value: {message.get('role')!r}.", "invalid_value")
        if message["role"] == "tool":
            if message.get("tool_call_id") not in open_calls:
                raise Refused(
                    400, "messages with role 'tool' must be a response to a preceding message.", "invalid_value"
                )
            open_calls.discard(message["tool_call_id"])
        elif open_calls:
            raise Refused(
                400, "An assistant message with 'tool_calls' must be followed by tool messages.", "invalid_value"
            )
        open_calls |= {call["id"] for call in message.get("tool_calls") or ()}
    for tool in body.get("tools") or ():
        if tool.get("type") != "function" or tool["function"]["parameters"].get("type") != "object":
            raise Refused(400, "Invalid schema for function.", "invalid_function_parameters")
