"""Does the sample show everything that the contracts, the record shapes and the code lists speak of?

Exceptions are tight: one that the sample has come to show must leave its list.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

import duckdb
import pytest

from siyu.layers import base_layer
from siyu.seeds.alias_tables import folded
from siyu.seeds.channels import Channel, load_channels
from tests.golden.conftest import Ran

REFERENCE = base_layer() / "seeds" / "reference"

# What the API answers beside the lists that siyu needs. Only some companies ask for it; model tests hold its staging.
EXPORTS_WITHOUT_FILES = {
    ("wecom", "contact_ways"),
    ("wecom", "corp_tags"),
    ("wecom", "sent_messages"),
    ("wecom_group", "group_list"),
    ("wecom_group", "group_statistics"),
}
PERSON = {
    "unionid", "openid", "external_userid", "member_id", "crm_contact_id", "mobile", "email", "device_serial",
    "cookie_id",
}  # fmt: skip
# Whom the channels can name in a shape; the identifiers that no channel has there are left empty.
IDENTIFIERS = {
    "contact": PERSON | {"crm_account_id", "company_name"},
    "touch": PERSON | {"company_name"},
    "link": {"unionid", "openid", "external_userid", "member_id", "mobile", "company_name"},
    "deal": {"unionid", "member_id", "mobile", "crm_contact_id", "crm_account_id", "company_name"},
    "ticket": {"mobile", "device_serial", "company_name"},  # what the service form asks for
    "company": {"device_serial", "credit_code", "crm_account_id", "email_domain", "company_name"},
    "device": {"device_serial", "company_name"},
    # About campaigns, members of staff, groups and decisions, not about anybody.
    "spend": set(),
    "staff_day": set(),
    "group_day": set(),
    "rule": set(),
}
# What the text of channels.md allows, where no contract lists it.
VALUES = {
    ("touch", "behaviour"): {"view", "download", "register", "attend", "interact", "purchase", "service"},
    ("touch", "direction"): {"inbound", "outbound"},
    ("touch", "outcome"): {"sent", "delivered", "clicked", "replied", "answered", "failed"},
    ("deal", "kind"): {"order", "refund", "opportunity"},
    ("deal", "status"): {"paid", "shipped", "done", "cancelled", "refunded", "open", "won", "lost"},
    ("deal", "purchase_path"): {"direct", "distributor", "tender", "mall"},
    ("company", "account_type"): {
        "prospect",
        "customer",
        "competitor",
        "partner",
        "distributor",
        "integrator",
        "service",
        "referral",
    },
    ("link", "touchpoint"): {"official_account", "wecom", "group", "mall"},
    ("link", "ended_by"): {"person", "staff", "system"},
    ("contact", "mobile_source"): {"self", "staff_remark"},
    ("rule", "decision"): {"link", "unlink", "exclude", "erase"},
}


@pytest.fixture(scope="module")
def contracts(night: Ran) -> dict[str, Channel]:
    return load_channels(night.settings)


def _landed(night: Ran, channel: str, export: str, column: str) -> set[str]:
    """The values of a column in everything that landed; none where nothing did."""
    files = night.settings.warehouse / "landed" / channel / export
    if not any(files.glob("*.parquet")):
        return set()
    rows = duckdb.sql(
        f"select distinct cast(\"{column}\" as varchar) from read_parquet('{files}/*.parquet', union_by_name = true)"
    ).fetchall()
    return {value for (value,) in rows if value is not None}


def _columns(contracts: dict[str, Channel]) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    for channel, contract in contracts.items():
        for name, export in contract.exports.items():
            for column, told in export.columns.items():
                yield channel, name, column, told.one_of


def test_every_export_has_files(night: Ran, contracts: dict[str, Channel]) -> None:
    landed = night.settings.warehouse / "landed"
    without = {
        (channel, export)
        for channel, contract in contracts.items()
        for export in contract.exports
        if not any((landed / channel / export).glob("*.parquet"))
    }
    assert without == EXPORTS_WITHOUT_FILES
    assert all(contracts[channel].exports[export].optional for channel, export in without)


def test_every_value_a_contract_lists_occurs(night: Ran, contracts: dict[str, Channel]) -> None:
    missing = {
        f"{channel}.{export}.{column}": sorted(lacking)
        for channel, export, column, values in _columns(contracts)
        if (channel, export) not in EXPORTS_WITHOUT_FILES
        and (lacking := set(values) - _landed(night, channel, export, column))
    }
    assert missing == {}


def test_every_column_of_every_export_is_filled(night: Ran, contracts: dict[str, Channel]) -> None:
    """A path that is misspelt in a contract reads as NULL for ever."""
    empty = [
        f"{channel}.{export}.{column}"
        for channel, export, column, _ in _columns(contracts)
        if (channel, export) not in EXPORTS_WITHOUT_FILES and not _landed(night, channel, export, column)
    ]
    assert empty == []


def _rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_record_shape_has_rows_and_fills_its_columns(night: Ran) -> None:
    con = night.connect_raw()
    shapes: dict[str, set[str]] = {}
    for row in _rows("record_shapes"):
        shapes.setdefault(row["shape"], set()).add(row["column_name"])
    identifiers = {row["id_type"] for row in _rows("identifier_types") if not row["parts"]}
    assert shapes.keys() == IDENTIFIERS.keys()
    for shape, own in shapes.items():
        columns = [row[0] for row in con.execute(f"describe records.{shape}").fetchall()]
        beside = {column.removesuffix("_at") + "_date" for column in columns if column.endswith("_at")} - own
        columns = [column for column in columns if column not in beside]  # business dates, which publishing adds
        assert set(columns) == own | identifiers | {"channel", "record_id", "landed_seq"}
        counts = con.execute(f"select {', '.join(f'count({c})' for c in columns)} from records.{shape}").fetchall()[0]
        filled = {column for column, count in zip(columns, counts, strict=True) if count}
        assert filled - identifiers == own | {"channel", "record_id", "landed_seq"}, shape
        assert filled & identifiers == IDENTIFIERS[shape], shape


def test_every_value_of_the_shapes_occurs_and_no_other(night: Ran) -> None:
    con = night.connect_raw()
    for (shape, column), values in VALUES.items():
        found = con.execute(f"select distinct {column} from records.{shape} where {column} is not null").fetchall()
        assert {value for (value,) in found} == values, f"{shape}.{column}"


def test_every_way_to_be_added_occurs(night: Ran) -> None:
    """In the list as WeCom's code, in the records by its name."""
    known = {row["add_way"]: row["name"] for row in _rows("wecom_add_ways")}
    found = (
        night.connect_raw()
        .execute("select distinct add_way from records.contact where channel = 'wecom' and add_way is not null")
        .fetchall()
    )
    assert _landed(night, "wecom", "contacts", "add_way") == set(known)
    assert {name for (name,) in found} == set(known.values())


def test_every_channel_fills_every_shape_it_has_staging_for(night: Ran) -> None:
    con = night.connect_raw()
    staged = sorted(path.stem for path in (base_layer() / "models" / "staging").rglob("*__*.sql"))
    assert len(staged) > 20
    empty = [
        name
        for name in staged
        if not con.execute(
            f"select 1 from records.{name.partition('__')[2]} where channel = ? limit 1", [name.partition("__")[0]]
        ).fetchall()
    ]
    assert empty == []


def _of_days(night: Ran, shape: str, column: str, where: str) -> list[int | None]:
    """The days from as_of, 2026-06-30, to a date; None where there is none."""
    query = f"select date_diff('day', date '2026-06-30', {column}) from records.{shape} where {where}"
    return [days for (days,) in night.connect("siyu_restricted.duckdb").execute(query).fetchall()]


def test_dates_lie_on_every_side_of_the_borders_of_tags(night: Ran) -> None:
    """Expected ends of opportunities that are open, and ends of warranties."""
    expected = _of_days(night, "deal", "expected_date", "kind = 'opportunity' and status = 'open'")
    ends = _of_days(night, "device", "warranty_until", "true")
    borders = ((-10_000, -1), (0, 30), (31, 90), (91, 180), (181, 10_000))
    assert None in expected and all(any(low <= d <= high for d in expected if d is not None) for low, high in borders)
    borders = ((-90, -1), (0, 89), (90, 10_000))
    assert None in ends and all(any(low <= d <= high for d in ends if d is not None) for low, high in borders)


def test_each_sincere_action_occurs(night: Ran) -> None:
    con = night.connect()
    found = {action for (action,) in con.execute("select distinct action from records.touch").fetchall()}
    assert {row["action"] for row in _rows("sincere_actions")} <= found


@pytest.mark.parametrize(
    ("column", "table", "code"), [("industry", "industries", "industry"), ("size", "company_sizes", "company_size")]
)
def test_companies_are_written_by_code_by_alias_and_otherwise(night: Ran, column: str, table: str, code: str) -> None:
    con = night.connect("siyu_restricted.duckdb")
    found = con.execute(f"select distinct {column} from records.company where {column} is not null").fetchall()
    written = {folded(text) for (text,) in found}
    codes = {folded(row[code]) for row in _rows(table)}
    names = {folded(row[name]) for row in _rows(table) for name in ("name_zh", "name_en")}
    aliases = {folded(alias) for row in _rows(table) for alias in row["aliases"].split("|")}
    assert written & codes and written & aliases
    assert bool(written - codes - names - aliases) == (column == "industry")
    if column == "size":
        assert codes <= written


def test_channels_contradict_each_other_about_the_province(night: Ran) -> None:
    con = night.connect("siyu_restricted.duckdb")
    assert con.execute("select count(*) from identity.person where province_count > 1").fetchall()[0][0] > 0
