"""Every kind of wrong use: one clear message with problem, where and fix, exit 2, and `current` untouched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.cli import app

HEADER = "/*\ndescription: A mistake.\ngrain: [one_id]\n*/\n"
GOOD = HEADER + "select\n    one_id  -- The person.\nfrom {{ ref('person') }}\n"

# what is wrong -> (files of a layer, fragments the message must hold)
MISTAKES: dict[str, tuple[dict[str, str], list[str]]] = {
    "unknown ref": (
        {"models/journey/wrong.sql": GOOD.replace("'person'", "'person_stge'")},
        [
            "journey.wrong reads person_stge, which no model defines",
            "models/journey/wrong.sql:7",
            "did you mean person_stage?",
        ],
    ),
    "cycle": (
        {
            "models/journey/one.sql": GOOD.replace("'person'", "'two'"),
            "models/journey/two.sql": GOOD.replace("'person'", "'one'"),
        },
        ["in a circle", "journey.one -> journey.two"],
    ),
    "unknown column": (
        {"models/journey/wrong.sql": GOOD.replace("    one_id  ", "    one_id,  -- The person.\n    nobody  ")},
        ["journey.wrong fails", '"nobody"', "models/journey/wrong.sql (rendered line 7: nobody"],
    ),
    "SQL that cannot be parsed": (
        {"models/journey/wrong.sql": GOOD.replace("select", "select from where")},
        ["journey.wrong", "models/journey/wrong.sql"],
    ),
    "template that cannot be rendered": (
        {"models/journey/wrong.sql": GOOD.replace("{{ ref('person') }}", "{{ reff('person') }}")},
        ["does not render", "models/journey/wrong.sql:7", "did you mean ref?"],
    ),
    "two models of one name": (
        {"models/journey/person.sql": GOOD.replace("'person'", "'one_id'")},
        ["two models are called person", "models/identity/people/person.sql and models/journey/person.sql"],
    ),
    "one table in two areas": (
        {"models/journey/sales/one.sql": GOOD, "models/journey/service/one.sql": GOOD},
        ["two models are called one", "models/journey/sales/one.sql and models/journey/service/one.sql"],
    ),
    "an area in an area": (
        {"models/journey/sales/deep/two.sql": GOOD},
        ["models/journey/sales/deep/two.sql is in no schema", "models/<schema>/<area>/<table>.sql"],
    ),
    "unknown column in a suite": (
        {
            "models/journey/wrong.sql": GOOD,
            "expectations/journey/wrong.yml": "table: journey.wrong\nexpectations:\n"
            "  - type: expect_column_values_to_be_unique\n    kwargs: {column: one_idd}\n",
        },
        ["names the column one_idd", "expectations/journey/wrong.yml", "did you mean one_id?"],
    ),
    "unknown expectation": (
        {
            "models/journey/wrong.sql": GOOD,
            "expectations/journey/wrong.yml": "table: journey.wrong\nexpectations:\n"
            "  - type: expect_column_values_to_be_uniqe\n    kwargs: {column: one_id}\n",
        },
        ["unknown expectation", "did you mean expect_column_values_to_be_unique?"],
    ),
    "a staging suite that would stop the release": (
        {
            "expectations/staging/crm__deal.yml": "table: staging.crm__deal\nexpectations:\n"
            "  - type: expect_column_values_to_be_unique\n    kwargs: {column: deal_id}\n    severity: critical\n"
        },
        ["is critical", "suites only warn"],
    ),
    "contract with an unknown key": (
        {
            "seeds/channels/shop.yml": "channel: shop\ntitle: Shop\ndomain: private\nowner: me\nfreshnes_hours: 3\n"
            "exports: {}\n"
        },
        ["unknown key freshnes_hours", "shop.yml, freshnes_hours", "did you mean freshness_hours?"],
    ),
    "outside the portable subset": (
        {"models/journey/wrong.sql": GOOD.replace("    one_id  ", "    list(one_id order by one_id) as one_id  ")},
        ["list(x order by y)", "outside the portable subset", "models/journey/wrong.sql", "list_sort"],
    ),
    "a sum over doubles": (
        {"models/journey/wrong.sql": GOOD.replace("    one_id  ", "    sum(cast(record_count as double)) as one_id  ")},
        ["sum() over doubles", "models/journey/wrong.sql", "decimal"],
    ),
    "a wall broken": (
        {"models/identity/wrong.sql": GOOD.replace("'person'", "'person_stage'")},
        ["identity comes before journey", "models/identity/wrong.sql:7"],
    ),
    "a source read outside staging": (
        {"models/journey/wrong.sql": GOOD.replace("ref('person')", "source('crm', 'contacts')")},
        ["only staging reads sources", "models/journey/wrong.sql:7"],
    ),
    "a table not reached through ref": (
        {"models/journey/wrong.sql": GOOD.replace("{{ ref('person') }}", "identity.person")},
        ["reads identity.person directly", "models/journey/wrong.sql"],
    ),
    "a column without a comment": (
        {"models/journey/wrong.sql": GOOD.replace("  -- The person.", "")},
        ["one_id of journey.wrong has no comment", "models/journey/wrong.sql"],
    ),
    "a staging column its shape does not have": (
        {
            "models/staging/crm__ticket.sql": "/*\ndescription: x\ngrain: [record_id]\n*/\nselect 'crm' as channel,"
            " 'x' as record_id, 1 as landed_seq, account_id as tickt_id from {{ source('crm', 'accounts') }}\n"
        },
        ["yields tickt_id", "did you mean ticket_id?"],
    ),
    "a personal column without its mark": (
        {
            "models/journey/wrong.sql": HEADER.replace("one_id", "phone")
            + "with c as (select coalesce(mobile, email) as m from {{ ref('contact') }})\n"
            "select lower(m) as phone  -- The number.\nfrom c\n"
        },
        [
            "the column phone of journey.wrong passes on records.contact.email, records.contact.mobile",
            "[pii]",
            "[public]",
        ],
    ),
    "the name of a file in a column without a mark": (
        {
            "models/staging/crm__ticket.sql": "/*\ndescription: x\ngrain: [record_id]\n*/\nselect 'crm' as channel,"
            " account_id || _file as record_id, 1 as landed_seq, left(_file, 20) as ticket_id"
            " from {{ source('crm', 'accounts') }}\n"
        },
        ["the column ticket_id of staging.crm__ticket passes on raw.crm__accounts._file", "[pii]"],
    ),
    "a personal column of an export in a column without a mark": (
        {
            "models/staging/crm__link.sql": "/*\ndescription: x\ngrain: [record_id]\n*/\nselect 'crm' as channel,"
            " contact_id as record_id, 1 as landed_seq, fn_trim(replace(mobile, ' ', '')) as staff_id"
            " from {{ source('crm', 'contacts') }}\n"
        },
        ["the column staff_id of staging.crm__link passes on raw.crm__contacts.mobile", "[pii]"],
    ),
    "an earlier result without raw values": (
        {
            "models/journey/left_out.sql": HEADER.replace("one_id", "record_id")
            + "{{ config(restricted=false) }}\nselect cast(record_id as varchar) as record_id  -- [pii] Its row.\n"
            "from {{ ref('record_person') }}\n",
            "models/journey/wrong.sql": HEADER.replace("one_id", "one")
            + "select count(*) as one  -- Rows.\nfrom {{ previous('journey.left_out') }}\n",
        },
        ["journey.wrong reads previous('journey.left_out')", "config(restricted=false)", "models/journey/left_out.sql"],
    ),
    "two columns of one name": (
        {
            "models/journey/wrong.sql": GOOD.replace(
                "    one_id  -- The person.", "    one_id,  -- The person.\n    one_id  -- It."
            )
        },
        ["journey.wrong has two columns called one_id"],
    ),
    "a grain that is no column": (
        {"models/journey/wrong.sql": GOOD.replace("grain: [one_id]", "grain: [one_idd]")},
        ["the grain of journey.wrong names one_idd", "did you mean one_id?"],
    ),
    "a snapshot that has siyu's own column": (
        {
            "models/journey/wrong.sql": "/*\ndescription: x\ngrain: [one_id]\n*/\n"
            "{{ config(materialized='snapshot', key=['one_id']) }}\n"
            "select one_id, fn_as_of() as valid_from from {{ ref('person') }}\n".replace(
                "one_id, fn", "one_id,  -- P.\n fn"
            ).replace("valid_from from", "valid_from  -- D.\nfrom")
        },
        ["yields valid_from, which siyu adds itself"],
    ),
    "a key that is no list": (
        {"models/journey/wrong.sql": GOOD.replace("select", "{{ config(materialized='snapshot', key=5) }}\nselect")},
        ["the key of journey.wrong is not a list of columns"],
    ),
    "a list where a column is wanted": (
        {
            "models/journey/wrong.sql": GOOD,
            "expectations/journey/wrong.yml": "table: journey.wrong\nexpectations:\n"
            "  - type: expect_column_values_to_be_unique\n    kwargs: {column: [one_id]}\n",
        },
        ["names ['one_id'] where a column name is expected"],
    ),
    "an expectation about rows without a query": (
        {
            "models/journey/wrong.sql": GOOD,
            "expectations/journey/wrong.yml": "table: journey.wrong\nexpectations:\n"
            "  - type: unexpected_rows_expectation\n",
        },
        ["unexpected_rows_expectation for journey.wrong has no query", "add unexpected_rows_query"],
    ),
    "a reference table with no table's name": (
        {"seeds/reference/staff (1).csv": "a,b\n1,2\n"},
        ["'staff (1)' is not a table name", "staff (1).csv"],
    ),
    "a needed reference table without a column": (
        {"seeds/reference/identifier_types.csv": "id_type,entity\nmobile,person\n"},
        ["identifier_types has no column strength"],
    ),
    "vars that are no mapping": ({"seeds/vars.yml": "- dormant_days\n"}, ["vars.yml must be a mapping of names"]),
    "a time zone that is none": (
        {
            "seeds/channels/fair.yml": "channel: fair\ntitle: Fair\ndomain: private\nowner: me\ntimezone: Asia\n"
            "exports: {}\n"
        },
        ["Asia is not an IANA time zone"],
    ),
    "an integer sum that would be a HUGEINT": (
        {"models/journey/wrong.sql": GOOD.replace("    one_id  ", "    sum(record_count) as one_id  ")},
        ["HUGEINT", "cast"],
    ),
}


# What one step of the compiler finds, it tells together.
TOGETHER = (
    ("contract with an unknown key", "a time zone that is none"),
    ("vars that are no mapping",),
    ("a reference table with no table's name",),
    ("a needed reference table without a column",),
    ("two models of one name", "one table in two areas", "an area in an area"),
    (
        "unknown ref", "template that cannot be rendered", "a wall broken", "a source read outside staging",
        "a staging column its shape does not have", "a key that is no list",
    ),
    ("cycle",),
    (
        "SQL that cannot be parsed", "outside the portable subset", "a table not reached through ref",
        "a column without a comment", "two columns of one name", "a grain that is no column",
    ),
    (
        "unknown column", "a sum over doubles", "a snapshot that has siyu's own column",
        "an integer sum that would be a HUGEINT",
    ),
    (
        "unknown column in a suite", "unknown expectation", "a staging suite that would stop the release",
        "a list where a column is wanted", "an expectation about rows without a query",
    ),
    (
        "a personal column without its mark", "the name of a file in a column without a mark",
        "a personal column of an export in a column without a mark",
    ),
    ("an earlier result without raw values",),
)  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A warehouse with a release that stands for last night's."""
    root = tmp_path_factory.mktemp("errors")
    release = root / "releases" / "2026-06-29-000001"
    release.mkdir(parents=True)
    (release / "manifest.json").write_text('{"as_of": "2026-06-29", "run_id": 1, "known_by": null}')
    (root / "current").symlink_to("releases/2026-06-29-000001")
    yield root


def _made(files: dict[str, str], fragments: list[str], number: int) -> tuple[dict[str, str], list[str]]:
    """The same mistake under names of its own, so that a layer can have several."""

    def renamed(text: str) -> str:
        for name in ("wrong", "left_out"):
            text = text.replace(name, f"{name}_{number}")
        return text

    return {renamed(name): renamed(text) for name, text in files.items()}, [renamed(text) for text in fragments]


def test_every_mistake_is_made_once() -> None:
    assert sorted(mistake for group in TOGETHER for mistake in group) == sorted(MISTAKES)


@pytest.mark.parametrize("group", TOGETHER, ids=lambda group: group[0])
def test_one_clear_message(
    group: tuple[str, ...], tmp_path: Path, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each of the mistakes that one step finds."""
    made = [_made(*MISTAKES[mistake], number) for number, mistake in enumerate(group)]
    for files, _ in made:
        for name, text in files.items():
            path = tmp_path / "layer" / name
            assert not path.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("SIYU_LAYERS", str(tmp_path / "layer"))
    monkeypatch.setenv("SIYU_WAREHOUSE", str(warehouse))
    monkeypatch.setenv("SIYU_SALT", "test, long enough to be one")
    monkeypatch.setenv("SIYU_FAMILIES", "identity,journey")
    monkeypatch.setenv("SIYU_CHANNELS", "crm")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["run", "--as-of", "2026-06-30"])
    before, *told = result.stderr.split("error: ")
    assert result.exit_code == 2, result.stderr
    assert (before, len(told)) == ("", len(group)), result.stderr
    for message in told:
        assert "  where: " in message and "  fix:   " in message and "Nothing was built or published." in message
    for _, fragments in made:
        found = [message for message in told if all(fragment in message for fragment in fragments)]
        assert len(found) == 1, (fragments, result.stderr)
    assert (warehouse / "current").readlink() == Path("releases/2026-06-29-000001")
    assert [path.name for path in (warehouse / "releases").iterdir()] == ["2026-06-29-000001"]


def test_all_mistakes_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        path = tmp_path / "layer" / "models" / "identity" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(GOOD.replace("'person'", f"'nobody_{name}'"), encoding="utf-8")
    monkeypatch.setenv("SIYU_LAYERS", str(tmp_path / "layer"))
    monkeypatch.setenv("SIYU_FAMILIES", "identity")
    monkeypatch.setenv("SIYU_CHANNELS", "crm")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["graph"])
    assert result.exit_code == 2
    assert "nobody_one" in result.stderr and "nobody_two" in result.stderr
