"""The untidy workbook of docs/add-a-channel.md lands by its contract, as the page says."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from siyu.dev.dry_run import look
from siyu.dev.dry_run_text import dry_run_text
from siyu.landing.file import Landing
from siyu.layers import read_yaml
from siyu.seeds.channels import Channel
from tests.engine.test_landing import AS_OF, Shop
from tests.engine.test_landing import folder as folder
from tests.engine.test_landing import session as session
from tests.engine.test_landing import shop as shop

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "add-a-channel.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.split("\n### An example\n")[1].split("\n### ")[0]
NAME = "signups_20260630.xlsx"
BLOCKS = re.findall(r"^```(?:yaml)?\n(.*?)^```$", EXAMPLE, re.MULTILINE | re.DOTALL)


def table(number: int) -> list[list[str]]:
    """The cells of a table of the example, without its first two lines."""
    tables = re.findall(r"(?:^\|.*\|\n)+", EXAMPLE, re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in tables[number].splitlines()[2:]]


def workbook() -> bytes:
    """The sheet that the page shows: numbers as numbers, and merged where the page says so."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        sheet = book.add_worksheet("报名表")
        rows = [row[1:] for row in table(0)]
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                if cell:
                    sheet.write(i, j, float(cell) if re.fullmatch(r"[0-9.]+", cell) else cell)
        for j in (0, 3, 4, 5):
            sheet.merge_range(2, j, 3, j, rows[2][j])
        sheet.merge_range(2, 1, 2, 2, rows[2][1])
    return data.getvalue()


def channel(**changes: Any) -> Channel:
    contract = read_yaml(BLOCKS[0], "mall.yml")
    contract["exports"]["signups"].update(changes)
    return Channel.model_validate(contract)


def test_the_workbook_lands_by_its_contract_alone(shop: Shop) -> None:
    result = shop.land_folder({NAME: workbook()}, channel())
    (file,) = result.files
    assert (file.rows_read, file.rows_landed, file.rows_rejected, result.problems, result.drift) == (4, 3, 1, [], [])
    rows = shop.landed(file, ", ".join(channel().exports["signups"].columns))
    assert [["" if value is None else str(value) for value in row] for row in rows] == table(1)


@pytest.mark.parametrize(
    ("block", "changes"), [(1, {"header_row": None}), (2, {})], ids=["without header_row", "as it is"]
)
def test_a_dry_run_says_what_the_page_shows(shop: Shop, block: int, changes: dict[str, Any]) -> None:
    from rich.console import Console

    path = shop.root / NAME
    path.write_bytes(workbook())
    (shop.root / "dry").mkdir()
    landing = Landing(0, AS_OF, shop.root / "dry", shop.root / "dry", {})
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(dry_run_text(look(shop.session, channel(**changes), "signups", path, landing)))
    said = [" ".join(line.split()) for line in console.export_text().splitlines()]
    for line in BLOCKS[block].splitlines():
        assert " ".join(line.split()) in said
