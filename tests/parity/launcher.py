"""Runs bqemulator until standard input closes; its REST address is the only line on standard output, as JSON.

The python of .venv-bqemulator runs this file: nothing of this project is importable there.
"""

import asyncio
import json
import os
import sys


async def serve(answer: int) -> None:
    from bqemulator.config import PersistenceMode, Settings
    from bqemulator.server import EmulatorServer
    from bqemulator.storage.engine import DuckDBEngine

    # It downloads DuckDB's spatial extension and refuses to start without; no table of ours has a GEOGRAPHY.
    DuckDBEngine._load_spatial = lambda self: None
    settings = Settings(
        persistence_mode=PersistenceMode.EPHEMERAL,
        log_level="error",
        rest_host="127.0.0.1",
        rest_port=0,
        grpc_host="127.0.0.1",
        grpc_port=0,
        enable_format_extensions=False,
    )
    server = EmulatorServer(settings)
    await server.start()
    os.write(answer, json.dumps({"rest_url": server.rest_url}).encode() + b"\n")
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


if __name__ == "__main__":
    # It logs to standard output before it reads its settings: only the address may go there.
    answer = os.dup(1)
    os.dup2(2, 1)
    asyncio.run(serve(answer))
