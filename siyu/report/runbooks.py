"""docs/on-call.md as HTML, so that pages can link to a runbook where no documents and no network are at hand."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import urljoin

from markdown_it import MarkdownIt
from markdown_it.token import Token

from siyu.errors import ON_CALL
from siyu.layers import base_layer
from siyu.report.markup import anchor

PAGE = "on-call.html"
LINK = re.compile(r"https?://[^\s<>\"]+|([a-z0-9_-]+\.html)?(#[^\s<>\"]+)?")


def runbook_link(runbook: str) -> str:
    """Return the link to a runbook beside a page, such as on-call.html#one-id of docs/on-call.md#one-id."""
    return safe_link(PAGE + runbook.removeprefix(ON_CALL) if runbook.startswith(ON_CALL) else runbook)


def safe_link(target: str) -> str:
    """Return a link to a page beside this one, or to a web address; '' for anything else, such as javascript:."""
    return target if LINK.fullmatch(target) else ""


@cache
def runbooks(docs: str = "") -> str:
    """Return the HTML of docs/on-call.md. Links to other documents lead to the folder `docs`, if that is known."""
    path = base_layer() / ON_CALL
    if not path.is_file():  # an installation that left the documents out must not lose its status page
        return f"<h1>On-call</h1><p>This installation of siyu has no {ON_CALL}. 此安装不含 {ON_CALL}。</p>"
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(path.read_text(encoding="utf-8"))
    for token, text in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and text is not None:
            token.attrSet("id", anchor(text.content))
        for child in token.children or ():
            _point(child, docs)
    return str(parser.renderer.render(tokens, parser.options, {}))


def _point(token: Token, docs: str) -> None:
    """Let a link lead somewhere: a document that is not here has no target."""
    target = str(token.attrGet("href") or "")
    if token.type != "link_open" or target.startswith(("#", "http:", "https:")):
        return
    if docs:
        token.attrSet("href", urljoin(docs.rstrip("/") + "/", target))
    else:
        del token.attrs["href"]
