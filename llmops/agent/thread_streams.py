"""An iterator that works, handed out piece by piece without holding up the event loop."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import TypeVar

T = TypeVar("T")


async def in_threads(
    pieces: Generator[T, None, None], run: Callable[[Callable[[], T | None]], Awaitable[T | None]]
) -> AsyncGenerator[T, None]:
    """The pieces, each made by `run` in another thread while nobody else is at them.

    Whoever stops early ends the iterator, too, once the piece that is being made is there.
    """
    making: asyncio.Future[T | None] | None = None
    try:
        while True:
            making = asyncio.ensure_future(run(lambda: next(pieces, None)))
            piece = await asyncio.shield(making)
            if piece is None:
                return
            yield piece
    finally:
        if making is not None and not making.done():
            await asyncio.wait([making])
        pieces.close()
