"""Superset and Evidence, from PyPI and npm, on the sample's release. They take minutes: BI_TOOLS=1 asks for them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml

from tests.e2e.bi_tools import evidence, superset
from tests.e2e.bi_tools.releases import Trial, copied
from tests.golden.conftest import Ran

pytestmark = pytest.mark.e2e

asked = pytest.mark.skipif("BI_TOOLS" not in os.environ, reason="set BI_TOOLS=1 to install BI tools and try them")


@pytest.fixture
def trial(night: Ran, tmp_path: Path) -> Trial:
    return copied(night.settings.warehouse, tmp_path / "warehouse")


@asked
def test_superset(trial: Trial, tmp_path: Path) -> None:
    with superset.served(tmp_path) as server:
        assert len(list(superset.saw(server, trial))) == 8


@asked
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_evidence(trial: Trial, tmp_path: Path) -> None:
    assert len(list(evidence.saw(evidence.installed(tmp_path), trial))) == 3


def test_next_release(trial: Trial) -> None:
    """What the trials publish is a release of its own, with other figures; the one before stays as it was."""
    before, file = trial.figure(), trial.file.resolve()
    after = trial.publish_next()
    assert after > before and trial.file.resolve() != file and file.exists()


def test_examples_read_what_a_release_has(night: Ran) -> None:
    """Every column of the examples is in the release: a renamed column is noticed without the tools."""
    with night.connect() as con:
        for source in sorted((evidence.EXAMPLE / "sources" / "siyu").glob("*.sql")):
            assert con.execute(source.read_text(encoding="utf-8")).fetchall(), source.name
        for file in sorted((superset.EXAMPLE / "datasets" / "siyu").glob("*.yaml")):
            dataset = yaml.safe_load(file.read_text(encoding="utf-8"))
            told = [column["column_name"] for column in dataset["columns"]]
            told += [metric["expression"] for metric in dataset["metrics"]]
            table = f"{dataset['schema']}.{dataset['table_name']}"
            for each in told:
                assert con.execute(f"select {each} from {table} limit 1").fetchall(), each
