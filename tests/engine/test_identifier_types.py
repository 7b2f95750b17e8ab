"""identifier_types.csv: what is wrong in it is told, all at once; what a type is as SQL."""

from __future__ import annotations

import csv
from itertools import chain
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siyu.compile.compiler import compile_project
from siyu.errors import ConfigError
from siyu.layers import base_layer
from siyu.seeds.identifier_types import COLUMNS, IdentifierTypes, load_identifier_types
from siyu.settings import load_settings

GOOD = dict(zip(COLUMNS, ("mobile", "person", "3", "false", "3", "true", "", "", "true", "Mobile."), strict=True))
PART = {**GOOD, "id_type": "desk", "strength": ""}
OTHER = {**GOOD, "id_type": "firm", "entity": "company", "strength": ""}
WHOLE = {**GOOD, "id_type": "desk+firm", "parts": "desk+firm"}


def types(*rows: dict[str, str]) -> IdentifierTypes:
    return load_identifier_types(rows, "identifier_types.csv")


def test_a_composite_without_a_size_limit_is_a_warning() -> None:
    assert types(GOOD, PART, OTHER, WHOLE).warnings == ()
    loose = types({**GOOD, "counts_to_size": "false"}, PART, OTHER, {**WHOLE, "counts_to_size": "false"})
    assert len(loose.warnings) == 1 and loose.warnings[0].startswith("desk+firm is composite and does not count")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id_type": "Mobile"}, "'Mobile' is not a column name"),
        ({"id_type": ""}, "'' is not a column name"),
        ({"id_type": "desk+firm+", "parts": ""}, "'desk+firm+' is not a column name"),
        ({"entity": "robot"}, "the entity of mobile is 'robot'"),
        ({"strength": "strong"}, "the strength of mobile is 'strong'"),
        ({"strength": "0"}, "the strength of mobile is '0'"),
        ({"max_neighbours": "-1"}, "the max_neighbours of mobile is '-1'"),
        ({"is_unique": "yes"}, "the is_unique of mobile is 'yes'"),
        ({"counts_to_size": ""}, "the counts_to_size of mobile is ''"),
        ({"is_pii": "1"}, "the is_pii of mobile is '1'"),
        ({"valid_regex": "("}, "the valid_regex of mobile is not a regular expression"),
        ({"parts": "desk+firm"}, "mobile consists of desk+firm"),
        ({"id_type": "desk_and_firm"}, "two types have the column desk_and_firm"),
        ({"id_type": "desk+firm", "parts": "desk+firm", "strength": ""}, "the composite desk+firm has no strength"),
        ({"id_type": "desk+roof", "parts": "desk+roof"}, "desk+roof consists of roof, which is not a type"),
        ({"id_type": "mobile", "parts": "mobile"}, "mobile consists of mobile, which has parts itself"),
        ({"id_type": "firm+desk", "parts": "desk+firm"}, "firm+desk consists of desk+firm"),
        ({"max_neighbours": "2.5"}, "the max_neighbours of mobile is '2.5'"),
        ({"strength": "1000000000"}, "the strength of mobile is '1000000000'"),
        ({"valid_regex": "[a-"}, "the valid_regex of mobile is not a regular expression"),
    ],
)
def test_what_is_wrong_is_told(change: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        types(PART, OTHER, WHOLE, {**GOOD, **change})
    assert told in str(caught.value)


def test_everything_wrong_is_told_at_once_with_the_row_and_the_next_step() -> None:
    lone = {**GOOD, "id_type": "lone", "parts": "lone"}
    nested = {**GOOD, "id_type": "lone+dsk", "parts": "lone+dsk"}
    again = {**GOOD, "entity": "robot", "is_pii": "maybe", "strength": "0", "valid_regex": "("}
    with pytest.raises(ConfigError) as caught:
        types(PART, OTHER, WHOLE, GOOD, again, WHOLE, lone, nested, {**GOOD, "id_type": "desk_and_firm"})
    text = str(caught.value)
    for row, told, fix in (
        (", row 6", "mobile is listed twice", "remove one of the rows."),
        (", row 6", "the entity of mobile is 'robot'", "write person or company."),
        (", row 6", "the is_pii of mobile is 'maybe'", "write true or false."),
        (", row 6", "the strength of mobile is '0'", "write a whole number of 1 or more, or leave it empty."),
        (", row 6", "the valid_regex of mobile is not a regular expression", "correct it, or leave it empty."),
        (", row 7", "desk+firm is listed twice", "remove one of the rows."),
        ("", "two types have the column desk_and_firm", "rename the type without parts."),
        ("", "lone consists of lone, which has parts itself", "list its parts instead."),
        ("", "lone+dsk consists of lone, which has parts itself", "list its parts instead."),
        ("", "lone+dsk consists of dsk, which is not a type", "did you mean desk?"),
    ):
        _, found, rest = text.partition(told)
        told_of = rest.split("error: ")[0]
        assert found and f"identifier_types.csv{row}\n" in told_of and fix in told_of, (told, told_of)


def test_a_row_that_is_wrong_is_no_part_that_is_missing() -> None:
    with pytest.raises(ConfigError) as caught:
        types({**PART, "is_pii": "maybe"}, OTHER, WHOLE)
    assert "the is_pii of desk is 'maybe'" in str(caught.value) and "which is not a type" not in str(caught.value)


def test_types_by_entity_and_name() -> None:
    known = types(PART, OTHER, GOOD, WHOLE)
    assert known.of("person") == ("mobile", "desk+firm")
    assert [one.id_type for one in known.simple] == ["desk", "firm", "mobile"]
    assert known.named("desk+firm").column == "desk_and_firm"
    with pytest.raises(ConfigError, match="no identifier type identifies a company"):
        known.of("company")
    with pytest.raises(ConfigError, match=r"(?s)no identifier type identifies a persn.*did you mean person"):
        known.of("persn")
    with pytest.raises(ConfigError, match=r"(?s)unknown identifier type mobil.*did you mean mobile"):
        known.named("mobil")


TEXT = st.text(alphabet="a%|257C+", min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(TEXT, TEXT), min_size=2, max_size=20, unique=True))
def test_two_pairs_of_parts_never_give_one_value(pairs: list[tuple[str, str]]) -> None:
    sql, con = types(PART, OTHER, WHOLE).value_sql("desk+firm"), duckdb.default_connection()
    with con.cursor() as con:
        con.execute("create or replace temp table t (desk varchar, firm varchar)")
        con.execute(f"insert into t values {', '.join(['(?, ?)'] * len(pairs))}", [*chain(*pairs)])
        found = con.execute(f"select count(distinct {sql}), count(*) from t").fetchall()[0]
        back = con.execute(
            "select count(*) from (select desk, replace(replace(split_part(v, '|', 1), '%7C', '|'), '%25', '%') as d"
            f" from (select desk, {sql} as v from t)) where d <> desk"
        ).fetchall()[0][0]
    assert found[0] == found[1] == len(pairs)
    assert back == 0


def test_a_composite_without_a_valid_part_is_none() -> None:
    valid = {**PART, "valid_regex": "^0[0-9]+$"}
    sql = types(valid, OTHER, WHOLE).value_sql("desk+firm")
    with duckdb.connect() as con:
        rows = con.execute(
            f"select {sql} from (values ('021', 'a'), ('21', 'a'), (null, 'a'), ('021', null)) as t (desk, firm)"
        ).fetchall()
    assert rows == [("021|a",), (None,), (None,), (None,)]


def _project_with(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / "layer" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", "types, long enough to be one")
        settings = load_settings(root, layers=(root / "layer",), channels=("crm",), families=("identity",))
        compile_project(settings)


def test_a_table_without_a_column_that_is_needed_names_it(tmp_path: Path) -> None:
    path = base_layer() / "seeds" / "reference" / "identifier_types.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{k: v for k, v in row.items() if k != "max_neighbours"} for row in csv.DictReader(file)]
    lines = [",".join(rows[0]), *(",".join(f'"{value}"' for value in row.values()) for row in rows)]
    with pytest.raises(ConfigError, match="the reference table identifier_types has no column max_neighbours"):
        _project_with(tmp_path, {"seeds/reference/identifier_types.csv": "\n".join(lines) + "\n"})


HEADER = "/*\ndescription: A model.\ngrain: [edge_no]\n*/\n"
EDGES = ["edge_no", "kind", "node", "lesser_node", "node_unique", "lesser_unique", "node_size", "lesser_size"]


def _edges(*left_out: str, extra: str = "") -> str:
    columns = [f"cast(1 as bigint) as {name},  -- A number." for name in EDGES if name not in left_out]
    return "select\n    " + "\n    ".join(columns) + f"\n    {extra or '1 as more'}  -- More.\n"


def _agglomerate(size: str) -> str:
    return f"{{{{ config(materialized='agglomerate', max_size={size}) }}}}\n"


# model -> its SQL, and what is told of it. What one step of the compiler finds is told together.
BY_TEMPLATE = {
    "without_size": ("{{ config(materialized='agglomerate') }}\n" + _edges(), "identity.without_size has"
                     " materialized='agglomerate' but no max_size"),
    "nothing": (_agglomerate("0") + _edges(), "the max_size of identity.nothing is 0"),
    "truth": (_agglomerate("true") + _edges(), "the max_size of identity.truth is True"),
    "text": (_agglomerate("'9'") + _edges(), "the max_size of identity.text is '9'"),
    "published": ("{{ config(published='no') }}\n" + _edges(), "published of identity.published is 'no'"),
    "restricted": ("{{ config(restricted='no') }}\n" + _edges(), "restricted of identity.restricted is 'no'"),
    "reader": ("{%- for row in reference('person') %}{% endfor %}\n" + _edges(),
               "identity.reader reads person, which is not a reference table"),
}  # fmt: skip
BY_COLUMNS = {
    "lacking": (_agglomerate("9") + _edges("node_size", "node"),
                "identity.lacking agglomerates edges and does not yield node, node_size"),
    "kept": (_agglomerate("9") + _edges(extra="true as is_kept"),
             "identity.kept agglomerates edges and yields is_kept, which siyu adds itself"),
    "grouped": (_agglomerate("9") + _edges(extra="2 as node_group,  -- A.\n'x' as cut_reason"),
                "identity.grouped agglomerates edges and yields cut_reason, node_group, which siyu adds itself"),
}  # fmt: skip


@pytest.mark.parametrize("mistakes", [BY_TEMPLATE, BY_COLUMNS], ids=["by its template", "by its columns"])
def test_a_model_that_is_no_agglomeration_is_told(tmp_path: Path, mistakes: dict[str, tuple[str, str]]) -> None:
    with pytest.raises(ConfigError) as caught:
        _project_with(tmp_path, {f"models/identity/{name}.sql": HEADER + sql for name, (sql, _) in mistakes.items()})
    text = str(caught.value)
    assert text.count("error: ") == len(mistakes), text
    for _, told in mistakes.values():
        assert text.count(told) == 1, (told, text)
