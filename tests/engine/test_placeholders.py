"""Placeholders: which values match, and the errors of a wrong table."""

from __future__ import annotations

import csv

import duckdb
import pytest

from siyu.errors import ConfigError
from siyu.layers import base_layer
from siyu.seeds.neighbour_limits import neighbour_limit_errors
from siyu.seeds.placeholders import Placeholders, load_placeholders

REFERENCE = base_layer() / "seeds" / "reference"
NOTHING = {
    "identifier": ["null", "(None)", "N/A", "undefined", "[object Object]",
        "0", "00-00", "-", "--", "无", "未知。", "-1", "（空）"],
    "company_name": ["未填写", "其他", "个人", "本人", "Undefined",
        "暂无", "暂无。", "无公司", "N/A", "test 2", "12345", "请选择"],
    "person_name": ["微信用户", "匿名", "NULL", "-", "13912345678",
        "+86 139 1234 5678", "！！", "用户8273", "li@firm.cn", "先生"],
}  # fmt: skip
SOMETHING = {
    "identifier": ["1", "10", "m-0", "test1", "nullmann", "none-7", "guest7", "0x1", "无1"],
    "company_name": ["个人护理用品有限公司", "其他山石文化", "3M", "Test Rite", "Nullwerk", "测试仪器厂"],
    "person_name": ["王", "李伟", "Ирина", "Mr. Null Mann", "A", "王先生", "李客户", "김철수", "小王@华阳"],
}


@pytest.fixture(scope="module")
def words() -> Placeholders:
    with (REFERENCE / "placeholder_words.csv").open(encoding="utf-8", newline="") as file:
        return load_placeholders(list(csv.DictReader(file)), "placeholder_words.csv")


@pytest.mark.parametrize("scope", sorted(NOTHING))
def test_what_means_nothing(words: Placeholders, scope: str) -> None:
    def taken(texts: list[str]) -> list[str]:
        sql = f"select v from (select unnest(?) as v) where {words.condition(scope, 'v')}"
        return [text for (text,) in duckdb.execute(sql, [texts]).fetchall()]

    assert set(taken(NOTHING[scope])) == set(NOTHING[scope])
    assert taken(SOMETHING[scope]) == []


def test_types_whose_form_no_word_has(words: Placeholders) -> None:
    """Only columns that may contain a placeholder are counted every night."""
    with (REFERENCE / "identifier_types.csv").open(encoding="utf-8", newline="") as file:
        types = {row["id_type"]: row["valid_regex"] for row in csv.DictReader(file)}
    fitting = {name for name, regex in types.items() if words.fit("identifier", regex)}
    assert fitting >= {"member_id", "crm_contact_id", "cookie_id", "device_serial", "crm_account_id"}
    assert not fitting & {"mobile", "email", "unionid", "openid", "external_userid", "email_domain"}


def test_every_wrong_row_is_reported() -> None:
    rows = [{"scope": "identifer", "word": "x"}, {"scope": "any", "word": " "}, {"scope": "any", "word": "y"}]
    with pytest.raises(ConfigError) as caught:
        load_placeholders(rows, "words.csv")
    text = str(caught.value)
    assert "unknown scope 'identifer'" in text and "did you mean identifier?" in text
    assert "words.csv, row 3" in text and "row 4" not in text
    limits = [
        {"id_type": "member_id", "neighbour": "mobile", "max_count": "12"},
        {"id_type": "member_id", "neighbour": "mobile", "max_count": "a dozen"},
        {"id_type": "", "neighbour": "mobile", "max_count": "0"},
    ]
    found = [(error.where, error.problem) for error in neighbour_limit_errors(limits, "limits.csv")]
    assert [where for where, _ in found] == ["limits.csv, row 3"] * 2 + ["limits.csv, row 4"] * 2
    assert "already in row 2" in found[0][1] and "'a dozen'" in found[1][1] and "'0'" in found[3][1]
