"""Work in dependency order, several items at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, TypeVar

from siyu.compile.graph import Graph, order

T = TypeVar("T")


class Workers(AbstractContextManager["Workers"]):
    """Threads that take up a piece of work as soon as all that it waits for has ended. After the first error nothing
    begins any more, and every future raises that error. Wait for the futures before leaving the context."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=count)
        self._guard = threading.Lock()
        self._error: BaseException | None = None

    def start(self, work: Callable[[], T], after: Sequence[Future[Any]] = ()) -> Future[T]:
        """Start work once other work has ended."""
        future: Future[T] = Future()
        missing = len(after)

        def one_ended(_: Future[Any]) -> None:
            nonlocal missing
            with self._guard:
                missing -= 1
                is_last = missing == 0
            if is_last:
                self._submit(work, future)

        for other in after:
            other.add_done_callback(one_ended)
        if not after:
            self._submit(work, future)
        return future

    def _submit(self, work: Callable[[], T], future: Future[T]) -> None:
        with self._guard:
            if self._error is None:
                self._pool.submit(self._carry_out, work, future)
                return
        future.set_exception(self._error)

    def _carry_out(self, work: Callable[[], T], future: Future[T]) -> None:
        if self._error is not None:
            future.set_exception(self._error)
            return
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - the thread that waits for the future raises it
            self._error = self._error or error
            future.set_exception(error)
        else:
            future.set_result(result)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._guard:
            self._error = self._error or error
        self._pool.shutdown(wait=True, cancel_futures=error is not None)


def run_in_order(graph: Graph, names: Sequence[str], work: Callable[[str], T], workers: int) -> list[T]:
    """Run `work` for each name once what it reads is done, `workers` at a time. Raises the first error."""
    wanted = set(names)
    with Workers(workers) as crew:
        started: dict[str, Future[T]] = {}
        for name in order({name: graph[name] for name in names}):
            before = [started[read] for read in sorted(graph[name] & wanted)]
            started[name] = crew.start(lambda name=name: work(name), before)  # type: ignore[misc]
        return [future.result() for future in started.values()]
