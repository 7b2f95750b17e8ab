"""Canaries where dirt brings them: names of files, sheets, columns and JSON keys, rows and files that break their
contract, broken encodings, reference tables and human decisions."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import xlsxwriter

from tests.golden.canaries import Canaries, records, shapes, staging, write_exports
from tests.golden.canaries import contract as canary_contract
from tests.golden.shop import Shop

CONTRACT = """channel: dirt
title: 脏数据 Dirt
domain: private
owner: tests
freshness_hours: 30
exports:
"""
EXPORT = """  {name}:
    files: "{name}*.{format}"
    format: {format}
    key: [row_id]
    {more}
    max_reject_rate: 0.9
    columns:
      row_id: {{type: text, required: true}}
      note: {{type: text}}
      phone: {{type: text, pii: direct}}
      day: {{type: date}}
      amount: {{type: "decimal(18,2)", min: 0}}
      count: {{type: integer}}
      kind: {{type: text, in: [a, b]}}
      flag: {{type: boolean}}
"""
FORMATS = {"csv": "csv", "lines": "jsonl", "docs": "json", "book": "xlsx", "table": "parquet", "gb": "csv"}
COLUMNS = ("row_id", "note", "phone", "day", "amount", "count", "kind", "flag")


def contract() -> str:
    more = {"book": "sheet: 观众", "docs": "explode: rows", "gb": "encoding: gb18030"}
    text = CONTRACT
    for name, form in FORMATS.items():
        text += EXPORT.format(name=name, format=form, more=more.get(name, "allow_empty: true"))
    return text


def dirty_rows(canaries: Canaries, place: str) -> list[dict[str, str]]:
    """Rows each of which breaks the contract in one column, with every form of a canary there; and repeated keys that
    are canaries."""
    rows = []
    for column in ("phone", "day", "amount", "count", "kind", "flag"):
        forms = [*canaries.forms(f"{place}: a bad {column}"), canaries.name(f"{place}: a bad {column}")]
        if column == "phone":
            rows += [{"row_id": f"{place}-{form}", "phone": form, "kind": "z"} for form in forms]
            continue
        rows += [{"row_id": f"{place}{column}{number}", column: form} for number, form in enumerate(forms)
                 if column == "phone" or "金丝雀" not in form]  # fmt: skip
    for form in canaries.forms(f"{place}: a repeated key"):
        rows += [{"row_id": form, "note": "one"}, {"row_id": form, "note": "two"}]
    return rows


def write_dirt(folder: Path, canaries: Canaries) -> None:
    """Write files of every format of the channel `dirt`."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(folder, canaries)
    _write_json(folder, canaries)
    _write_others(folder, canaries)
    for form in canaries.forms("name of a file"):
        name = form.replace("/", "_").replace("?", "_")
        (folder / f"csv_{name}.csv").write_text("row_id,note\n1,x\n", encoding="utf-8")
        (folder / f"csv_{name}.x.csv").write_text("nothing\nfits\n", encoding="utf-8")
        (folder / f"unknown {name}.txt").write_text("x", encoding="utf-8")


def _csv_line(row: dict[str, str]) -> str:
    return ",".join(f'"{row.get(column, "")}"' for column in COLUMNS) + "\n"


def _write_csv(folder: Path, canaries: Canaries) -> None:
    header = ",".join(COLUMNS) + "\n"
    body = "".join(_csv_line(row) for row in dirty_rows(canaries, "csv"))
    (folder / "csv_rows.csv").write_text(header + body, encoding="utf-8")
    headers = [*canaries.forms("a new column")]
    for number, form in enumerate(headers):
        name = form.replace(",", "")
        (folder / f"csv_header{number}.csv").write_text(f"row_id,{name}\nh{number},x\n", encoding="utf-8")
        (folder / f"csv_none{number}.csv").write_text(f"{name},{name}x\n1,2\n", encoding="utf-8")
        (folder / f"csv_twice{number}.csv").write_text(f"row_id,{name},{name}\n1,2,3\n", encoding="utf-8")
        extra = canaries.forms("a surplus field")[number].replace(",", "")
        (folder / f"csv_more{number}.csv").write_text(f"row_id,note\ns1,a\ns2,b,{extra}\n", encoding="utf-8")
    broken = f"row_id,note,count\ne1,{canaries.email('broken encoding')}".encode() + b"\xff\xfe\xc9,x\n"
    (folder / "csv_broken.csv").write_bytes(broken)
    (folder / "csv_quote.csv").write_text(f'row_id,note\n"q1,{canaries.mobile("open quote")}\n', encoding="utf-8")
    utf16 = f"row_id,note\nu1,{canaries.mobile('utf-16')}\n"
    (folder / "csv_utf16.csv").write_bytes(utf16.encode("utf-16"))
    (folder / "gb_rows.csv").write_bytes((header + body.replace("csv", "gb")).encode("gb18030", "replace"))
    (folder / "gb_broken.csv").write_bytes(header.encode() + canaries.name("gb").encode("gb18030")[:-1] + b"\x80,\n")


def _write_json(folder: Path, canaries: Canaries) -> None:
    rows = dirty_rows(canaries, "lines")
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    for form in canaries.forms("a JSON key"):
        lines.append(json.dumps({"row_id": f"key {len(lines)}", form: {form: 1}}, ensure_ascii=False))
        lines.append('{"row_id": "m", "note": "' + form)
        lines.append(f'["{form}"]')
    (folder / "lines_1.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    document = {"rows": dirty_rows(canaries, "docs"), canaries.mobile("key of a document"): 1}
    (folder / "docs_1.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    other = {canaries.email("a document without rows"): canaries.mobile("a document without rows")}
    (folder / "docs_2.json").write_text(json.dumps(other, ensure_ascii=False), encoding="utf-8")
    (folder / "docs_3.json").write_text('{"rows": [{"row_id": ' + canaries.mobile("half a document"), encoding="utf-8")


def _write_others(folder: Path, canaries: Canaries) -> None:
    rows = dirty_rows(canaries, "book")
    for name, sheet in (
        ("book_1", "观众"),
        ("book_2", canaries.mobile("a sheet")),
        ("book_3", canaries.openid("sheet")),
    ):
        with xlsxwriter.Workbook(folder / f"{name}.xlsx") as book:
            page = book.add_worksheet(sheet)
            for i, line in enumerate([list(COLUMNS), *([row.get(c, "") for c in COLUMNS] for row in rows)]):
                page.write_row(i, 0, line)
    text = canaries.mobile("no workbook")
    (folder / "book_4.xlsx").write_text(text, encoding="utf-8")
    (folder / "table_2.parquet").write_text(text, encoding="utf-8")
    column = canaries.email("a column of Parquet")
    with duckdb.connect() as con:
        con.execute(
            f"""copy (select 'p1' as row_id, '{column}' as day, 1 as "{column}") to '{folder}/table_1.parquet'"""
        )
        con.execute(f"""copy (select 1 as "{column}x") to '{folder}/table_3.parquet'""")


RULES = "decision,left_id,right_id,decided_at,decided_by,reason\n"


def write_references(folder: Path, canaries: Canaries) -> None:
    """Write reference tables and human decisions with canaries in every field that people write."""
    folder.mkdir(parents=True, exist_ok=True)
    mobile = canaries.mobile
    rules = [
        f"link,mobile:+86{mobile('a link')},email:{canaries.email('a link')},2026-06-01,"
        f"{canaries.name('who decided')[:2]},{canaries.name('a reason')} {mobile('a reason')}",
        f"unlink,unionid:{canaries.openid('unlink')},openid:{canaries.openid('unlink')},2026-06-01,li,"
        f"{canaries.email('a reason')}",
        f"exclude,external_userid:{canaries.external('exclude')},,2026-06-01,li,{canaries.openid('a reason')}",
    ]
    (folder / "identity_rules.csv").write_text(RULES + "\n".join(rules) + "\n", encoding="utf-8")
    staff = f"staff_id,team,role,monthly_cost,outsourced,vendor,name_zh,name_en\n{mobile('staff_id')},a,sales,,,,"
    (folder / "staff.csv").write_text(
        f"{staff}李{mobile('name of staff')},{canaries.email('staff')}\n", encoding="utf-8"
    )
    campaigns = f"campaign_id,domain,scene,step,name_zh,name_en\n{mobile('campaign_id')},private,search,acquire,"
    text = f"{campaigns}{canaries.email('name of a campaign')},{canaries.openid('name of a campaign')}\n"
    (folder / "campaigns.csv").write_text(text, encoding="utf-8")
    blocked = f"id_type,kind,pattern,why\nmobile,value,+86{mobile('blocked')},{mobile('why blocked')}\n"
    (folder / "blocked_identifiers.add.csv").write_text(blocked, encoding="utf-8")


def write_world(shop: Shop, canaries: Canaries, *, is_stopped: bool = False) -> None:
    """Add the channels `canary` and `dirt` to a shop. `is_stopped`: records break a critical expectation."""
    for shape in shapes():
        shop.write(f"layer/models/staging/canary__{shape}.sql", staging(shape))
    shop.write("layer/seeds/channels/canary.yml", canary_contract())
    shop.write("layer/seeds/channels/dirt.yml", contract())
    write_exports(shop.root / "exports" / "canary", records(canaries, is_stopped=is_stopped))
    write_dirt(shop.root / "exports" / "dirt", canaries)
    write_references(shop.root / "layer" / "seeds" / "reference", canaries)
