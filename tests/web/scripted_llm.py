"""A language model on loopback that says what it was told to: the pages are tested, not what a model makes of words."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.web.desk_world import HOSTILE

FEE = "Depois do vencimento há multa de 2 % (uma só vez) e juros de 1 % ao mês, contados dia a dia."
TICKET = {
    "category": "internet_down",
    "priority": "high",
    "subject": "Internet fora do ar",
    "description": "Cliente sem internet.",
    "reason": "O diagnóstico mostra falha na linha.",
}
SAYS = {"multa": FEE, "hostil": f"Veja **isto**: {HOSTILE}"}
CALLS = (("diagnose_line", {"service": "internet"}), ("propose_ticket_registration", TICKET))


@contextmanager
def scripted() -> Iterator[dict[str, str]]:
    """Settings of the running model."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Model)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    yield {"TELECOM_LLM": "openai", "TELECOM_LLM_MODEL": "scripted", "TELECOM_LLM_BASE_URL": url}
    server.shutdown()
    server.server_close()
    thread.join()


def answer(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The model's message: two tools where something fell, a sentence for what it knows, else a greeting."""
    asked = next(str(one["content"]) for one in reversed(messages) if one["role"] == "user").lower()
    if "caiu" in asked and messages[-1]["role"] != "tool":
        calls = [
            {"id": f"c{place}", "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}
            for place, (name, given) in enumerate(CALLS)
        ]
        return {"role": "assistant", "content": None, "tool_calls": calls}
    if "caiu" in asked:
        return {"role": "assistant", "content": "Deixei o registro do contato pronto para aprovação."}
    said = next((words for key, words in SAYS.items() if key in asked), "Olá! Como posso ajudar?")
    return {"role": "assistant", "content": said}


class _Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["content-length"])))
        message = answer(told["messages"])
        ending = "tool_calls" if message.get("tool_calls") else "stop"
        body = json.dumps(
            {
                "id": "c1",
                "object": "chat.completion",
                "created": 1,
                "model": "scripted",
                "choices": [{"index": 0, "finish_reason": ending, "message": message}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
            }
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_: Any) -> None:
        """Says nothing."""
