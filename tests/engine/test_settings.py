"""Settings and layers: siyu.toml and SIYU_ variables, every wrong key told, later layers over earlier ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.compile.model_files import load_models
from siyu.engines.base import ANY_INPUTS
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError, SiyuError
from siyu.layers import layer_files, read_yaml
from siyu.seeds.channels import enabled_channels, load_channels
from siyu.seeds.references import load_references, reference_rows
from siyu.seeds.variables import load_vars, read_vars
from siyu.settings import SAMPLE_SALT, Settings, load_settings


def told(error: pytest.ExceptionInfo[ConfigError]) -> list[SiyuError]:
    return getattr(error.value, "errors", [error.value])


def write_toml(folder: Path, text: str) -> Path:
    path = folder / "siyu.toml"
    path.write_text(text, encoding="utf-8")
    return path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def layered(tmp_path: Path, *names: str) -> Settings:
    for name in names:
        (tmp_path / name).mkdir(exist_ok=True)
    return load_settings(tmp_path, layers=tuple(tmp_path / name for name in names))


def test_without_settings_it_is_the_sample(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.is_sample and settings.key == SAMPLE_SALT
    assert settings.exports_root == settings.roots[0] / "seeds" / "sample"
    assert settings.timezone == "Asia/Shanghai" and settings.cores >= 1


def test_toml_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write_toml(
        tmp_path,
        f'layers = ["{tmp_path / "a"}"]\nthreads = 3\nchannels = ["mall", "crm"]\nsalt = "a long enough salt"\n',
    )
    settings = load_settings(tmp_path)
    assert settings.layers == (tmp_path / "a",) and settings.cores == 3
    assert settings.channels == ("mall", "crm") and settings.key == "a long enough salt"


def test_the_environment_wins_over_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_toml(tmp_path, 'timezone = "Europe/Berlin"\nthreads = 3\n')
    monkeypatch.setenv("SIYU_TIMEZONE", "America/Sao_Paulo")
    settings = load_settings(tmp_path)
    assert settings.timezone == "America/Sao_Paulo" and settings.threads == 3


def test_lists_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("SIYU_LAYERS", os.pathsep.join([str(tmp_path / "a"), "", str(tmp_path / "b")]))
    monkeypatch.setenv("SIYU_CHANNELS", "mall, crm,")
    settings = load_settings(tmp_path)
    assert settings.layers == (tmp_path / "a", tmp_path / "b") and settings.channels == ("mall", "crm")


def test_unknown_keys_are_all_told_with_the_nearest_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_toml(tmp_path, 'wharehouse = "x"\nthread = 1\n')
    monkeypatch.setenv("SIYU_TIMEZON", "UTC")
    with pytest.raises(ConfigError) as error:
        load_settings(tmp_path)
    assert [(item.problem, item.where, item.fix) for item in told(error)] == [
        ("unknown setting wharehouse", str(path), "did you mean warehouse?"),
        ("unknown setting thread", str(path), "did you mean threads?"),
        ("unknown setting SIYU_TIMEZON", "environment", "did you mean timezone?"),
    ]
    assert str(error.value).count("error: ") == 3


def test_a_key_like_none_gets_no_guess(tmp_path: Path) -> None:
    write_toml(tmp_path, "xyz = 1\n")
    with pytest.raises(ConfigError) as error:
        load_settings(tmp_path)
    assert "expected one of: " in error.value.fix and "warehouse" in error.value.fix


def test_wrong_values_are_all_told_where_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_toml(tmp_path, 'timezone = "Asia/Shangai"\nthreads = 0\n')
    monkeypatch.setenv("SIYU_ENGINE", "oracle")
    monkeypatch.setenv("SIYU_PUBLISH_RECORDS", "perhaps")
    with pytest.raises(ConfigError) as error:
        load_settings(tmp_path)
    assert {item.where for item in told(error)} == {
        f"{path}, timezone",
        f"{path}, threads",
        "environment SIYU_ENGINE",
        "environment SIYU_PUBLISH_RECORDS",
    }
    text = str(error.value)
    assert "Asia/Shangai is not an IANA time zone" in text and "must be at least 1" in text


def test_what_is_found_wrong_later_is_told_where_it_was_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting may be right by itself: the salt, the folders and the channels are compared with other things."""
    path = write_toml(tmp_path, 'salt = "short"\nchannels = ["mal"]\n')
    settings = load_settings(tmp_path)
    with pytest.raises(ConfigError, match="the salt has 5 characters") as error:
        _ = settings.key
    assert error.value.where == f"{path}, salt"
    with pytest.raises(ConfigError, match="no contract defines the channel mal") as error:
        enabled_channels(settings, load_channels(settings))
    assert error.value.where == f"{path}, channels"
    monkeypatch.setenv("SIYU_CHANNELS", "mail")
    settings = load_settings(tmp_path)
    with pytest.raises(ConfigError, match="no contract defines the channel mail") as error:
        enabled_channels(settings, load_channels(settings))
    assert error.value.where == "environment SIYU_CHANNELS"
    write_toml(tmp_path, 'layers = ["no_layer"]\n')
    with pytest.raises(ConfigError, match="the layer no_layer is not a directory") as error:
        load_settings(tmp_path)
    assert error.value.where == f"{path}, layers"


@pytest.mark.parametrize("amount", ["lots", "8", "0GB", "101%", "8 XB", "-1GB", ""])
def test_an_amount_of_memory_is_checked_where_it_is_set(tmp_path: Path, amount: str) -> None:
    path = write_toml(tmp_path, f'memory_limit = "{amount}"\n')
    with pytest.raises(ConfigError, match="is not an amount of memory") as error:
        load_settings(tmp_path)
    assert error.value.where == f"{path}, memory_limit"


@pytest.mark.parametrize("amount", ["55%", "8GB", "1.5 GiB", "512mb", "99.5 %"])
def test_amounts_that_duckdb_understands(tmp_path: Path, amount: str) -> None:
    write_toml(tmp_path, f'memory_limit = "{amount}"\n')
    DuckEngine(None, ANY_INPUTS, memory_limit=load_settings(tmp_path).memory_limit).close()


def test_toml_that_cannot_be_read(tmp_path: Path) -> None:
    path = write_toml(tmp_path, "threads = \n")
    with pytest.raises(ConfigError, match=r"siyu\.toml cannot be read") as error:
        load_settings(tmp_path)
    assert error.value.where == str(path)


def test_folders_that_do_not_exist_are_all_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_LAYERS", str(tmp_path / "no_layer"))
    monkeypatch.setenv("SIYU_EXPORTS", str(tmp_path / "no_exports"))
    with pytest.raises(ConfigError) as error:
        load_settings(tmp_path)
    assert [item.problem for item in told(error)] == [
        f"the layer {tmp_path / 'no_layer'} is not a directory",
        f"the exports folder {tmp_path / 'no_exports'} is not a directory",
    ]


# The salt


@pytest.mark.parametrize("variable", ["SIYU_LAYERS", "SIYU_EXPORTS"])
@pytest.mark.parametrize("salt", [None, ""])
def test_outside_the_sample_a_salt_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, salt: str | None
) -> None:
    monkeypatch.setenv(variable, str(tmp_path))
    if salt is not None:
        monkeypatch.setenv("SIYU_SALT", salt)
    settings = load_settings(tmp_path)
    with pytest.raises(ConfigError, match="no salt is set") as error:
        _ = settings.key
    assert error.value.where == "SIYU_SALT" and "long random text" in error.value.fix


def test_a_short_salt_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_SALT", "short")
    with pytest.raises(ConfigError, match="the salt has 5 characters") as error:
        _ = load_settings(tmp_path).key
    assert "at least 16 characters" in error.value.fix and "short" not in error.value.fix


def test_a_misspelt_folder_of_a_layer_is_told(tmp_path: Path) -> None:
    for name in ("model/kpi", "seeds/chanels", "tests", "docs"):
        (tmp_path / "acme" / name).mkdir(parents=True)
    write_toml(tmp_path, f'layers = ["{tmp_path / "acme"}"]\n')
    with pytest.raises(ConfigError) as error:
        load_settings(tmp_path)
    assert [(item.problem, item.fix) for item in told(error)] == [
        ("siyu does not read the folder model", "did you mean models?"),
        ("siyu does not read the folder chanels", "did you mean channels?"),
    ]


def test_a_salt_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_SALT", "a secret of ours")
    settings = load_settings(tmp_path)
    assert settings.key == "a secret of ours"
    assert "secret of ours" not in f"{settings!r} {settings} {settings.model_dump()}"


def test_fingerprints_tell_settings_apart_that_change_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = load_settings(tmp_path)
    assert load_settings(tmp_path, threads=7).content_fingerprint == plain.content_fingerprint
    assert load_settings(tmp_path, timezone="UTC").content_fingerprint != plain.content_fingerprint
    monkeypatch.setenv("SIYU_SALT", "another, long enough to be one")
    salted = load_settings(tmp_path)
    assert salted.salt_fingerprint != plain.salt_fingerprint
    assert salted.content_fingerprint != plain.content_fingerprint


# Layers


def test_a_later_layer_adds_files_and_replaces_those_of_the_same_name(tmp_path: Path) -> None:
    write(tmp_path / "a", "seeds/reference/one.csv", "of,a\n")
    write(tmp_path / "a", "seeds/reference/two.csv", "of,a\n")
    write(tmp_path / "b", "seeds/reference/two.csv", "of,b\n")
    write(tmp_path / "b", "seeds/reference/three.csv", "of,b\n")
    (tmp_path / "b" / "seeds" / "reference" / "four.csv").mkdir()
    files = layer_files((tmp_path / "a", tmp_path / "b"), "seeds/reference", "*.csv")
    assert [(file.name, file.read()) for file in files] == [
        ("seeds/reference/one.csv", "of,a\n"),
        ("seeds/reference/three.csv", "of,b\n"),
        ("seeds/reference/two.csv", "of,b\n"),
    ]


def test_a_layer_replaces_a_model_a_contract_and_a_reference_table(tmp_path: Path) -> None:
    settings = layered(tmp_path, "ours")
    header = "/*\ndescription: Ours.\ngrain: [one_id]\n*/\n"
    write(tmp_path / "ours", "models/identity/person.sql", f"{header}select 1 as one_id\n")
    write(tmp_path / "ours", "models/kpi/ours.sql", f"{header}select 1 as one_id\n")
    write(tmp_path / "ours", "seeds/reference/staff.csv", "staff_id\nours\n")
    crm = (settings.roots[0] / "seeds/channels/crm.yml").read_text(encoding="utf-8")
    write(tmp_path / "ours", "seeds/channels/crm.yml", crm.replace("owner: sales-operations", "owner: ours"))
    models, base = load_models(settings), load_models(load_settings(tmp_path))
    assert models["identity.person"].description == "Ours."
    assert models.keys() - base.keys() == {"kpi.ours"}
    assert load_channels(settings)["crm"].owner == "ours"
    assert reference_rows(load_references(settings)["staff"]) == [{"staff_id": "ours"}]


def test_an_area_is_for_people_only(tmp_path: Path) -> None:
    settings = layered(tmp_path, "ours")
    header = "/*\ndescription: Ours.\ngrain: [one_id]\n*/\n"
    write(tmp_path / "ours", "models/kpi/sales/ours.sql", f"{header}select 1 as one_id\n")
    write(tmp_path / "ours", "models/identity/elsewhere/person.sql", f"{header}select 1 as one_id\n")
    models, base = load_models(settings), load_models(load_settings(tmp_path))
    assert models.keys() - base.keys() == {"kpi.ours"}
    assert models["kpi.ours"].file == "models/kpi/sales/ours.sql"
    assert models["identity.person"].description == "Ours.", "a layer replaces a table, whatever its area"


def test_reference_tables_of_the_exports_lie_over_all_layers(tmp_path: Path) -> None:
    write(tmp_path / "ours", "seeds/reference/staff.csv", "staff_id\nours\n")
    write(tmp_path / "exports", "reference/staff.csv", "\ufeffstaff_id\nexported\n")
    settings = load_settings(tmp_path, layers=(tmp_path / "ours",), exports=tmp_path / "exports")
    assert reference_rows(load_references(settings)["staff"]) == [{"staff_id": "exported"}]


def test_wrong_reference_tables_are_all_told(tmp_path: Path) -> None:
    settings = layered(tmp_path, "ours")
    write(tmp_path / "ours", "seeds/reference/staff.csv", "staff_id,staff_id\n1,2\n")
    write(tmp_path / "ours", "seeds/reference/products.csv", "product_id,name\n1,a, b\n2,c\n")
    (tmp_path / "ours/seeds/reference/content.csv").write_bytes("content_id\n内容\n".encode("gb18030"))
    with pytest.raises(ConfigError) as error:
        load_references(settings)
    assert [item.problem.partition(":")[0] for item in told(error)] == [
        "the reference table cannot be read",
        "some lines do not have as many fields as the header (2)",
        "the header must name each column, without duplicates",
    ]


def test_a_layer_overrides_single_vars(tmp_path: Path) -> None:
    write(tmp_path / "ours", "seeds/vars.yml", "dormant_days: 60\nours: {value: 7, why: A number of ours.}\n")
    write(tmp_path / "theirs", "seeds/vars.yml", "ours: 8\n")
    base = load_vars(load_settings(tmp_path))
    assert load_vars(layered(tmp_path, "ours", "theirs")) == {**base, "dormant_days": 60, "ours": 8}


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("dormant_day: 60\n", "did you mean dormant_days?"),
        ("dormant_days: {value: 60}\n", "did you mean dormant_days?"),
    ],
)
def test_a_var_nobody_declared(tmp_path: Path, text: str, fix: str) -> None:
    write(tmp_path / "ours", "seeds/vars.yml", text)
    with pytest.raises(ConfigError, match="needs a value and a why") as error:
        load_vars(layered(tmp_path, "ours"))
    assert error.value.fix == fix and error.value.where == f"{tmp_path / 'ours' / 'seeds' / 'vars.yml'}:1"


def test_every_wrong_value_of_vars_is_told_with_its_line(tmp_path: Path) -> None:
    write(
        tmp_path / "ours",
        "seeds/vars.yml",
        """# ours
dormant_days: sixty
kpi_days: 0
trend_percent: 12.5
sigma_margin: .inf
watch_sigmas: 7
baseline_min_days: 60
currency: "¥"
audit_samples:
max_identifiers_per_person: true
limit_of_ours: {value: 7, min: 8, why: A number of ours.}
kind_of_ours: {value: 7, type: whole, why: Another one.}
7: 8
""",
    )
    with pytest.raises(ConfigError) as error:
        load_vars(layered(tmp_path, "ours"))
    path = tmp_path / "ours" / "seeds" / "vars.yml"
    assert {item.where.removeprefix(f"{path}:"): (item.problem, item.fix) for item in told(error)} == {
        "2": ("the var dormant_days is 'sixty'", "write a whole number from 1 to 3650."),
        "3": ("the var kpi_days is 0", "write a whole number from 1 to 3660."),
        "4": ("the var trend_percent is 12.5", "write a whole number from 0 to 100."),
        "5": ("the var sigma_margin is inf", "write a number from 0.1 to 10, with at most 4 digits after the point."),
        "6": (
            "the var watch_sigmas is 7",
            "write a number from 1 to 6 (alert_sigmas is 6), with at most 4 digits after the point.",
        ),
        "7": ("the var baseline_min_days is 60", "write a whole number from 1 to 56 (baseline_days is 56)."),
        "8": ("the var currency is '¥'", "write a text that matches [A-Z]{3}."),
        "9": ("the var audit_samples has no value", "write a whole number from 1 to 100."),
        "10": ("the var max_identifiers_per_person is True", "write a whole number from 2 to 100000."),
        "11": ("the var limit_of_ours is 7", "write a whole number from 8."),
        "12": ("the var kind_of_ours has the type 'whole'", "expected one of: boolean, decimal, integer, text."),
        "13": ("7 is not the name of a var", "use lower case, digits and _."),
    }


def test_a_layer_cannot_lift_a_limit_by_the_way(tmp_path: Path) -> None:
    write(tmp_path / "ours", "seeds/vars.yml", "dormant_days: {value: 5000, why: We wait long.}\n")
    with pytest.raises(ConfigError, match="the var dormant_days is 5000"):
        load_vars(layered(tmp_path, "ours"))
    write(tmp_path / "ours", "seeds/vars.yml", "dormant_days: {value: 5000, max: 5000, why: We wait long.}\n")
    assert load_vars(layered(tmp_path, "ours"))["dormant_days"] == 5000


def test_a_var_can_be_bound_to_a_reference_table(tmp_path: Path) -> None:
    write(tmp_path / "ours", "seeds/vars.yml", "core_metric: net_revenu\n")
    with pytest.raises(ConfigError, match=r"'net_revenu', which kpis\.csv does not list") as error:
        compile_project(layered(tmp_path, "ours"))
    assert error.value.fix == "did you mean net_revenue?" and error.value.where.endswith("ours/seeds/vars.yml:1")


def test_every_number_of_the_base_layer_has_a_range(tmp_path: Path) -> None:
    found = read_vars(load_settings(tmp_path)).values()
    numbers = [var for var in found if var.type in ("integer", "decimal")]
    assert numbers and [var.name for var in numbers if var.low is None or var.high is None] == []
    assert [var.name for var in found if var.type == "text" and var.pattern is None and var.one_of is None] == []


# YAML


@pytest.mark.parametrize(
    ("name", "text", "problems"),
    [
        (
            "vars.yml",
            "dormant_days: 60\nkpi_days: 90\ndormant_days: 70\n",
            {3: "the key dormant_days appears twice, in lines 1 and 3"},
        ),
        (
            "channels/shop.yml",
            "channel: shop\nexports:\n  a:\n    columns:\n      no: {type: text}\n"
            "      x: {type: text, 'type': integer}\n    key: [no, x]\n  a:\n    load: on\nchannel: shop\n",
            {
                5: "YAML reads no as false",
                6: "the key type appears twice, in line 6",
                7: "YAML reads no as false",
                8: "the key a appears twice, in lines 3 and 8",
                9: "YAML reads on as true",
                10: "the key channel appears twice, in lines 1 and 10",
            },
        ),
        ("exports.yml", "as_of: 2026-06-30\nas_of: 2026-06-29\n", {2: "as_of appears twice, in lines 1 and 2"}),
        ("a.yml", "a: {b: 1}\nc: *d\n", {2: "found undefined alias"}),
        ("a.yml", "a: [1\nb: 2\n", {2: "did not find expected ',' or ']'"}),
    ],
)
def test_what_yaml_would_swallow_is_told_with_its_line(name: str, text: str, problems: dict[int, str]) -> None:
    with pytest.raises(ConfigError) as error:
        read_yaml(text, name)
    found = {int(item.where.removeprefix(f"{name}:")): item.problem for item in told(error)}
    assert {line: problems[line] in problem for line, problem in found.items()} == dict.fromkeys(problems, True)
    assert all(item.fix for item in told(error))


def test_names_in_quotes_and_merged_keys_are_fine() -> None:
    text = "base: &base {a: 1, b: 'no'}\nother: {<<: *base, a: 2}\n'on': true\nFALSE: x\nlisted: ['yes', True, n]\n"
    assert read_yaml(text, "a.yml") == {
        "base": {"a": 1, "b": "no"},
        "other": {"a": 2, "b": "no"},
        "on": True,
        False: "x",
        "listed": ["yes", True, "n"],
    }


def test_contracts_suites_and_vars_report_yaml_problems_together(tmp_path: Path) -> None:
    """All files go through one reader; each says what is wrong in all of its files."""
    for number in (1, 2):
        write(tmp_path / "ours", f"seeds/channels/shop{number}.yml", "channel: a\nchannel: b\n")
    with pytest.raises(ConfigError) as error:
        load_channels(layered(tmp_path, "ours"))
    assert [item.where.rpartition("/")[2] for item in told(error)] == ["shop1.yml:2", "shop2.yml:2"]
