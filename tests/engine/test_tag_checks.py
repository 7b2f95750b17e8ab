"""tags.csv and the models of tags agree, in both directions; what a layer changes counts for its tags alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.compile.project import Project, TagRule
from siyu.errors import ConfigError
from siyu.layers import base_layer
from siyu.settings import Settings, load_settings

HEADER = "tag_code,class_no,class,level,name_zh,name_en,kind,mode,is_multi,applies_to,values_from,decision,rule\n"
BASE = base_layer() / "seeds/reference"
SCOPES = {"person": "people", "account": "companies"}
TAGS = ["tags.person_tag", "tags.account_tag"]


def model(*codes: str, owner: str = "one_id", table: str = "person") -> str:
    """Return a class with a tag for each code, which is an expression."""
    branches = "\nunion all\n".join(
        f"""select
    {owner},  -- Whom it describes.
    {code} as tag_code,  -- Tag.
    'yes' as tag_value,  -- Its value.
    cast(1 as decimal(18, 4)) as score,  -- One.
    cast(null as timestamp) as evidence_at,  -- None.
    cast(null as varchar) as evidence_channel,  -- None.
    cast(1 as bigint) as source_count  -- One.
from {{{{ ref('{table}') }}}}"""
        for code in codes
    )
    return f"/*\ndescription: A class.\ngrain: [{owner}, tag_code]\n*/\n{branches}\n"


def company(*codes: str) -> str:
    return model(*codes, owner="account_id", table="account")


def layer(root: Path, **files: str) -> Settings:
    """Return a deployment that builds tags, with files in a layer; `__` in a name stands for a folder."""
    for name, text in files.items():
        folder, suffix = ("seeds", "csv") if name.startswith("reference") else ("models/tags", "sql")
        path = root / "layer" / folder / f"{name.replace('__', '/')}.{suffix}"
        if name == "vars":
            path = root / "layer/seeds/vars.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "layer").mkdir(parents=True, exist_ok=True)
    exports = base_layer() / "seeds" / "sample"
    return load_settings(root, layers=(root / "layer",), exports=exports, families=("tags",))


def rules(settings: Settings, *selection: str) -> dict[tuple[str, str], TagRule]:
    project = compile_project(settings, selection=selection or TAGS)
    project.binder.close()
    return {(rule.tag_code, rule.level): rule for rule in project.tag_rules}


def problems(settings: Settings, *selection: str) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as error:
        rules(settings, *selection)
    found = getattr(error.value, "errors", [error.value])
    return [(item.problem, item.where.removeprefix(str(settings.layers[0]) + "/"), item.fix) for item in found]


def added(*rows: str) -> dict[str, str]:
    """Return the file of a layer with rows of tags.csv: code, class and level."""
    listed = []
    for row in rows:
        level = row.split(",", 3)[3].strip('"')
        scopes = ", ".join(SCOPES.get(part, "people") for part in level.split(", "))
        listed.append(f'{row},标签,Tag,attribute,static,false,"{scopes}",number,Why.,How.')
    return {"reference__tags.add": HEADER + "\n".join(listed) + "\n"}


def test_a_tag_of_people_and_companies_has_a_rule_at_each_level(tmp_path: Path) -> None:
    found = rules(
        layer(
            tmp_path,
            people__50_value=model("'worth'", "'worthless'"),
            companies__50_value_account=company("'worth'"),
            **added('worth,50,value,"person, account"', "worthless,50,value,person"),
        )
    )
    mine = {key: rule for key, rule in found.items() if "50" in rule.model}
    assert {key: (rule.model, rule.source_models) for key, rule in mine.items()} == {
        ("worth", "person"): ("tags.50_value", "identity.person"),
        ("worthless", "person"): ("tags.50_value", "identity.person"),
        ("worth", "account"): ("tags.50_value_account", "identity.account"),
    }
    assert len({rule.rule_version for rule in mine.values()}) == 3
    assert found["recency_band", "person"].source_models == ("identity.person, journey.person_touch")


def test_a_model_that_is_renamed_keeps_its_versions(tmp_path: Path) -> None:
    before = rules(layer(tmp_path / "a", people__50_value=model("'worth'"), **added("worth,50,value,person")))
    after = rules(layer(tmp_path / "b", people__60_price=model("'worth'"), **added("worth,60,price,person")))
    assert after["worth", "person"].model != before["worth", "person"].model
    assert {key: rule.rule_version for key, rule in after.items()} == {
        key: rule.rule_version for key, rule in before.items()
    }


@pytest.mark.parametrize(
    ("name", "text", "tags"),
    [
        ("vars", "activity_days: 31\n", {"activity_grade", "activity_trend", "active_channels_30d", "group_role"}),
        (
            "reference__thresholds.add",
            "threshold,value,min,max,unit,why\nrfm_days,200,1,3650,days,Ours.\n",
            {"rfm_segment"},
        ),
    ],
)
def test_a_value_of_a_layer_counts_for_the_tags_that_read_it(
    project: Project, tmp_path: Path, name: str, text: str, tags: set[str]
) -> None:
    before = {(rule.tag_code, rule.level): rule for rule in project.tag_rules}
    after = rules(layer(tmp_path, **{name: text}))
    assert before.keys() == after.keys()
    assert {code for code, level in before if before[code, level] != after[code, level]} == tags


def test_all_that_is_wrong_with_tags_is_told_at_once(tmp_path: Path) -> None:
    settings = layer(
        tmp_path,
        people__50_value=model("'worth'", "first_channel", "'wort'", "'recency_band'", "'of_companies'"),
        people__51_again=model("'worth'"),
        companies__50_value_account=company("'worth'"),
        **added("worth,50,value,person", "of_companies,50,value,account"),
    )
    tags, file = f"{settings.layers[0]}/seeds/reference/tags.add.csv", "models/tags/people/50_value.sql"
    found = problems(settings)
    base = next(place for _, _, fix in found if "correct" in fix for place in fix.split("correct ")[1:])
    codes = [line.split(",")[0] for line in (BASE / "tags.csv").read_text(encoding="utf-8").splitlines()]
    assert base == f"{BASE}/tags.csv, row {codes.index('recency_band') + 1}."
    one = "one model has all rows of a tag: rename one tag, or move its branch."
    assert found == [
        (
            "tags.50_value has person.first_channel as tag_code, so siyu cannot tell the rule of each tag",
            file,
            "write the code as a text in each branch of a union: 'my_tag' as tag_code.",
        ),
        (
            "tags.50_value yields the tag of_companies at level person, but tags.csv has it only at level account",
            file,
            f"remove the branch, or write person, account as level in {tags}, row 3.",
        ),
        ("tags.14_activity_rating and tags.50_value both yield the tag recency_band", file, one),
        (
            "tags.50_value yields the tag recency_band, whose class is 14_activity_rating",
            file,
            f"move it to the model of that class, or correct {base}",
        ),
        (
            "tags.50_value yields the tag wort, which tags.csv does not have",
            file,
            "add a row with its names, class and level to tags.csv. did you mean worth?",
        ),
        ("tags.50_value and tags.51_again both yield the tag worth", "models/tags/people/51_again.sql", one),
        (
            "tags.51_again yields the tag worth, whose class is 50_value",
            "models/tags/people/51_again.sql",
            f"move it to the model of that class, or correct {tags}, row 2.",
        ),
        (
            "tags.50_value_account yields the tag worth at level account, but tags.csv has it only at level person",
            "models/tags/companies/50_value_account.sql",
            f"remove the branch, or write person, account as level in {tags}, row 2.",
        ),
    ]


def test_a_level_must_be_known(tmp_path: Path) -> None:
    [(problem, where, fix)] = [found for found in problems(layer(tmp_path, **added("odd,50,value,people")))
                               if "level" in found[0] and "applies_to" not in found[0]]  # fmt: skip
    assert (problem, where) == ("tags: level is 'people'", "seeds/reference/tags.add.csv, row 2")
    assert "person, account" in fix


def test_a_row_of_tags_csv_needs_a_rule_at_each_level(tmp_path: Path) -> None:
    rows = added('worth,50,value,"person, account"', "lost,50,value,person")
    settings = layer(tmp_path, people__50_value=model("'worth'"), **rows)
    place = "seeds/reference/tags.add.csv, row"
    fix = "or remove the row or its level."
    assert problems(settings) == [
        (
            "no model of tags/people yields the tag lost",
            f"{place} 3",
            f"add a branch with 'lost' as tag_code to models/tags/people/50_value.sql, {fix}",
        ),
        (
            "no model of tags/companies yields the tag worth",
            f"{place} 2",
            f"add a branch with 'worth' as tag_code to models/tags/companies/50_value.sql, {fix}",
        ),
    ]


def test_a_part_of_the_classes_says_nothing_about_missing_rules(tmp_path: Path) -> None:
    files = {"people__50_value": model("'worth'"), "people__51_other": model("'other'")}
    rows = added("worth,50,value,person", "other,51,other,person", "lost,51,other,person")
    settings = layer(tmp_path, **files, **rows)
    assert set(rules(settings, "tags.50_value")) == {("worth", "person")}
    assert rules(settings, "identity.person") == {}
    assert len(problems(settings)) == 1
