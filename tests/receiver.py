"""Receivers on this machine: group robots that answer as WeCom's do, and a mail server."""

from __future__ import annotations

import json
import socketserver
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

    def got_at(self, beginning: str) -> list[Any]:
        """What was sent to paths that begin like this."""
        return [body for path, body in zip(self.paths, self.got, strict=True) if path.startswith(beginning)]

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
    """A robot that listens, and to which what Apprise sends to group robots and to Slack goes in this process."""
    found, lock = Robot(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                found.got.append(json.loads(body))
                found.paths.append(self.path)
            time.sleep(found.delay)
            with suppress(BrokenPipeError):  # whoever asked did not wait
                self.send_response(found.status)
                self.end_headers()
                self.wfile.write(b"ok" if self.path.startswith("/services") else found.answer())

        def log_message(self, *given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        _send_here(patch, found)
        try:
            yield found
        finally:
            server.shutdown()
            server.server_close()


def _send_here(patch: pytest.MonkeyPatch, found: Robot) -> None:
    from apprise.plugins.dingtalk import NotifyDingTalk
    from apprise.plugins.feishu import NotifyFeishu
    from apprise.plugins.lark import NotifyLark
    from apprise.plugins.slack import NotifySlack
    from apprise.plugins.wecombot import NotifyWeComBot

    here = f"http://127.0.0.1:{found.port}"
    patch.setattr(NotifyWeComBot, "notify_url", found.url)
    patch.setattr(NotifyDingTalk, "notify_url", f"{here}/robot/send?access_token={{token}}")
    patch.setattr(NotifyFeishu, "notify_url", f"{here}/feishu/{{token}}/")
    patch.setattr(NotifyLark, "notify_url", f"{here}/lark/")
    patch.setattr(NotifySlack, "webhook_url", f"{here}/services")


@contextmanager
def mailbox() -> Iterator[tuple[int, list[bytes]]]:
    """A mail server that takes any password; its port, and the mails that it got."""
    mails: list[bytes] = []
    answers = {
        b"EHLO": b"250-here\r\n250 AUTH PLAIN", b"AUTH": b"235 ok", b"MAIL": b"250 ok", b"RCPT": b"250 ok",
        b"DATA": b"354 go on", b"QUIT": b"221 bye",
    }  # fmt: skip

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                word = line[:4].upper()
                self.wfile.write(answers.get(word, b"502 unknown") + b"\r\n")
                if word == b"DATA":
                    mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                    self.wfile.write(b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1], mails
        finally:
            server.shutdown()
