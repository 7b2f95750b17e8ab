"""<table>.add.csv of a layer: rows added to a reference table, or replaced by its key, and what must be rejected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from siyu.build.database import prepare, write_sources
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.engines.base import ANY_INPUTS
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError
from siyu.layers import base_layer
from siyu.seeds.added_rows import load_keys
from siyu.seeds.reference_checks import checked_identifiers
from siyu.seeds.references import load_references, reference_rows, stored
from siyu.seeds.rule_tables import TABLES
from siyu.settings import Settings, load_settings

PRODUCTS = "product_id,product_line,margin_rate\np1,泵 Pumps,0.30\np2,阀 Valves,0.25\n"


def layered(tmp_path: Path, **files: str) -> Settings:
    """Settings with the layers `first` and `second`. `first_products_add` is first/seeds/reference/products.add.csv."""
    for layer in ("first", "second"):
        (tmp_path / layer / "seeds" / "reference").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        layer, _, table = name.partition("_")
        table = f"{table.removesuffix('_add')}.add" if table.endswith("_add") else table
        (tmp_path / layer / "seeds" / "reference" / f"{table}.csv").write_text(text, encoding="utf-8")
    return load_settings(tmp_path, layers=(tmp_path / "first", tmp_path / "second"))


def rows(settings: Settings, table: str = "products") -> list[list[str]]:
    return [list(row.values()) for row in reference_rows(load_references(settings)[table])]


def told(error: pytest.ExceptionInfo[ConfigError]) -> list[tuple[str, str]]:
    found = getattr(error.value, "errors", [error.value])
    return [(item.problem, item.where.rpartition("/")[2]) for item in found]


def test_rows_are_added_or_replaced_by_key_layer_by_layer(tmp_path: Path) -> None:
    settings = layered(
        tmp_path,
        first_products=PRODUCTS,
        first_products_add='product_id,margin_rate,product_line\np3,0.1,"a, ""b"""\n\np1,0.35,泵 Pumps\n',
        second_products_add="\ufeffproduct_id,margin_rate\np3,0.2\np4,\n",
    )
    assert rows(settings) == [
        ["p1", "泵 Pumps", "0.35"],
        ["p2", "阀 Valves", "0.25"],
        ["p3", 'a, "b"', "0.2"],
        ["p4", "", ""],
    ]


def test_the_exports_count_as_the_last_layer(tmp_path: Path) -> None:
    settings = layered(tmp_path, first_products=PRODUCTS)
    folder = tmp_path / "exports" / "reference"
    folder.mkdir(parents=True)
    (folder / "products.add.csv").write_text("product_id,margin_rate\np2,0.5\n", encoding="utf-8")
    exports = load_settings(tmp_path, layers=settings.layers, exports=tmp_path / "exports")
    assert rows(exports) == [["p1", "泵 Pumps", "0.30"], ["p2", "阀 Valves", "0.5"]]


def test_a_whole_table_of_a_later_layer_replaces_what_was_added_before(tmp_path: Path) -> None:
    settings = layered(
        tmp_path, first_products=PRODUCTS, first_products_add="product_id\np9\n", second_products=PRODUCTS
    )
    assert [row[0] for row in rows(settings)] == ["p1", "p2"]


def test_a_row_takes_the_place_of_all_rows_with_its_key(tmp_path: Path) -> None:
    settings = layered(
        tmp_path, first_products=PRODUCTS + "p1,again,0\n", second_products_add="product_id,margin_rate\np1,1\n"
    )
    assert rows(settings) == [["p1", "泵 Pumps", "1"], ["p2", "阀 Valves", "0.25"]]


def test_the_merged_table_is_what_lands(tmp_path: Path) -> None:
    """The copy in the warehouse has the added rows. Its hash changes with them, so a run builds again."""
    plain = load_references(layered(tmp_path, first_products=PRODUCTS))["products"]
    settings = layered(tmp_path, second_products_add="product_id\np3\n")
    added = load_references(settings)["products"]
    copy = stored({"products": added}, tmp_path / "warehouse")["products"]
    assert copy.sha256 == added.sha256 != plain.sha256 and copy.merged is None
    assert reference_rows(copy) == reference_rows(added) and len(reference_rows(copy)) == 3
    assert copy.path.is_relative_to(tmp_path / "warehouse" / "landed" / "_reference")
    assert copy.edited == " and ".join(
        str(tmp_path / name)
        for name in ("first/seeds/reference/products.csv", "second/seeds/reference/products.add.csv")
    )


def test_models_read_the_merged_table(tmp_path: Path, project: Project) -> None:
    settings = layered(tmp_path, first_products=PRODUCTS, second_products_add="product_id,margin_rate\np3,\np2,0\n")
    project = replace(project, references=load_references(settings), channels={})
    engine = DuckEngine(None, ANY_INPUTS)
    prepare(engine, project)
    write_sources(engine, project, [], tmp_path, [])
    found = engine.session().rows("select product_id, product_line, margin_rate from reference.products order by all")
    assert found == [("p1", "泵 Pumps", "0.30"), ("p2", "阀 Valves", "0"), ("p3", None, None)]
    engine.close()


def test_every_mistake_is_told(tmp_path: Path) -> None:
    settings = layered(
        tmp_path,
        first_products_add="product_id,product_lin\np1,a\n",
        first_kpis_add="name_zh\n甲\n",
        first_stages_add="stage,name_zh\nwon,赢\nwon,输\n",
        first_product_add="product_id\np1\n",
        first_ours="a,b\n1,2\n",
        second_ours_add="a\n1\n",
        second_staff_add="staff_id,team\ns1\n",
        second_identity_rules_add="decision\nlink\n",
    )
    with pytest.raises(ConfigError) as error:
        load_references(settings)
    assert told(error) == [
        ("rows cannot be added to identity_rules, because no key of it is declared", "identity_rules.add.csv"),
        ("kpis.add.csv has no column kpi_code, the key of kpis", "kpis.add.csv:1"),
        ("rows cannot be added to ours, because no key of it is declared", "ours.add.csv"),
        ("product.add.csv adds rows to product, which is not a reference table", "product.add.csv"),
        ("products.add.csv has the column product_lin, which products does not have", "products.add.csv:1"),
        ("some lines do not have as many fields as the header (2)", "staff.add.csv, lines 2"),
        ("won is already in row 2", "stages.add.csv, row 3"),
    ]
    text = str(error.value)
    assert "did you mean products?" in text and "did you mean product_line?" in text and "ours: [a]" in text


def test_a_mistake_in_any_table_is_told_where_it_was_written(tmp_path: Path) -> None:
    settings = layered(
        tmp_path,
        first_placeholder_words_add="scope,word\nidentifier,keins\n",
        second_placeholder_words_add="scope,word\nany,nix\nanyy,nix\nany,\n",
    )
    with pytest.raises(ConfigError) as error:
        checked_identifiers(load_references(settings))
    assert told(error) == [
        ("unknown scope 'anyy'", "placeholder_words.add.csv, row 3"),
        ("the word is empty", "placeholder_words.add.csv, row 4"),
    ]
    for table, row, problem in (
        ("neighbour_limits", "id_type,neighbour,max_count\nmember_id,mobile,many\n", "max_count is 'many'"),
        ("identifier_types", "id_type,entity\nmember_id,nobody\n", "the entity of member_id is 'nobody'"),
    ):
        settings = layered(tmp_path / table, **{f"first_{table}_add": row})
        with pytest.raises(ConfigError, match=f"{problem}\n  where: .*{table}.add.csv, row 2"):
            checked_identifiers(load_references(settings))


def test_numbers_and_months_that_models_cast_are_told_before_anything_runs(tmp_path: Path) -> None:
    settings = layered(
        tmp_path,
        first_targets_add='kpi_code,month,target\nbuyers,2026-06,12\nbuyers,2026年6月,"1,000"\nbuyers,2026-13,-1.5\n',
        second_targets_add="kpi_code,month,dimension,member,target\nbuyers,2026-07,total,,many\nbuyers,2026-08,,,\n",
        first_products_add="product_id,margin_rate\nP-1,35%\nP-2,0.35\n",
        first_staff_add='staff_id,monthly_cost\nS-1,14000.50\nS-2,"14,000"\nS-3,-1\nS-4,\n',
        second_kpis_add="kpi_code,window_days\nbuyers,１\n",
        second_identity_size_bands_add="band,min_identifiers,max_identifiers\n1,0.5,\n",
    )
    for layer in ("first", "second"):
        keys = tmp_path / layer / "seeds" / "reference_keys.yml"
        keys.write_text("targets: [kpi_code, month]\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        checked_identifiers(load_references(settings))
    assert told(error) == [
        ("targets: month is '2026年6月'", "targets.add.csv, row 3"),
        ("targets: target is '1,000'", "targets.add.csv, row 3"),
        ("targets: month is '2026-13'", "targets.add.csv, row 4"),
        ("targets: target is 'many'", "targets.add.csv, row 2"),
        ("identity_size_bands: min_identifiers is '0.5'", "identity_size_bands.add.csv, row 2"),
        ("products: margin_rate is '35%'", "products.add.csv, row 2"),
        ("staff: monthly_cost is '14,000'", "staff.add.csv, row 3"),
        ("staff: monthly_cost is '-1'", "staff.add.csv, row 4"),
        ("kpis: window_days is '１'", "kpis.add.csv, row 2"),
    ]


def test_decisions_have_no_key_whatever_a_layer_declares(tmp_path: Path) -> None:
    """With a key, a decision of one layer would replace those of another."""
    settings = layered(tmp_path, first_identity_rules_add="decision,left_id\nlink,mobile:1\n")
    (tmp_path / "first" / "seeds" / "reference_keys.yml").write_text("identity_rules: [decision]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="because a decision has no key") as error:
        load_references(settings)
    assert "append them to identity_rules.csv" in str(error.value)


def test_a_layer_declares_the_keys_of_its_own_tables(tmp_path: Path) -> None:
    settings = layered(tmp_path, first_ours="a,b\n1,2\n", second_ours_add="a,b\n1,3\n2,4\n")
    keys = tmp_path / "first" / "seeds" / "reference_keys.yml"
    keys.write_text("ours: [a]\n", encoding="utf-8")
    assert rows(settings, "ours") == [["1", "3"], ["2", "4"]]
    keys.write_text("ours: [c]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="the key of ours names c, which the table does not have"):
        load_references(settings)
    keys.write_text("\nours: a\ntheirs: []\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_references(settings)
    assert told(error) == [
        ("the key of ours is not a list of columns", "reference_keys.yml:2"),
        ("the key of theirs is not a list of columns", "reference_keys.yml:3"),
    ]


def test_a_wrong_rule_is_told_in_the_file_that_added_it(tmp_path: Path) -> None:
    settings = layered(tmp_path, first_stage_rules_add="rule,value\nlead_rank,3\nintent_score,lots\n")
    with pytest.raises(ConfigError, match="intent_score is 'lots'") as error:
        compile_project(settings)
    assert error.value.where == f"{tmp_path / 'first/seeds/reference/stage_rules.add.csv'}, row 3"


def test_every_table_of_the_base_layer_has_a_key(tmp_path: Path, project: Project) -> None:
    settings = load_settings(tmp_path)
    keys = load_keys(settings)
    own = {path.stem for path in (base_layer() / "seeds" / "reference").glob("*.csv")}
    assert own - keys.keys() == {"identity_rules"} and keys.keys() <= own
    for name, key in keys.items():
        table = project.references[name]
        assert set(key) <= set(table.columns), name
        found = [tuple(row[column] for column in key) for row in reference_rows(table)]
        assert len(found) == len(set(found)), name
    for name, rules in TABLES.items():
        assert not rules.unique or keys[name] in rules.unique, name
