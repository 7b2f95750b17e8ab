"""Python's search for circles of garbage, while a project is compiled."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# New objects between two searches, and searches between two of older objects. Python's own first number is 700.
RARELY = (100_000, 20, 50)


@contextmanager
def few_collections() -> Iterator[None]:
    """Search rarely inside. A compilation makes millions of objects that stay, and going through all of them again and
    again takes a tenth of its time."""
    usual = gc.get_threshold()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
