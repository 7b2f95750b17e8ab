"""Send the message of a run through Apprise, within a time limit. A message that is not sent changes nothing else."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from siyu import clock
from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.masking import first_line, one_line, printable
from siyu.report.message import INTERRUPTED, Message, Style, compose, still_told
from siyu.settings import NOTIFY_ON

if TYPE_CHECKING:
    from apprise import NotifyBase

    from siyu.settings import Settings

SECONDS = 20.0  # for all addressees together, who are sent to at a time
IN_ENVIRONMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
FORMAT = re.compile(r"[?&]format=")
# Robots that answer 200 whatever happens. Their answer says in a field whether they took the message: 0 means yes.
ROBOTS = ("wecombot", "dingtalk", "feishu", "lark")
CODES, REASONS = ("errcode", "code", "StatusCode"), ("errmsg", "msg", "StatusMessage")
SHORTEST_SECRET, LONG_SECRET = 4, 8


@dataclass(frozen=True)
class Addressee:
    """Who gets messages. `name` is shown; it has no secret in it."""

    name: str
    url: str
    plugin: NotifyBase


@dataclass(frozen=True)
class Notification:
    """What became of the message of a run.

    `state` is sent, failed, partly sent or not needed. `told` are the keys of concerns that on-call knows.
    """

    state: str
    title: str
    sent_at: str | None
    problems: tuple[str, ...]
    told: tuple[str, ...]


def addressees(settings: Settings) -> list[Addressee]:
    """Return who gets messages. Raises ConfigError for an address that Apprise does not take. It shows no secret."""
    where = settings.place("notify")
    errors: list[SiyuError] = [
        ConfigError(f"notify_on: there is no reason {name!r}", settings.place("notify_on"), nearest(name, NOTIFY_ON))
        for name in settings.notify_on
        if name not in NOTIFY_ON
    ]
    found = []
    for number, secret in enumerate(settings.notify, 1):
        try:
            found.append(_addressee(number, secret.get_secret_value()))
        except ValueError as error:
            errors.append(ConfigError(f"address {number} of notify {error}", where, "docs/on-call.md#messages lists "
                                      "the forms. siyu notify --test sends a test message."))  # fmt: skip
    raise_all(errors)
    return found


def _addressee(number: int, text: str) -> Addressee:
    missing = next((name for name in IN_ENVIRONMENT.findall(text) if name not in os.environ), None)
    if missing is not None:
        raise ValueError(f"names the variable {missing}, which the environment does not have")
    url = IN_ENVIRONMENT.sub(lambda match: os.environ[match[1]], text)
    scheme = url.partition("://")[0]
    with _heard() as heard:
        plugin = _apprise().Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
    if plugin is None:
        shown = f"{scheme}://****" if re.fullmatch("[a-z0-9]{2,20}", scheme) and "://" in url else "****"
        del heard
        raise ValueError(f"({shown}) is none that Apprise can send to")
    _corrected(plugin, url)
    return Addressee(f"{plugin.service_name} ({number})", url, plugin)


def _corrected(plugin: Any, url: str) -> None:
    """Correct what Apprise would send of a plain text.

    A mail would be HTML whose blanks do not break, so no line of it would fit a window. The signature for DingTalk
    would be encoded for its address twice, and refused.
    """
    if plugin.service_name == "E-Mail" and not FORMAT.search(url):
        plugin.notify_format = _apprise().NotifyFormat.TEXT
    if getattr(plugin, "secret", None) and hasattr(plugin, "get_signature"):
        encoded = plugin.get_signature

        def signature() -> tuple[str, str]:
            timestamp, text = encoded()
            return timestamp, unquote(text)  # Base64 has no %: without an encoding it stays as it is

        plugin.get_signature = signature


def _apprise() -> Any:
    import apprise  # it takes a second, and few runs need it

    return apprise


def _asset() -> Any:
    return _apprise().AppriseAsset(app_id="siyu", app_desc="siyu", app_url="")


def notify(
    status: Mapping[str, Any], before: Mapping[str, Any], settings: Settings, everybody: Sequence[Addressee]
) -> Notification:
    """Send the message of a run that has ended, if it needs one. `before` is the status.json of the run before."""
    last = before.get("notification") or {}
    told = set(last.get("told", ()))
    if before.get("status") == "running":  # it was killed, and could not say so
        told.add(INTERRUPTED)
    message = compose(status, told, style(settings))
    if message is None:
        return Notification("not needed", "", None, (), tuple(still_told(status, told, was_sent=False)))
    problems = send(message, everybody)
    state = "sent" if not problems else "failed" if len(problems) == len(everybody) else "partly sent"
    now = clock.now().replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    keys = still_told(status, told, was_sent=state != "failed")
    return Notification(state, message.title, now if state != "failed" else None, tuple(problems), tuple(keys))


def style(settings: Settings) -> Style:
    """Return how messages are written."""
    docs = settings.notify_docs
    return Style(settings.notify_language, settings.notify_link, f"{docs.rstrip('/')}/" if docs else "",
                 settings.notify_on)  # fmt: skip


def send(message: Message, everybody: Sequence[Addressee]) -> list[str]:
    """Send a message to everybody at a time. Return a line for each who did not get it, without secrets.

    The threads are daemons: one that hangs does not keep the process from ending.
    """
    seconds = SECONDS
    problems: dict[str, str] = {one.name: f"no answer within {seconds:.0f} seconds" for one in everybody}

    def deliver(one: Addressee) -> None:
        try:
            problem = _deliver(message, one)
        except Exception as error:  # noqa: BLE001 - reported; a message never changes how a night ends
            problem = f"{type(error).__name__}: {first_line(error)}"
        problems[one.name] = without_secrets(problem, one.url)

    threads = [threading.Thread(target=deliver, args=(one,), daemon=True) for one in everybody]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    return [f"{name}: not sent: {problem}" for name, problem in list(problems.items()) if problem]


def _deliver(message: Message, one: Addressee) -> str:
    """Send a message. Return '' or the problem."""
    apprise = _apprise()
    box = apprise.Apprise(asset=_asset())
    box.add(one.plugin)
    kind = apprise.NotifyType.SUCCESS if message.is_good else apprise.NotifyType.WARNING
    with _heard() as heard, _answers(one.plugin) as answers:
        is_taken = box.notify(body=message.text, title=message.title, notify_type=kind,
                              body_format=apprise.NotifyFormat.TEXT)  # fmt: skip
    if not is_taken:
        return heard[-1] if heard else "not accepted"
    return next((problem for answer in answers if (problem := _refusal(answer))), "")


def _refusal(answer: Any) -> str:
    """Return why a robot refused a message, from the body of its answer; '' if it took it."""
    try:
        body = json.loads(answer.content)
    except ValueError:
        return "the answer is no JSON"
    code = next((body[name] for name in CODES if isinstance(body, dict) and name in body), 0)
    if not code:
        return ""
    reason = next((body[name] for name in REASONS if name in body), "")
    return one_line(printable(f"refused with code {code}: {reason}"))[:200]


class _Recorder:
    """Stands in for the library `requests` in the module of a robot: it keeps the answers of each thread."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self.kept = threading.local()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def post(self, *given: Any, **options: Any) -> Any:
        answer = self._library.post(*given, **options)
        getattr(self.kept, "answers", []).append(answer)
        return answer


@contextmanager
def _answers(plugin: NotifyBase) -> Iterator[list[Any]]:
    """Collect the answers that a robot gives in this thread. Apprise itself looks only at their HTTP status."""
    module: Any = sys.modules[type(plugin).__module__]
    answers: list[Any] = []
    if module.__name__.rpartition(".")[2] in ROBOTS:
        if not isinstance(module.requests, _Recorder):
            module.requests = _Recorder(module.requests)
        module.requests.kept.answers = answers
    yield answers


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread, self.lines = threading.get_ident(), list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.lines.append(one_line(printable(record.getMessage()))[:200])


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Collect what Apprise logs in this thread. It goes nowhere else, because it may contain secrets."""
    logger, listener = logging.getLogger("apprise"), _Listener()
    logger.propagate = False
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # at DEBUG it logs addresses
    logger.addHandler(listener)
    try:
        yield listener.lines
    finally:
        logger.removeHandler(listener)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


def without_secrets(text: str, url: str) -> str:
    """Return a text without any part of an address but its scheme: any may be a key, a password or a mail address."""
    parts = set(re.split(r"[^0-9A-Za-z_.-]+", url.partition("://")[2]))
    for part in sorted(parts, key=len, reverse=True):
        # A short one may be part of an ordinary word.
        edges = ("", "") if len(part) >= LONG_SECRET else (r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])")
        if len(part) >= SHORTEST_SECRET:
            text = re.sub(re.escape(part).join(edges), "****", text)
    return text
