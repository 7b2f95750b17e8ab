"""Run work in dependency order, several items at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from siyu.compile.graph import Graph, order

T = TypeVar("T")


def run_in_order(
    graph: Graph, names: Sequence[str], work: Callable[[str], T], workers: int, done: Callable[[T], None]
) -> None:
    """Run `work` for each name once what it reads is done, `workers` at a time. The first error stops new work."""
    waiting = {name: set(graph[name]) & set(names) for name in order({name: graph[name] for name in names})}
    running: dict[Future[T], str] = {}
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            while waiting or running:
                for name in [name for name, needs in waiting.items() if not needs]:
                    del waiting[name]
                    running[pool.submit(work, name)] = name
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    name = running.pop(future)
                    done(future.result())
                    for needs in waiting.values():
                        needs.discard(name)
        except BaseException:
            for future in running:
                future.cancel()
            raise
