"""The tables that tags are written in, checked before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from siyu.layers import base_layer
from siyu.seeds.identifier_types import load_identifier_types
from siyu.seeds.placeholders import load_placeholders
from siyu.seeds.references import load_references, reference_rows
from siyu.seeds.table_checks import errors_of
from siyu.seeds.tag_tables import PROFILE_COLUMNS, TAG_TABLES, tag_errors
from siyu.settings import load_settings

TAG = (
    "tag_code,class_no,class,name_zh,name_en,level,kind,mode,is_multi,applies_to,requires,values_from,rare_values,"
    "min_coverage,decision,rule\n"
)
ATTRIBUTE = ",19,w,值,X,person,attribute,static,false,people,"  # after the code of a tag
VALUE = "tag_code,tag_value,value_order,name_zh,name_en\n"
BAND = "tag_code,band,from,to,order\n"


def problems(tmp_path: Path, **tables: str) -> list[tuple[str, str]]:
    """Return (problem, where) for a layer with these files `<table>.add.csv`."""
    folder = tmp_path / "layer" / "seeds" / "reference"
    folder.mkdir(parents=True)
    for name, text in tables.items():
        (folder / f"{name}.add.csv").write_text(text, encoding="utf-8")
    found = load_references(load_settings(tmp_path, layers=(tmp_path / "layer",)))
    words, types = found["placeholder_words"], found["identifier_types"]
    placeholders = load_placeholders(reference_rows(words), words.edited, words.place)
    identifiers = load_identifier_types(reference_rows(types), types.edited, placeholders, types.place)
    errors = [*errors_of(found, TAG_TABLES, identifiers), *tag_errors(found)]
    return [(error.problem, error.where.rpartition("/")[2]) for error in errors]


def test_a_tag_of_a_layer_is_accepted(tmp_path: Path) -> None:
    assert (
        problems(
            tmp_path,
            tags=TAG
            + "shoe_size,19,wardrobe,鞋码,Shoe size,person,attribute,static,false,people,contact.title,,large,0.2,"
            "Which boots to send.,Band of the size.\n",
            tag_values=VALUE + "shoe_size,small,1,小,Small\nshoe_size,large,2,大,Large\n",
            tag_bands=BAND + "shoe_size,small,,42.5,1\nshoe_size,large,42.5,,2\n",
        )
        == []
    )


@pytest.mark.parametrize(
    ("table", "text", "expected"),
    [
        ("tags", TAG + "title" + ATTRIBUTE + ",content.topic,,,Why.,Rule.\n",
         ["tags: tag_code is title"]),
        ("tags", TAG + "x" + ATTRIBUTE + ",,,,Why.,Rule.\n", ["tags: x has no values"]),
        ("tags", TAG + "x,19,w,值,X,both,thing,static,maybe,people,,number,,,Why.,Rule.\n",
         ["tags: level is 'both'", "tags: kind is 'thing'", "tags: is_multi is 'maybe'",
          "tags: applies_to is 'people' at level 'both'"]),
        ("tags", TAG + "x,19,w,值,X,person,attribute,static,false,companies,,number,,,Why.,Rule.\n",
         ["tags: applies_to is 'companies' at level 'person'"]),
        ("tags", TAG + "x,19,w,值,X,person,attribute,static,false,peeple,,number,,,Why.,Rule.\n",
         ["tags: applies_to names peeple, which is not a scope",
          "tags: applies_to is 'peeple' at level 'person'"]),
        ("tags", TAG + "x" + ATTRIBUTE + '"contact.titel, reference:stuff",number,,,Why.,Rule.\n',
         ["tags: requires names contact.titel, which does not exist",
          "tags: requires names reference:stuff, which does not exist"]),
        ("tags", TAG + "x" + ATTRIBUTE + ",content.subject,,1.5,Why.,Rule.\n",
         ["tags: min_coverage is '1.5'", "tags: values_from is 'content.subject'"]),
        ("tags", TAG + "x,9,w,值,X,person,attribute,static,false,people,,number,,,,\n",
         ["tags: class_no is '9'", "tags: decision is empty", "tags: rule is empty"]),
        ("tags", TAG + "x,14,wardrobe,值,X,person,attribute,static,false,people,,number,,,Why.,Rule.\n",
         ["tags: class is 'wardrobe', but 'activity_rating' in row"]),
        ("tags", "tag_code,rare_values\nopen_ticket,\"none, lost\"\n",
         ["tags: rare_values names lost, not a value of open_ticket"]),
        ("tag_values", VALUE + "open_tickets,x,1,值,X\n", ["tag_values: open_tickets is not a tag"]),
        ("tag_values", VALUE + "industry,x,1,值,X\n",
         ["tag_values: industry takes its values from industries.industry"]),
        ("tag_values", VALUE + "open_ticket,late,3,晚,Late\n",
         ["tag_values: open_ticket 3 is already in row"]),
        ("tag_bands", "tag_code,band,from,to\nactivity_grade,A,13,\n",
         ["tag_bands: A of activity_grade begins at 13, but B"]),
        ("tag_bands", "tag_code,band,from,to\nactivity_grade,B,6,13\n",
         ["tag_bands: A of activity_grade begins at 12, but B"]),
        ("tag_bands", "tag_code,band,from\nactivity_grade,B,six\n", ["tag_bands: from is 'six'"]),
        ("tag_bands", BAND + "activity_grade,E,-5,0,6\n", ["tag_bands: E is not a value of activity_grade"]),
        ("partner_kinds", "account_type,partner_kind\nreseller,distributer\n",
         ["partner_kinds: distributer is not a value of partner_kind"]),
        ("decision_factors", "decision_factor,source,value,weight,factor_order\nprice,page,x,0,2\n",
         ["decision_factors: source is 'page'",
          "decision_factors: weight is '0'", "decision_factors: factor_order is '2', but '1' in row"]),
        ("event_forms", "action,form\nfair,outside\n", ["event_forms: form is 'outside'"]),
        ("touchpoint_media", "medium,touchpoint\nfax,fax\n", ["touchpoint_media: fax is not a touchpoint"]),
        ("touchpoints", "touchpoint,touchpoint_order\nwecom,2\n", ["touchpoints: 2 is already in row"]),
        ("job_functions", "function_order,title_regex\n1,(\n", ["job_functions: title_regex is '('"]),
        ("seniorities", "seniority_order,seniority\n1,Boss!\n", ["seniorities: seniority is 'Boss!'"]),
        ("rfm_segments",
         "is_recent,is_frequent,is_monetary,rfm_segment,segment_order,name_zh,name_en\nyes,true,true,t,9,高,T\n",
         ["rfm_segments: is_recent is 'yes'"]),
        ("partner_kinds", "account_type,partner_kind\ndealer,distributor\nDealer,service\n",
         ["partner_kinds: Dealer is already in row"]),
        ("tag_scopes", "scope,level,name_zh,name_en\nfans,people,粉丝,Fans\n", ["tag_scopes: level is 'people'"]),
    ],
)  # fmt: skip
def test_a_wrong_row_is_told_where_it_was_written(tmp_path: Path, table: str, text: str, expected: list[str]) -> None:
    """Every problem at once, and no other."""
    found = problems(tmp_path, **{table: text})
    assert len(found) == len(expected), found
    for wanted in expected:
        assert any(problem.startswith(wanted) for problem, _ in found), (wanted, found)


def test_a_profile_never_has_two_columns_of_one_name() -> None:
    """Every column of the profiles that is not a tag is reserved."""
    for name in ("person_profile", "account_profile"):
        sql = (base_layer() / "models" / "tags" / f"{name}.sql").read_text(encoding="utf-8")
        listed = sql[sql.rindex("\nselect\n") :].splitlines()
        plain = [line.split("--")[0].strip().rstrip(",") for line in listed if "--" in line and "{{" not in line]
        columns = {text.rpartition(" as ")[2].rpartition(".")[2] for text in plain}
        assert columns and columns <= PROFILE_COLUMNS, columns - PROFILE_COLUMNS
