"""The assistant over HTTP: how much it answers, how long that takes, and what it adds to a model's own time.

`python -m benchmarks.chat HOME` on a home with customers and a knowledge base (see docs/llmops/service.md). Twice 20
people: who ask again as soon as they are answered, which shows how much the service can do, and nothing of how long
somebody waits who does not compete with 19 others for every moment; and who ask at a stated rate together, each answer
timed from when its question was meant to be sent. The service, the model on loopback and the clients are processes of
their own; they share the machine: `stolen` says what the machine below took of it, `load` what else ran on it.
"""

import argparse
import asyncio
import http.client
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

from benchmarks.load import Processors, at
from benchmarks.serving import HOST, Server, free_port, serving

PEOPLE = 20
RATE = 100.0
"""Questions of all people in a second; half of what the service can do, if that is less."""
SLOW_CHATS = 80
CUSTOMERS = "SELECT customer_id FROM telecom_gold.telco_churn_scored ORDER BY customer_id LIMIT 200"
SLOW_LLM = Path(__file__).parents[1] / "tests" / "processes" / "slow_llm.py"
QUESTIONS = (
    "Minha internet está lenta, o que houve?",
    "Por que minha fatura aumentou?",
    "Qual a multa se eu cancelar?",
    "Quando vence a minha fatura?",
    "Como troco a senha do Wi-Fi?",
    "Que planos mais rápidos eu posso ter?",
    "Quero a segunda via do boleto.",
    "Oi, bom dia!",
)
OPENINGS = (
    *("", "Oi! ", "Bom dia. ", "Olá, tudo bem? ", "Boa tarde, ", "Por favor: ", "Uma dúvida: ", "Boa noite! "),
    *("Oi, pessoal. ", "Com licença, ", "Me ajuda? ", "É o seguinte: ", "Olha só, "),
)
CLOSINGS = (
    *("", " Obrigado.", " Obrigada!", " Preciso saber hoje.", " Pode me ajudar?", " Aguardo.", " Valeu!"),
    *(" É urgente.", " Desde já agradeço."),
)
"""Around a question: 936 different messages, more than anything of the service remembers."""


@dataclass(frozen=True)
class Talk:
    """Answers and their latencies in milliseconds; `stolen` is the share of the processors that others took, `load`
    what was running or waiting on the machine in the minute before (ours included).
    """

    people: int
    answers: int
    codes: dict[str, int]
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    stolen: float
    load: float


async def talk(
    port: int, bodies: Sequence[bytes], tokens: Sequence[str], seconds: float, warm: float, rate: float = math.inf
) -> Talk:
    """People on kept connections; those answers count whose questions were due after `warm` seconds.

    Args:
        port: of the service.
        bodies: what is asked, in this order.
        tokens: one per person.
        seconds: how long.
        warm: seconds before.
        rate: questions of all people in a second; without one, each asks again as soon as they are answered.
    """
    codes: Counter[str] = Counter()
    took: list[tuple[float, float]] = []
    begun, processors = time.perf_counter(), Processors()
    processors.mark()
    turns, gap = cycle(bodies), len(tokens) / rate

    async def person(number: int, token: str) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        due = begun + gap * number / len(tokens)
        while (now := time.perf_counter()) - begun < warm + seconds:
            await asyncio.sleep(max(due - now, 0.0))
            body = next(turns)
            head = f"POST /chat HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n"
            at_ = due if gap else time.perf_counter()
            writer.write(f"{head}\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            codes[answer[9:12].decode()] += 1
            took.append((at_ - begun, time.perf_counter() - at_))
            due += gap
        writer.close()

    await asyncio.gather(*(person(number, token) for number, token in enumerate(tokens)))
    processors.mark()
    counted = sorted(spent for at_, spent in took if at_ >= warm)
    p50, p95, p99 = (at(counted, share) for share in (0.5, 0.95, 0.99))
    done, stolen, load = len(counted) / seconds, processors.stolen(), os.getloadavg()[0]
    return Talk(len(tokens), len(counted), dict(codes), done, p50, p95, p99, stolen, load)


def bodies_of(home: Path) -> list[bytes]:
    """Every question about some customers."""
    found = _telecom(home, "query", CUSTOMERS, "--format", "json")
    rows = json.loads(found)
    customers = [row["customer_id"] for row in (rows if isinstance(rows, list) else rows["rows"])]
    frames = cycle((opening, closing) for opening in OPENINGS for closing in CLOSINGS)
    asked = ((customer, question) for customer in customers for question in QUESTIONS)
    return [
        json.dumps({"message": f"{opening}{question}{closing}", "customer_id": customer}).encode()
        for (customer, question), (opening, closing) in zip(asked, frames, strict=False)
    ]


def tokens_of(home: Path) -> list[str]:
    """One token per person."""
    return [_telecom(home, "token", "--agent", f"person-{number}").strip() for number in range(PEOPLE)]


def _telecom(home: Path, *words: str) -> str:
    environment = {**os.environ, "TELECOM_HOME": str(home)}
    command = [sys.executable, "-m", "telecom", *words]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


@contextmanager
def assistant(home: Path, **more: str) -> Iterator[Server]:
    """The service, ready."""
    port = free_port()
    command = [sys.executable, "-m", "telecom", "serve", "assistant", "--port", str(port)]
    with serving(command, {"TELECOM_HOME": str(home), **more}, port, "/readyz") as server:
        yield server


@contextmanager
def model(seconds: float) -> Iterator[dict[str, str]]:
    """Settings of a model on loopback that takes so long."""
    command = (sys.executable, str(SLOW_LLM), str(seconds))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline() if process.stdout else ""
        url = f"http://{HOST}:{json.loads(line)['port']}/v1"
        try:
            yield {"TELECOM_LLM": "openai", "TELECOM_LLM_MODEL": "slow", "TELECOM_LLM_BASE_URL": url}
        finally:
            process.terminate()


def responder(home: Path, seconds: float) -> dict[str, object]:
    """The deterministic responder: at its limit, then at a rate."""
    bodies, tokens = bodies_of(home), tokens_of(home)
    with assistant(home) as server:
        ready, fresh = server.ready_seconds, server.resident_mb()
        cpu, before = server.cpu_seconds(), time.perf_counter()
        full = asyncio.run(talk(server.port, bodies, tokens, seconds, warm=10.0))
        spent = server.cpu_seconds() - cpu
        busy = spent / (time.perf_counter() - before)
        rate = min(RATE, full.per_second / 2)
        paced = asyncio.run(talk(server.port, bodies, tokens, seconds, warm=2.0, rate=rate))
        return {
            "ready after s (target 2)": ready,
            "resident MB when ready": fresh,
            "resident MB at the end (target 300)": server.resident_mb(),
            "processors busy with the service": busy,
            "processor ms per answer": 1000 * spent / max(sum(full.codes.values()), 1),
            "asking without a pause (answers/s: target 100)": asdict(full),
            f"asking {rate:.0f} times a second together (p95: target 60)": asdict(paced),
        }


def overhead(home: Path, asked: int) -> dict[str, object]:
    """What an answer takes beyond the model's own 50 ms, one after the other: small talk, which needs no tool."""
    token = tokens_of(home)[0]
    with model(0.05) as settings, assistant(home, **settings) as server:
        direct = _asked(settings["TELECOM_LLM_BASE_URL"], "/v1/chat/completions", {}, asked)
        headers = {"Authorization": f"Bearer {token}"}
        whole = _asked(f"http://{HOST}:{server.port}", "/chat", headers, asked)
    return {
        "model alone, p50 ms": at(direct, 0.5),
        "answer, p50 ms": at(whole, 0.5),
        "answer, p95 ms": at(whole, 0.95),
        "added, p95 ms (target 15)": at(whole, 0.95) - statistics.median(direct) * 1000,
    }


def _asked(url: str, path: str, headers: Mapping[str, str], asked: int) -> list[float]:
    """Ascending seconds of requests over one kept connection, after some that do not count."""
    connection = http.client.HTTPConnection(url.split("//")[1].split("/")[0], timeout=30)
    found = []
    for number in range(asked + 20):
        began = time.perf_counter()
        connection.request("POST", path, json.dumps({"message": "Oi, bom dia!"}), dict(headers))
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        if number >= 20:
            found.append(time.perf_counter() - began)
    return sorted(found)


def health(home: Path) -> dict[str, object]:
    """GET /healthz while 80 chats wait for a model that takes four seconds."""
    body, token = json.dumps({"message": "Oi, bom dia!"}).encode(), tokens_of(home)[0]
    with model(4.0) as settings, assistant(home, **settings) as server:
        return asyncio.run(_health(server.port, body, token))


async def _health(port: int, body: bytes, token: str) -> dict[str, object]:
    chats = [asyncio.ensure_future(_once(port, b"POST /chat", token, body)) for _ in range(SLOW_CHATS)]
    await asyncio.sleep(1.0)
    took: list[float] = []
    while not any(chat.done() for chat in chats) and len(took) < 300:
        began = time.perf_counter()
        await _once(port, b"GET /healthz", token, b"")
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0.005)
    codes = Counter(await asyncio.gather(*chats))
    taken = sorted(took)
    return {
        "health checks": len(taken),
        "/healthz, p50 ms": at(taken, 0.5),
        "/healthz, p99 ms (target 100)": at(taken, 0.99),
        "chats meanwhile": dict(codes),
    }


async def _once(port: int, asked: bytes, token: str, body: bytes) -> str:
    """The status of one request on a connection of its own."""
    reader, writer = await asyncio.open_connection(HOST, port)
    head = b"%b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\nContent-Length: %d\r\n\r\n"
    writer.write(head % (asked, token.encode(), len(body)) + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(answer.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]))
    writer.close()
    return answer[9:12].decode()


def main() -> None:
    """Prints what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="TELECOM_HOME of a scored world with a knowledge base")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--asked", type=int, default=200, help="requests for the overhead")
    chosen = parser.parse_args()
    figures = {
        "responder": responder(chosen.home, chosen.seconds),
        "overhead": overhead(chosen.home, chosen.asked),
        "health": health(chosen.home),
    }
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
