"""A language model on loopback that speaks OpenAI's chat completions, slowly: `python slow_llm.py SECONDS [WORDS]`.

Prints its port. A process of its own, so that its work is not counted as the service's.
"""

import asyncio
import json
import sys

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def app(seconds: float, words: str) -> Starlette:
    """The model; every answer is the same."""

    async def complete(request: Request) -> JSONResponse:
        await request.body()
        await asyncio.sleep(seconds)
        return JSONResponse(
            {
                "id": "c1",
                "object": "chat.completion",
                "created": 1,
                "model": "slow",
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": words}}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
            }
        )

    return Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])


def main() -> None:
    """Serves until it is ended."""
    import socket

    import uvicorn

    words = sys.argv[2] if len(sys.argv) > 2 else "Olá! Como posso ajudar?"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        sys.stdout.write(json.dumps({"port": listening.getsockname()[1]}) + "\n")
        sys.stdout.flush()
        config = uvicorn.Config(app(float(sys.argv[1]), words), log_config=None, access_log=False)
        asyncio.run(uvicorn.Server(config).serve([listening]))


if __name__ == "__main__":
    main()
