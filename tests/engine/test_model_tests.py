"""siyu test: what it says about cases that fail, about mistakes in their files, and which cases it runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import Result
from typer.testing import CliRunner

from siyu.cli import app
from siyu.dev.model_test_plan import Plan, plan_tests
from siyu.dev.model_test_watch import Watched, changed, state_of
from siyu.dev.model_tests import run_model_tests
from siyu.settings import load_settings
from tests.golden.shop import CONTACT, CONTRACT, DEAL

pytestmark = pytest.mark.xdist_group("model_tests")

TESTS = "layer/tests/models/staging"
GOOD = """model: staging.shop__deal
cases:
  - name: a sale is an order
    given:
      raw.shop__sales:
        - {sale_id: s1, contact_id: k1, amount: 10.50, sold_at: 2026-06-01 02:00:00}
        - {sale_id: s2, contact_id: k1, amount: 3, sold_at: 2026-06-02 02:00:00}
    expect:
      - {record_id: "sales:s1", kind: order, amount: 10.50}
      - {record_id: "sales:s2", kind: order, amount: 3}
  - name: no sales
    expect: []
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A layer with a channel of its own, in a folder that needs no warehouse and no salt."""
    write(tmp_path, "siyu.toml", 'layers = ["layer"]\nchannels = ["shop"]\nfamilies = ["identity"]\n')
    write(tmp_path, "layer/seeds/channels/shop.yml", CONTRACT)
    write(tmp_path, "layer/models/staging/shop__contact.sql", CONTACT)
    write(tmp_path, "layer/models/staging/shop__deal.sql", DEAL)
    write(tmp_path, f"{TESTS}/shop__deal.yml", GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def siyu_test(*options: str) -> Result:
    return CliRunner().invoke(app, ["test", *options])


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_all_is_well(root: Path) -> None:
    result = siyu_test("--select", "staging.*")
    assert result.exit_code == 0, result.output
    said = lines(result.output)
    assert said[:2] == ["ok staging.shop__deal: a sale is an order", "ok staging.shop__deal: no sales"]
    assert said[2].startswith("2 ok, 0 failed in") and said[3] == "1 model without a test: staging.shop__contact"
    assert lines(siyu_test("--select", "staging.*", "--quiet").output)[0].startswith("2 ok, 0 failed in")


def test_rows_that_differ_are_a_table(root: Path) -> None:
    """The grain of the model says which rows are the same; a value of another type differs, too."""
    text = GOOD.replace('"sales:s1", kind: order, amount: 10.50', '"sales:s1", kind: refund, amount: 10.51')
    text = text.replace('- {record_id: "sales:s2"', '- {record_id: "sales:s3"')
    write(root, f"{TESTS}/shop__deal.yml", text)
    result = siyu_test("--select", "shop__deal", "--junit", "report.xml")
    assert result.exit_code == 1
    said = lines(result.output)
    assert said[:6] == [
        "failed staging.shop__deal: a sale is an order",
        f"{root}/{TESTS}/shop__deal.yml:3".replace(f"{root}/", ""),
        "record_id kind amount",
        "changed sales:s1 refund -> order 10.51 -> 10.50",
        "missing sales:s3 order 3.00",
        "unexpected sales:s2 order 3.00",
    ], result.output
    suite = ElementTree.parse(root / "report.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    [failure] = suite.iter("failure")
    assert failure.get("message") == "2 rows missing, 2 unexpected"
    assert "missing: record_id=sales:s3, kind=order, amount=3.00" in str(failure.text)


MISTAKES = """model: staging.shop__deal
cases:
  - name: a sale is an order
    gvien: {}
    as_of: yesterday
    expect: {record_id: s1}
  - name: a sale is an order
    expect: []
"""
UNKNOWN = GOOD.replace("raw.shop__sales:", "raw.shop__sale:").replace('s2", kind', 's2", knd')


def test_all_mistakes_of_files_are_reported_together(root: Path) -> None:
    write(root, f"{TESTS}/shop__contact.yml", "model: shop__contct\ncases:\n  - {name: one, expect: []}\n")
    write(root, f"{TESTS}/shop__deal.yml", MISTAKES)
    write(root, f"{TESTS}/third.yml", "model: staging.shop__deal\nmodel: again\n")
    result = siyu_test()
    assert result.exit_code == 2
    for problem, place, fix in (
        ("there is no model shop__contct", "shop__contact.yml:1", ""),
        ("a model test has no key gvien", "shop__deal.yml:4", "did you mean given?"),
        ("as_of is yesterday, which is not a date", "shop__deal.yml:5", "write 2026-06-30."),
        ("expect is not a list of rows", "shop__deal.yml:6", ""),
        ("two cases have this name, also in line 3", "shop__deal.yml:7", "rename one."),
        ("the key model appears twice", "third.yml:2", ""),
    ):
        assert problem in result.output and f"{TESTS}/{place}" in result.output and fix in result.output, result.output


def test_relations_and_columns_that_do_not_exist(root: Path) -> None:
    write(root, f"{TESTS}/shop__deal.yml", UNKNOWN)
    result = siyu_test("--select", "shop__deal")
    assert result.exit_code == 2
    said = lines(result.output)
    assert "error: staging.shop__deal does not read raw.shop__sale" in said
    assert "fix: did you mean raw.shop__sales? Nothing was built or published." in said
    assert "error: staging.shop__deal has no column knd" in said
    assert (
        f"where: layer/tests/models/staging/shop__deal.yml:{UNKNOWN[: UNKNOWN.index('knd')].count(chr(10)) + 1}" in said
    )
    assert not any(line.startswith("ok") for line in said)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [("amount: 3,", "amount: many,", 5), ("    expect: []", "    where: sale = 1\n    expect: []", 12)],
)
def test_values_and_conditions_that_the_engine_refuses(root: Path, old: str, new: str, line: int) -> None:
    write(root, f"{TESTS}/shop__deal.yml", GOOD.replace(old, new, 1))
    result = siyu_test("--select", "shop__deal")
    assert result.exit_code == 2
    assert "wrong  staging.shop__deal" in result.output and "1 ok, 1 failed" in result.output
    assert f"where: layer/tests/models/staging/shop__deal.yml:{line}" in result.output, result.output


def test_tests_beside_the_layer_are_not_forgotten(root: Path) -> None:
    shutil.rmtree(root / "layer" / "tests")
    result = siyu_test()
    assert result.exit_code == 2 and "no layer has a model test" in result.output
    write(root, "tests/staging/shop__deal.yml", GOOD)
    assert "move " in siyu_test().output and "layer/tests/models" in siyu_test().output
    write(root, "layer/test/models/staging/shop__deal.yml", GOOD)
    assert "siyu does not read the folder test" in siyu_test().output


def test_watching_runs_what_a_change_concerns(root: Path) -> None:
    write(root, f"{TESTS}/shop__contact.yml", "model: staging.shop__contact\ncases:\n  - {name: nobody, expect: []}\n")
    watched = Watched()

    def concerned() -> list[str]:
        plan: Plan = plan_tests(load_settings(root), ["staging.*"])
        tests = watched.concerned(plan)
        watched.note(plan, run_model_tests(plan.project, tests))
        plan.close()
        return [test.name for test in tests]

    assert concerned() == ["nobody", "a sale is an order", "no sales"]
    assert concerned() == []
    before = state_of((root / "layer",))
    model = write(root, "layer/models/staging/shop__deal.sql", DEAL.replace("'order' as kind", "'refund' as kind"))
    assert changed(before, state_of((root / "layer",))) == [model]
    assert concerned() == ["a sale is an order", "no sales"]
    assert [outcome.test.name for outcome in watched.failing] == ["a sale is an order"]
    write(root, f"{TESTS}/shop__deal.yml", GOOD.replace("kind: order", "kind: refund"))
    assert concerned() == ["a sale is an order"] and not watched.failing
    (root / TESTS / "shop__deal.yml").unlink()
    assert concerned() == [] and list(watched.outcomes) == ["staging.shop__contact: nobody"]
