"""docs/add-a-channel.md to the letter: its files and commands in an empty folder, to a release that has the channel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.e2e.deployed import checkout
from tests.shared import Shared

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("add_a_channel")]

ROOT = Path(__file__).resolve().parents[2]
CHANNEL = "hotline"
SUITES = ("identity/record_owner",)  # of the base layer, about the channel; its own suites are in the layer
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`((?:exports|layer|tests)/[^`]+)`[^\n]*\n\n$")


@dataclass(frozen=True)
class Block:
    """A block of the document: `path` where it is a file, `shown` what the document says comes out of it."""

    language: str
    text: str
    path: str | None
    shown: str = ""


def _blocks() -> list[Block]:
    """Up to the reference of keys. Errors that the document shows are those of mistakes it does not make."""
    document = (ROOT / "docs" / "add-a-channel.md").read_text(encoding="utf-8").split("\n## The contract\n")[0]
    found: list[Block] = []
    for match in BLOCK.finditer(document):
        language, text = match.groups()
        file = FILE.search(document[: match.start()])
        if language:
            found.append(Block(language, text, file[1] if file else None))
        elif not text.startswith("error:"):
            found[-1] = Block(found[-1].language, found[-1].text, found[-1].path, text)
    return found


def _said_of_the_channel(text: str) -> list[str]:
    """Lines that name the channel or a file of it, without how long things took and where they lie."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [re.sub(r"\d+\.\d+ ?s\b", "0.0 s", line) for line in lines if CHANNEL in line or "calls" in line]


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory, shared: Shared) -> tuple[Path, list[tuple[Block, str]]]:
    """The folder of somebody who did what the document says, and what every command said. Their siyu builds the
    families that the document asks for something, and checks little more than the new channel."""
    siyu = ROOT if "EVERY_SUITE" in os.environ else checkout(shared, *SUITES)
    root = tmp_path_factory.mktemp("follower")
    script = ["set -euo pipefail"]
    commands: list[Block] = []
    for block in _blocks():
        if block.path is not None:
            script.append(f"cat > '{block.path}' <<'END OF FILE'\n{block.text}END OF FILE")
        elif block.language == "sh":
            script += [f"echo '--- {len(commands)}'", block.text.replace("<checkout>", str(ROOT))]
            commands.append(block)
    clean = {
        name: value
        for name, value in os.environ.items()
        if name == "SIYU_CACHE" or not name.startswith(("SIYU_", "PYTEST_"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)], cwd=root,
        env={**clean, "PATH": path, "PYTHONPATH": str(siyu), "SIYU_FAMILIES": "identity,journey"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = re.split(r"^--- \d+\n", done.stdout, flags=re.MULTILINE)[1:]
    return root / "myco", list(zip(commands, said, strict=True))


def test_commands_say_what_the_document_shows(follower: tuple[Path, list[tuple[Block, str]]]) -> None:
    for block, said in follower[1]:
        missing = [line for line in _said_of_the_channel(block.shown) if line not in _said_of_the_channel(said)]
        assert not missing, f"{block.text} says {said}"
    assert any("1 ok, 0 failed" in said for block, said in follower[1] if "siyu test" in block.text)


def test_the_release_has_the_channel(follower: tuple[Path, list[tuple[Block, str]]]) -> None:
    con = duckdb.connect(follower[0] / "warehouse" / "current" / "siyu.duckdb", read_only=True)
    records = f"select count(*) from records.touch where channel = '{CHANNEL}'"
    assert con.sql(records).fetchall() == [(4,)]
    for block in _blocks():
        if block.language == "sql" and block.path is None:
            cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in block.shown.splitlines()]
            assert [["" if v is None else str(v) for v in row] for row in con.sql(block.text).fetchall()] == cells
