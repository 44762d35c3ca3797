"""Many callers, one call: whoever comes while a batch is under way goes with the next one.

No timer and no delay: alone, a caller is a batch of one and waits for nobody. Under load the batches grow by
themselves, up to their limit, and what a call costs is shared. This is the group commit of databases.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Combiner(Generic[T, R]):
    """`work` gets what waited together, at most `limit` of it, and answers each in order; its failure is everybody's.

    At most `lanes` batches are under way at a time. A caller that is cancelled does not stop its batch.
    """

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, limit: int, lanes: int = 1) -> None:
        self._work = work
        self._limit = limit
        self._lanes = lanes
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, item: T) -> R:
        """The answer to this item."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running < self._lanes:
            self._running += 1  # given back by the lane itself, in the same step in which it finds nobody waiting
            task = asyncio.create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                size = min(self._limit, len(self._waiting))
                await self._answer([self._waiting.popleft() for _ in range(size)])
                await asyncio.sleep(0)  # who was answered and comes again at once goes with those who waited
        finally:
            self._running -= 1

    async def _answer(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            answers = await self._work([item for item, _ in batch])
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
