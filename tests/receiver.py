"""A group robot on this machine: it takes messages in the format of WeCom's robots and answers as they do."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

KEY = "693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa"
ADDRESS = f"wecombot://{KEY}"


@dataclass
class Robot:
    """What a robot was sent, and how it answers: `errcode` in an answer of `status`, after `delay` seconds."""

    port: int = 0
    errcode: int = 0
    status: int = 200
    delay: float = 0
    got: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [str(one["text"]["content"]) for one in self.got]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/cgi-bin/webhook/send?key={{key}}"

    def answer(self) -> bytes:
        told = "ok" if not self.errcode else "invalid webhook url, hint: [1]"
        return json.dumps({"errcode": self.errcode, "errmsg": told}).encode()


@contextmanager
def robot() -> Iterator[Robot]:
    """A robot that listens, and to which Apprise's addresses wecombot://… go in this process."""
    found = Robot()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(json.loads(body))
            found.paths.append(self.path)
            time.sleep(found.delay)
            with suppress(BrokenPipeError):  # whoever asked did not wait
                self.send_response(found.status)
                self.end_headers()
                self.wfile.write(found.answer())

        def log_message(self, *given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    from apprise.plugins.wecombot import NotifyWeComBot

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NotifyWeComBot, "notify_url", found.url)
        try:
            yield found
        finally:
            server.shutdown()
            server.server_close()
