"""The page that `siyu explain` writes."""

from __future__ import annotations

from typing import Any

from siyu.ask.explain_text import explained


def test_open_candidates_are_told_on_one_line() -> None:
    asked = {"text": "P1", "entity": "person", "id_type": "mobile", "id_value": "1", "status": "used", "id": "P1"}
    empty = ("identifiers", "evidence", "cuts", "audit", "rules", "history", "aliases", "tags")
    told = {
        "as_of": "2026-06-30", "timezone": "Asia/Shanghai", "asked": [asked], "golden_record": {"full_name": "张三"},
        "records": {"count": 0, "channels": {}, "shown": []}, **{name: [] for name in empty},
    }  # fmt: skip
    line = "open candidates 疑似重复: siyu candidates --of P1"
    assert f"2 {line}" in explained({**told, "open_candidates": 2}).splitlines()
    assert "1 open candidate 疑似重复" in explained({**told, "open_candidates": 1})
    assert "candidate" not in explained({**told, "open_candidates": 0})


def test_a_short_name_is_no_edge_and_is_told_as_one() -> None:
    def asked(id_type: str, id_value: str) -> dict[str, Any]:
        text = f"{id_type}:{id_value}"
        return {
            "text": text,
            "entity": "company",
            "id_type": id_type,
            "id_value": id_value,
            "status": "used",
            "id": "C1",
        }

    told = {
        "release": "2026-06-30-000001", "as_of": "2026-06-30", "timezone": "Asia/Shanghai",
        "asked": [asked("company_name", "华阳机电"), asked("credit_code", "91310000000000001Y")],
        "is_same": True, "chain": [], "short_names": ["company_name:华阳机电"], "rules": [],
    }  # fmt: skip
    page = explained(told)
    assert "are the same company 同一企业: C1" in page
    assert "because no other company matches the short name 简称唯一: company_name:华阳机电" in page
