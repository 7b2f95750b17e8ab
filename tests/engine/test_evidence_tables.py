"""The tables of candidates are checked before anything is built, and agree with the models that read them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.errors import ConfigError
from siyu.layers import base_layer
from siyu.seeds.evidence_tables import COLUMNS, COUNTED, EVIDENCE, EVIDENCE_TABLES, GENERATORS, evidence_errors
from siyu.seeds.identifier_types import load_identifier_types
from siyu.seeds.references import reference_rows
from siyu.seeds.table_checks import Cells, table_errors
from siyu.settings import load_settings

MODELS = base_layer() / "models" / "identity" / "candidates"
GENERATOR_HEADER = "generator,entity,family,is_on,needs,name_en,name_zh,description"
EVIDENCE_HEADER = "evidence,entity,field,bits,by_rarity,most_bits,text_en,text_zh"


def problems(name: str, rows: list[Cells], project: Project) -> list[tuple[str, str, str]]:
    """Return (place, problem, fix) of a table with these rows."""
    types = load_identifier_types(reference_rows(project.references["identifier_types"]), "identifier_types.csv")
    errors = table_errors(name, EVIDENCE_TABLES[name], rows, types, "t.csv")
    return [
        (error.where.removeprefix("t.csv, "), error.problem.removeprefix(f"{name}: "), error.fix) for error in errors
    ]


def errors(tmp_path: Path, **tables: str) -> list[tuple[str, str, str]]:
    """Return (problem, file and row, fix) of a layer that adds these rows."""
    for name, text in tables.items():
        path = tmp_path / "layer" / "seeds" / "reference" / f"{name}.add.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        compile_project(load_settings(tmp_path, layers=(tmp_path / "layer",)))
    found = getattr(caught.value, "errors", [caught.value])
    return [(error.problem, error.where.rpartition("/")[2], error.fix) for error in found]


@pytest.mark.parametrize("name", EVIDENCE_TABLES)
def test_the_tables_of_the_base_layer_are_valid(project: Project, name: str) -> None:
    rows = reference_rows(project.references[name])
    assert tuple(rows[0]) == COLUMNS[name]
    assert problems(name, rows, project) == []


def test_what_the_tables_may_name_is_what_the_models_find(project: Project) -> None:
    macros = (base_layer() / "macros" / "likeness.sql").read_text(encoding="utf-8")
    for entity in ("person", "company"):
        block = (MODELS / f"{entity}_block.sql").read_text(encoding="utf-8")
        assert {*re.findall(r"'(\w+)' as generator", block), f"{entity}_matcher"} == set(GENERATORS[entity])
        text = (MODELS / f"{entity}_evidence.sql").read_text(encoding="utf-8")
        pairs = (MODELS / f"{entity}_candidate_pair.sql").read_text(encoding="utf-8")
        assert all(f"'{name}'" in text + pairs + macros for name in EVIDENCE[entity])
        written = set(re.findall(r"'(\w+)'(?:\s+else '(\w+)')?\s+end\s+as evidence", text))
        assert {name for names in written for name in names if name} <= set(EVIDENCE[entity])
    assert list(evidence_errors(project.references)) == []


WRONG = {
    "candidate_evidence": [
        ("bits", "abc", "bits is 'abc'", "write a number such as 7.5 or -4"),
        ("bits", "1e3", "bits is '1e3'", "1 bit doubles the odds"),
        ("bits", "", "bits is empty", "write a number"),
        ("entity", "persons", "entity is 'persons'", "did you mean person?"),
        ("entity", "company", "evidence same_name is of entity person, not company", "write person"),
        ("evidence", "same_nam", "no model finds the evidence same_nam of a person", "did you mean same_name?"),
        ("by_rarity", "yes", "by_rarity is 'yes'", "true"),
        ("by_rarity", "false", "by_rarity is false and most_bits is 16", "leave most_bits empty"),
        ("most_bits", "", "by_rarity is true and most_bits is empty", "at most"),
        ("most_bits", "-1", "most_bits is -1 and bits is 0", "write more bits"),
        ("text_zh", "姓名：{name}", "text_zh has {name}", "{left} or {right}"),
        ("text_en", "", "text_en is empty", "write a text"),
    ],
    "candidate_generators": [
        ("is_on", "TRUE", "is_on is 'TRUE'", "true"),
        (
            "needs",
            "near_mobile | same_name",
            "needs is 'near_mobile | same_name', with a blank beside a name",
            "write | without",
        ),
        ("needs", "near_mobile||same_name", "needs is 'near_mobile||same_name', with an empty name", "one |"),
        ("entity", "company", "generator near_mobile is of entity person, not company", "write person"),
        (
            "generator",
            "same_face",
            "no model finds the generator same_face of a person",
            "expected one of: near_composite, near_mail",
        ),
    ],
    "candidate_effects": [
        ("happens_with", "deals_of_all", "happens_with is 'deals_of_all'", "did you mean deals_of"),
    ],
    "forms_of_address": [
        ("word", "dr.", "word is 'dr.'", "Latin letters only"),
        ("word", "工", "word is '工'", "at least two Chinese characters"),
    ],
    "pinyin": [
        ("letter", "王丽", "letter is '王丽'", "one Chinese character"),
        ("sound", "yī", "sound is 'yī'", "without tones"),
    ],
}


@pytest.mark.parametrize(
    ("name", "column", "value", "told", "fix"), [(name, *case) for name, cases in WRONG.items() for case in cases]
)
def test_a_wrong_field_is_told(project: Project, name: str, column: str, value: str, told: str, fix: str) -> None:
    first, *others = reference_rows(project.references[name])
    found = {
        (where, problem): text for where, problem, text in problems(name, [first | {column: value}, *others], project)
    }
    assert fix in found["row 2", told], found


def test_only_what_is_counted_can_be_rare(project: Project) -> None:
    rows = reference_rows(project.references["candidate_evidence"])
    assert {row["evidence"] for row in rows if row["by_rarity"] == "true"} == {*COUNTED["person"], *COUNTED["company"]}
    changed = [
        row | {"by_rarity": "true", "most_bits": "18"} if row["evidence"] == "near_mobile" else row for row in rows
    ]
    ((_, problem, fix),) = problems("candidate_evidence", changed, project)
    assert problem == "by_rarity is true, but nobody counts who has what near_mobile finds" and "write false" in fix


def test_every_generator_and_all_evidence_must_be_listed(project: Project) -> None:
    for name, missing, fix in (
        ("candidate_generators", "near_mobile of a person is missing", "is_on false"),
        ("candidate_evidence", "same_name of a person is missing", "0 bits"),
    ):
        _, *others = reference_rows(project.references[name])
        ((where, problem, text),) = problems(name, others, project)
        assert (where, problem) == ("t.csv", missing) and fix in text


def test_all_mistakes_of_a_layer_are_told_at_once(tmp_path: Path) -> None:
    found = errors(
        tmp_path,
        candidate_evidence=f"{EVIDENCE_HEADER}\nsame_name,person,name,abc,true,16,same name,姓名相同\n",
        candidate_generators=f"{GENERATOR_HEADER}\nsame_face,person,,true,same_name,Faces,人脸,Faces.\n"
        "near_mail,person,contact,true,near_mail|same_mailbo,Mail,邮箱,Mail.\n",
        candidate_effects="entity,happens_with,kpi_code\nperson,records,buyer\ncompany,record,mau\n",
        forms_of_address="word,description\n师傅,\nmr.,\n",
        pinyin="letter,sound\n𠮷,ji\n",
    )
    assert [(problem, where) for problem, where, _ in found] == [
        (
            "candidate_generators: no model finds the generator same_face of a person",
            "candidate_generators.add.csv, row 2",
        ),
        ("candidate_evidence: bits is 'abc'", "candidate_evidence.add.csv, row 2"),
        ("candidate_effects: happens_with is 'record'", "candidate_effects.add.csv, row 3"),
        ("forms_of_address: word is 'mr.'", "forms_of_address.add.csv, row 3"),
        ("pinyin: letter is '𠮷'", "pinyin.add.csv, row 2"),
        ("candidate_effects: kpis.csv does not have the KPI buyer", "candidate_effects.add.csv, row 2"),
        (
            "candidate_generators: near_mail needs same_mailbo, which is no evidence of a person",
            "candidate_generators.add.csv, row 3",
        ),
    ]
    assert found[-2][2] == "did you mean buyers?" and found[-1][2] == "did you mean same_mailbox?"


def test_a_layer_weighs_evidence_anew_and_adds_a_form_of_address(tmp_path: Path) -> None:
    for name, text in {
        "candidate_evidence": "evidence,entity,bits\nnear_mobile,person,12\n",
        "forms_of_address": "word,description\n师傅,In workshops.\n",
    }.items():
        path = tmp_path / "layer" / "seeds" / "reference" / f"{name}.add.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    project = compile_project(load_settings(tmp_path, layers=(tmp_path / "layer",)), selection=["identity.person_name"])
    (row,) = (r for r in reference_rows(project.references["candidate_evidence"]) if r["evidence"] == "near_mobile")
    assert (row["bits"], row["field"]) == ("12", "mobile")
    project.binder.close()
