"""A night whose tables Spark makes, deployed on Prefect like any other: only the environment of the worker differs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from siyu.release.releases import current
from tests.e2e.deployed import checkout, deployed
from tests.golden.shop import SALT, Shop
from tests.shared import Shared

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("spark")]

AS_OF = "2026-06-01"
# Spark takes a second for a model, however few rows it has, so these two stand for the ninety of OneID.
MODELS = {
    "buyer": """/*
description: Buyers of the shop.
grain: [crm_contact_id]
*/
select
    c.crm_contact_id,  -- Number of the contact. [pii]
    max(fn_folded(c.full_name)) as full_name,  -- Name. [pii]
    min(fn_local_date(d.occurred_at)) as first_date,  -- Day of the first sale.
    cast(sum(d.amount) as decimal(18, 2)) as total_amount,  -- Sum of all sales.
    cast(0 as bigint) as level  -- Sales of a hundred, up to three.
from {{ ref('contact') }} as c
join {{ ref('deal') }} as d on c.crm_contact_id = d.crm_contact_id
group by c.crm_contact_id
""",
    "buyer_level": """/*
description: Buyers of the shop, by what they have spent.
grain: [crm_contact_id]
*/
{{ config(materialized='fixpoint', seed=ref('buyer')) }}
select
    crm_contact_id,  -- Number of the contact. [pii]
    full_name,  -- Name. [pii]
    first_date,  -- Day of the first sale.
    total_amount,  -- Sum of all sales.
    case when level < 3 and total_amount >= 100 * (level + 1) then level + 1 else level end as level  -- Level, 0 to 3.
from {{ this }}
""",
}
SUITE = """table: identity.{table}
expectations:
  - type: expect_column_values_to_be_unique
    kwargs: {{column: crm_contact_id}}
    severity: critical
  - type: unexpected_rows_expectation
    kwargs: {{unexpected_rows_query: "select level from {{batch}} where total_amount < 100 * level"}}
    severity: critical
"""


def test_a_deployed_night_on_spark(tmp_path: Path, shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the same steps, publishes what a night on DuckDB publishes, and is Completed. Then nothing is new."""
    pytest.importorskip("pyspark", reason="Spark is not installed: pip install 'siyu[spark]'")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Spark needs Java, which this machine does not have")
    from tests.e2e.recorded import artifact, task_names

    base = tmp_path / "checkout"
    shutil.copytree(checkout(shared), base)
    shutil.rmtree(base / "models" / "identity")
    shutil.rmtree(base / "expectations" / "identity")
    monkeypatch.setenv("SIYU_SALT", SALT)
    with deployed(tmp_path, base) as world:
        _write_models(world.shop)
        with monkeypatch.context() as patch:
            patch.setattr("siyu.settings.base_layer", lambda: base)
            expected = world.shop.copy_to(tmp_path / "on_duckdb")
            expected.run(AS_OF)
        world.start_worker(SIYU_ENGINE="spark", SIYU_SPARK="local[2]", SIYU_THREADS="2")
        run_id = world.trigger(AS_OF)
        run = world.ended(run_id)
        assert run.state is not None
        assert (run.state.type.value, run.state.message) == ("COMPLETED", f"published: as of {AS_OF}"), world.logs()
        built = ("records.deal", *(f"identity.{table}" for table in MODELS))
        wanted = {"land shop", *(f"build {name}" for name in built), *(f"check {name}" for name in built), "publish"}
        assert wanted <= task_names(world.client, run_id, wanted)
        assert "Published 已发布" in artifact(world.client, run_id)
        assert list((world.warehouse / "build" / "spark").glob("identity.buyer_level*/*/*.parquet"))
        found, made = current(world.warehouse), current(expected.root / "warehouse")
        assert found is not None and made is not None
        assert found.manifest["tables"] == made.manifest["tables"]
        assert found.manifest["tables"].keys() > set(built)
        assert world.shop.rows("select full_name, level from identity.buyer_level") == [("王一", 1)]

        again = world.ended(world.trigger_flow("siyu-nightly/nightly"))
        assert again.state is not None and again.state.message == f"nothing new: as of {AS_OF}", world.logs()
        assert "Traceback" not in world.logs()


def _write_models(shop: Shop) -> None:
    shop.write("exports/exports.yml", f"as_of: {AS_OF}\n")
    for table, text in MODELS.items():
        shop.write(f"layer/models/identity/{table}.sql", text)
        shop.write(f"layer/expectations/identity/{table}.yml", SUITE.format(table=table))
