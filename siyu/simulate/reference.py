"""The reference tables of the invented company: products, campaigns, staff."""

from __future__ import annotations

import csv
from pathlib import Path

from siyu.simulate.world import CAMPAIGNS, PRODUCTS, PUBLIC_CAMPAIGNS, SALES, SDRS


def write_reference(folder: Path) -> None:
    """Staff, products and campaigns: the lists such a company keeps."""
    (folder / "reference").mkdir(exist_ok=True)
    tables: dict[str, tuple[list[str], list[list[str]]]] = {
        "products": (
            ["product_id", "product_line", "margin_rate"],
            [[product, product.removeprefix("P-").title(), "0.35"] for product in PRODUCTS],
        ),
        "campaigns": (
            ["campaign_id", "domain", "scene"],
            [[c, "public" if c in PUBLIC_CAMPAIGNS else "private", c.removeprefix("C-").lower()] for c in CAMPAIGNS],
        ),
        "staff": (
            ["staff_id", "team", "role"],
            [[f"S{i:02d}", "sales", "sales"] for i in range(SALES)]
            + [[f"D{i:02d}", "sdr", "sdr"] for i in range(SDRS)],
        ),
    }
    for name, (header, rows) in tables.items():
        with (folder / "reference" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
