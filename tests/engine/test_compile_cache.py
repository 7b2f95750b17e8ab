"""The cache of compilations: the same project with it and without it, whatever happens to its file."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from siyu.compile import analyse, bind, cache, lineage
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project, TagRule
from siyu.compile.render import Renderer
from siyu.errors import ConfigError
from siyu.settings import Settings, load_settings
from tests.engine.compiled_facts import facts
from tests.shared import Shared

HEADER = "/*\ndescription: Of a test.\ngrain: [channel]\n*/\n"
MODEL = f"""{HEADER}select
    channel,  -- Channel.
    count(*) as touch_count  -- Touches.
from {{{{ ref('touch') }}}}
group by channel
"""
NAMES = """/*
description: Names of colours.
grain: [member]
*/
{{{{ config(published=false) }}}}
select '{}' as member  -- Member.
"""
ASKS = "{}select\n    channel,  -- Channel.\n    {} as asked  -- What it asks for.\nfrom {{{{ ref('touch') }}}}\n"
# Models of a small project: one for each question of a template that the tests answer otherwise later.
SMALL = {
    "journey/touch_count": MODEL,
    "journey/asks_a_var": ASKS.format(HEADER, "{{ var('energy_days') }}"),
    "journey/asks_a_threshold": ASKS.format(HEADER, "{{ threshold('silent_days') }}"),
    "journey/asks_a_folder": HEADER.replace("channel", "member")
    + "select member  -- Member.\nfrom ({{ union_models('journey/names', {'member': 'varchar'}) }}) as names\n",
    "journey/names/red_name": NAMES.format("red"),
    "journey/nothing_new": HEADER
    + "select\n    channel,  -- Channel.\n    touch_count  -- Touches.\nfrom {{ ref('touch_count') }}\n",
}
FROM_THE_BASE = (
    "records/touch",
    "staging/crm/crm__touch",
    "staging/mall/mall__touch",
    "staging/training/training__touch",
)
BASE = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A base layer of a few models: a compilation without a cache is most of a test's time."""
    base = tmp_path / "base"
    base.mkdir()
    for name in ("seeds", "macros"):
        (base / name).symlink_to(BASE / name)
    shutil.copytree(BASE / "models/tags", base / "models/tags")  # left out, but tags.csv wants them
    for name in FROM_THE_BASE:
        _write(base / f"models/{name}.sql", (BASE / f"models/{name}.sql").read_text(encoding="utf-8"))
    for name, text in SMALL.items():
        _write(tmp_path / f"layer/models/{name}.sql", text)
    monkeypatch.setattr("siyu.settings.base_layer", lambda: base)
    return load_settings(
        tmp_path,
        warehouse=tmp_path / "warehouse",
        layers=(tmp_path / "layer",),
        cache=tmp_path / "cache",
        channels=("crm", "mall"),
        families=("journey",),
    )


@pytest.fixture
def first(shared: Shared, settings: Settings) -> object:
    """What a compilation without a cache yields; the cache that it left is that of `settings`."""
    path, found = shared.once("compile_cache", lambda root: _first(settings, root))
    settings.cache_folder.mkdir()
    shutil.copyfile(path, settings.cache_folder / cache.FILE)
    return found


def _first(settings: Settings, root: Path) -> tuple[Path, object]:
    return root / cache.FILE, _compile(settings.model_copy(update={"cache": root}))


def _compile(settings: Settings) -> Any:
    project = compile_project(settings)
    try:
        found = facts(project)
        project.cache.save()
        return found
    finally:
        project.binder.close()


def test_the_base_layer_is_the_same_from_the_cache(compiled: Any, project: Project) -> None:
    """One worker compiled all of it without a cache; this one found what that has left."""
    if compiled is None:
        pytest.skip("the base layer is compiled first only where several workers need it")
    found = facts(project)
    assert len(found) > 300
    assert [name for name in found if found[name] != compiled.get(name)] == []
    assert found.keys() == compiled.keys()


def _forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(*given: object, **named: object) -> object:
        raise AssertionError("worked out again")

    monkeypatch.setattr(analyse, "_read", work)
    monkeypatch.setattr(bind.Binder, "_session", work)
    monkeypatch.setattr(lineage, "qualify", work)


def test_what_did_not_change_is_not_worked_out_again(
    settings: Settings, first: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    _forbid(monkeypatch)
    assert _compile(settings) == first


@pytest.mark.usefixtures("first")
def test_one_edited_model_is_the_only_one_that_is_parsed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    parse = analyse._read
    monkeypatch.setattr(analyse, "_read", lambda sql: read.append(sql) or parse(sql))
    path = settings.layers[0] / "models/journey/touch_count.sql"
    path.write_text(MODEL.replace("count(*)", "count(distinct record_id)"), encoding="utf-8")
    project = compile_project(settings)
    project.binder.close()
    assert read and [sql for sql in set(read) if "count(distinct record_id)" not in sql] == []
    assert "count(distinct record_id)" in project.models["journey.touch_count"].sql


@pytest.mark.parametrize("damage", ["truncated", "flipped", "foreign", "empty", "a folder"])
@pytest.mark.usefixtures("first")
def test_a_damaged_or_foreign_cache_is_ignored(settings: Settings, damage: str) -> None:
    assert cache.Cache.of(settings)._facts
    _damage(settings.cache_folder / cache.FILE, damage)
    found = cache.Cache.of(settings)
    assert not found._facts
    found.keep("kind", ("input",), "fact")
    found.save()  # where a folder has its name, the cache is not written
    assert cache.Cache.of(settings)._facts == ({} if damage == "a folder" else found._used)


def test_a_damaged_cache_changes_nothing_and_is_replaced(settings: Settings, first: object) -> None:
    path = settings.cache_folder / cache.FILE
    toolchain = path.read_bytes().split()[0]
    _damage(path, "flipped")
    assert _compile(settings) == first
    assert path.read_bytes().split()[0] == toolchain and cache.Cache.of(settings)._facts


def _damage(path: Path, damage: str) -> None:
    content = path.read_bytes()
    if damage == "a folder":
        path.unlink()
        path.mkdir()
        return
    damaged = {
        "truncated": content[: len(content) // 2],
        "flipped": content.replace(b"count(*)", b"count(1)"),
        "foreign": b"0" + content[1:] if content[:1] != b"0" else b"1" + content[1:],
        "empty": b"",
    }[damage]
    assert damaged != content
    path.write_bytes(damaged)


@pytest.mark.usefixtures("first")
def test_whatever_a_template_asks_for_counts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A var, the rows of a reference table, the models of a folder and the channels of a shape are others than before:
    the templates that ask for them are rendered again, others are not, and the result is that without a cache."""
    layer = settings.layers[0]
    _write(layer / "seeds/vars.yml", "energy_days: 14\n")
    thresholds = (BASE / "seeds/reference/thresholds.csv").read_text(encoding="utf-8")
    _write(layer / "seeds/reference/thresholds.csv", thresholds.replace("silent_days,7,", "silent_days,8,"))
    _write(layer / "models/journey/names/blue_name.sql", NAMES.format("blue"))
    settings = settings.model_copy(update={"channels": (*settings.channels, "training")})
    rendered: set[str] = set()
    render = Renderer.render
    monkeypatch.setattr(
        Renderer, "render", lambda self, model, *rest: rendered.add(model.name) or render(self, model, *rest)
    )
    with_cache = _compile(settings)
    again = set(rendered)
    assert with_cache == _compile(settings.model_copy(update={"cache": layer / "other"}))
    new = {"journey.blue_name", "staging.training__touch"}
    asking = {"journey.asks_a_var", "journey.asks_a_threshold", "journey.asks_a_folder", "records.touch"}
    assert again == asking | new
    others = {"journey.touch_count", "journey.nothing_new", "journey.red_name", "staging.crm__touch"}
    assert rendered == again | others | {"staging.mall__touch"}


def test_a_reference_table_that_a_rule_looks_up_counts(tmp_path: Path) -> None:
    """The rule of email_kind reads the rows of free_mail_domains, by way of a macro."""
    domains = (BASE / "seeds/reference/free_mail_domains.csv").read_text(encoding="utf-8")
    table = tmp_path / "layer/seeds/reference/free_mail_domains.csv"
    _write(table, domains)
    settings = load_settings(
        tmp_path, warehouse=tmp_path / "warehouse", layers=(tmp_path / "layer",), channels=("crm",), families=("tags",)
    )
    before = _rules(settings)
    _write(table, domains + "example.invalid\n")
    assert {rule.tag_code for rule in _rules(settings) ^ before} == {"email_kind"}


def _rules(settings: Settings) -> set[TagRule]:
    project = compile_project(settings, selection=["tags.person_tag"])
    project.binder.close()
    return set(project.tag_rules)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.usefixtures("first")
def test_errors_are_not_kept(settings: Settings) -> None:
    path = settings.layers[0] / "models/journey/touch_count.sql"
    path.write_text(MODEL.replace("count(*)", "count(no_such_column)"), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(ConfigError, match="no_such_column"):
            compile_project(settings)
    path.write_text(MODEL, encoding="utf-8")
    compile_project(settings).binder.close()


def test_two_at_once(settings: Settings) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(_compile, [settings, settings])
    assert one == other == _compile(settings)
