"""Keys of addresses: pairs that people would call one address, and pairs that nobody may take for one."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.compile.model_files import Model
from siyu.compile.render import Renderer
from siyu.compile.template import World
from siyu.engines.base import ANY_INPUTS
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError
from siyu.layers import layer_files
from siyu.seeds.address_words import ADDRESS_TABLES, COLUMNS
from siyu.seeds.identifier_types import IdentifierTypes, load_identifier_types
from siyu.seeds.placeholders import load_placeholders
from siyu.seeds.table_checks import table_errors
from siyu.settings import load_settings
from tests.engine.address_pairs import DIFFERENT, NOWHERE, SAME

REFERENCE = Path(__file__).resolve().parents[2] / "seeds" / "reference"
Keys = Callable[[list[str]], list[str | None]]
WIDE = str.maketrans("".join(map(chr, range(0x21, 0x7F))), "".join(map(chr, range(0xFF01, 0xFF5F))))


def rows_of(table: str) -> list[dict[str, str]]:
    with (REFERENCE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    """What the macro makes of texts."""
    settings = load_settings(tmp_path_factory.mktemp("addresses"))
    world = World(
        models={},
        references=frozenset({"regions", "address_words"}),
        reference_rows=rows_of,
        contracts={},
        variables={},
        macros=tuple(layer_files(settings.roots, "macros", "*.sql")),
        identifiers=IdentifierTypes({}, load_placeholders(rows_of("placeholder_words"), "placeholder_words.csv")),
        union_shape=lambda *given: "",
    )
    model = Model("staging", "an__address", "an address", Path(), "{{ normal_address('v') }}", "", ())
    value = Renderer(world).render(model).sql
    engine = DuckEngine(None, ANY_INPUTS)
    session = engine.session()

    def run(texts: list[str]) -> list[str | None]:
        given = "(select unnest(?) as v, generate_subscripts(?, 1) as i)"
        return [row[0] for row in session.rows(f"select {value} from {given} order by i", [texts, texts])]

    yield run
    engine.close()


@pytest.mark.parametrize(("left", "right"), SAME)
def test_two_spellings_of_one_address_meet(keys: Keys, left: str, right: str) -> None:
    one, other = keys([left, right])
    assert one == other is not None


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_two_addresses_never_meet(keys: Keys, left: str, right: str) -> None:
    one, other = keys([left, right])
    assert one is not None and other is not None and one != other


@pytest.mark.parametrize("text", NOWHERE)
def test_what_names_no_house_is_no_address(keys: Keys, text: str) -> None:
    assert keys([text]) == [None]


def test_there_are_enough_pairs_and_none_is_of_one_text() -> None:
    assert len(SAME) + len(DIFFERENT) >= 60
    assert all(left != right for left, right in (*SAME, *DIFFERENT))


def _dirty(chance: random.Random, text: str) -> str:
    """The same address as a form, Excel or a chat may write it."""
    edits: tuple[Callable[[str], str], ...] = (
        lambda one: one.upper(),
        lambda one: one.translate(WIDE),
        lambda one: f" \t{one}\u3000\n",
        lambda one: one + "\ufeff\u200b",
        lambda one: "\u202d" + one + "\u202c",
        lambda one: one + " 🏠",
        lambda one: one.replace(" ", "\u00a0"),
        lambda one: one + "，",
    )
    for edit in chance.sample(edits, chance.randint(1, 3)):
        text = edit(text)
    return text


def test_dirt_around_and_in_an_address_makes_no_difference(keys: Keys) -> None:
    chance = random.Random(1)
    texts = [text for pair in (*SAME, *DIFFERENT) for text in pair for _ in range(5)]
    dirty = [_dirty(chance, text) for text in texts]
    found = zip(texts, dirty, keys(texts), keys(dirty), strict=True)
    assert [(text, spelled, key, other) for text, spelled, key, other in found if key != other] == []


FORMS = (
    "江苏省苏州市星湖街{}号{}栋{}室", "上海市漕溪路{}弄{}号{}室", "建国路{}号{}楼{}室", "科苑小区{}-{}-{}",
    "麓谷大道{}号{}单元{}", "解放路{}号{}号楼{}", "{} Main St Floor {} Apt {}", "Unit {}/{} High Road, Perth {}",
    "{} W {}th St #{}",
    "Hauptstraße {}, {} Berlin {}", "{} rue du {} mai, Bat {}", "PO Box {}, {} Main St, Apt {}",
    "Main Street {}-{} Suite {}",
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_other_numbers_are_another_address(keys: Keys, form: str) -> None:
    """No two of 2,000 random triples of numbers meet, whatever their places."""
    chance = random.Random(form)
    sizes = (9, 30, 1299)
    triples = sorted({tuple(chance.randint(1, chance.choice(sizes)) for _ in range(3)) for _ in range(2000)})
    found: dict[str, tuple[int, ...]] = {}
    met = []
    for triple, key in zip(triples, keys([form.format(*one) for one in triples]), strict=True):
        assert key is not None
        if key in found:
            met.append((key, found[key], triple))
        found[key] = triple
    assert met == []


def test_the_examples_of_the_document_are_true(keys: Keys) -> None:
    text = (REFERENCE.parents[1] / "docs" / "identity.md").read_text(encoding="utf-8")
    rows = text.split("| as written | key |\n| --- | --- |\n")[-1].split("\n\n")[0].splitlines()
    shown = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert len(shown) == 6
    for written, key in shown:
        assert set(keys(written.split("; "))) == {None if key == "NULL" else key}


def test_a_key_is_its_own_key(keys: Keys) -> None:
    """So a layer may normalise twice. Marks of units are lost: # alone is read again."""
    chinese = [key for key in keys([text for pair in SAME for text in pair]) if key and "一" <= key[0] <= "龥"]
    assert keys([str(key) for key in chinese]) == chinese


def problems(rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    types = load_identifier_types(rows_of("identifier_types"), "identifier_types.csv")
    errors = table_errors("address_words", ADDRESS_TABLES["address_words"], rows, types, "t.csv")
    return [(error.where, error.problem.removeprefix("address_words: ")) for error in errors]


def test_the_table_of_the_base_layer_is_valid() -> None:
    rows = rows_of("address_words")
    assert problems(rows) == []
    assert tuple(rows[0]) == COLUMNS["address_words"]


STREET = {"word": "street", "normal": "st", "kind": "street"}
CASES = [
    ({"word": "Straße", "normal": "st", "kind": "street"}, "word is 'Straße'"),
    ({"word": "", "normal": "st", "kind": "street"}, "word is empty"),
    ({"word": "high street", "normal": "st", "kind": "street"}, "'high street' has a blank"),
    ({"word": "str", "normal": "", "kind": "street"}, "normal is ''"),
    ({"word": "str", "normal": "'; --", "kind": "street"}, 'normal is "\'; --"'),
    ({"word": "apt", "normal": "#", "kind": "unit"}, "normal is '#', which a word of kind unit does not have"),
    ({"word": "str", "normal": "st", "kind": "strete"}, "kind is 'strete'"),
    ({"word": "street", "normal": "str", "kind": "street"}, "street street is already in row 2"),
    ({"word": "street", "normal": "", "kind": "unit"}, "street is already in row 2, as street"),
    ({"word": "str", "normal": "street", "kind": "street"}, "the normal of str is street, which row 2 changes again"),
]


@pytest.mark.parametrize(("row", "problem"), CASES)
def test_a_wrong_row_is_reported(row: dict[str, str], problem: str) -> None:
    assert problems([STREET]) == []
    assert problems([STREET, row]) == [("t.csv, row 3", problem)]


def test_a_wrong_row_of_a_layer_stops_the_compilation(tmp_path: Path) -> None:
    folder = tmp_path / "layer" / "seeds" / "reference"
    folder.mkdir(parents=True)
    (folder / "address_words.add.csv").write_text("word,normal,kind\nStraße,st,street\n", encoding="utf-8")
    settings = load_settings(tmp_path, warehouse=tmp_path / "warehouse", layers=(tmp_path / "layer",))
    with pytest.raises(ConfigError, match="address_words: word is 'Straße'"):
        compile_project(settings)
