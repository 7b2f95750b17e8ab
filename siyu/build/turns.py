"""Who builds beside whom: models build side by side, until one needs all of the memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Work that goes on side by side, and work that goes on alone. One thread must not nest the two."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = 0
        self._alone = 0  # threads that want to be alone, or are

    @contextmanager
    def beside_others(self) -> Iterator[None]:
        """Wait until nobody wants to be alone, then work beside others."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._running += 1
        try:
            yield
        finally:
            self._end()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until everybody else has ended, then work while nobody else begins."""
        with self._changed:
            self._alone += 1
            self._changed.wait_for(lambda: not self._running)
            self._running += 1
        try:
            yield
        finally:
            self._end(is_alone=True)

    def _end(self, *, is_alone: bool = False) -> None:
        with self._changed:
            self._running -= 1
            self._alone -= is_alone
            self._changed.notify_all()
