"""Dimension tables read lists that companies keep: columns for names may be left out of them."""

from __future__ import annotations

from pathlib import Path

from siyu.compile.compiler import compile_project
from siyu.settings import load_settings


def test_a_list_without_names_needs_no_change(tmp_path: Path) -> None:
    """Lists that were written before siyu knew names have no such columns; products has one of the two."""
    folder = tmp_path / "exports/reference"
    folder.mkdir(parents=True)
    (folder / "campaigns.csv").write_text("campaign_id,domain,scene,step\nC-1,public,search,acquire\n")
    (folder / "products.csv").write_text("product_id,product_line,margin_rate,name_zh\nP-1,Servo,0.3,x\n")
    settings = load_settings(tmp_path, exports=tmp_path / "exports", warehouse=tmp_path / "warehouse")
    project = compile_project(settings, selection=["dim_campaign", "dim_product"])
    campaign, product = (project.models[f"kpi.dim_{name}"].sql for name in ("campaign", "product"))
    assert "cast(null as varchar) as name_zh" in campaign and "cast(null as varchar) as name_en" in campaign
    assert "name_zh as name_zh" in product and "cast(null as varchar) as name_en" in product
