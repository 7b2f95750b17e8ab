"""The compile cache: results of earlier compilations, called facts, by the content that they depend on.

Each key is a digest of everything that the fact depends on, so an entry is either right or never found. The file may
be deleted at any time. A file that is damaged, or that another version of siyu or of its libraries wrote, is ignored.
Two processes may use the file at once: each reads and replaces the whole file, and the last one to finish wins.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from siyu.compile.code_fingerprint import PACKAGE
from siyu.settings import Settings

FILE = "compile.json"
# The packages and the libraries on which the facts depend.
CODE = ("compile", "engines", "seeds")
LIBRARIES = ("duckdb", "jinja2", "sqlglot")
MAX_ENTRIES = 4000  # of facts that the last compilation did not use


def digest(*parts: object) -> str:
    """Return a digest of values that repr() writes the same way in every process."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def is_json(value: object) -> bool:
    """Return whether a fact is the same after it was written to the file and read again."""
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError):
        return False


@cache
def toolchain() -> str:
    """Return a digest of the code and the libraries that compile."""
    total = hashlib.sha256(f"{platform.python_version()} {[version(name) for name in LIBRARIES]}".encode())
    for path in sorted(path for package in CODE for path in (PACKAGE / package).rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()


class Cache:
    """Facts by key. Their values are JSON. Only `save` writes the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._toolchain = toolchain()
        self._facts = self._read()
        self._used: dict[str, Any] = {}
        self._is_new = False

    @classmethod
    def of(cls, settings: Settings) -> Cache:
        """Return the cache of a deployment."""
        return cls(settings.cache_folder / FILE)

    def find(self, kind: str, inputs: Sequence[object]) -> Any | None:
        """Return the fact for these inputs, or None."""
        key = digest(kind, *inputs)
        if key in self._facts:
            self._used[key] = self._facts[key]
        return self._used.get(key)

    def keep(self, kind: str, inputs: Sequence[object], fact: Any) -> None:
        """Keep a fact; `save` will write it."""
        self._used[digest(kind, *inputs)] = fact
        self._is_new = True

    def remember(self, kind: str, inputs: Sequence[object], work: Callable[[], Any]) -> Any:
        """Return the fact for these inputs. If it is not known, call `work` and keep its result, but not its errors."""
        fact = self.find(kind, inputs)
        if fact is None:
            fact = work()
            self.keep(kind, inputs, fact)
        return fact

    def save(self) -> None:
        """Write the facts that were used, and as many others as fit. A file that cannot be written only costs time."""
        if not self._is_new:
            return
        others = [(key, fact) for key, fact in self._read().items() if key not in self._used]
        facts = dict(others[-MAX_ENTRIES:]) | self._used
        body = json.dumps(facts, ensure_ascii=False).encode()
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = self._path.with_name(f".{self._path.name}-{os.getpid()}")
            draft.write_bytes(self._header(body) + b"\n" + body)
            os.replace(draft, self._path)
        self._is_new = False

    def _header(self, body: bytes) -> bytes:
        return f"{self._toolchain} {hashlib.sha256(body).hexdigest()}".encode()

    def _read(self) -> dict[str, Any]:
        try:
            header, _, body = self._path.read_bytes().partition(b"\n")
        except OSError:
            return {}
        if header != self._header(body):
            return {}
        facts: dict[str, Any] = json.loads(body)
        return facts
