"""Domains that hand out mailboxes to everybody are nobody's company."""

from __future__ import annotations

import pytest

from siyu.layers import base_layer


@pytest.mark.parametrize("domain", ["qq.com", "sina.com.cn", "vip.126.com", "gmx.de", "naver.com", "yahoo.co.jp"])
def test_free_mail_is_listed_once(domain: str) -> None:
    lines = (base_layer() / "seeds" / "reference" / "free_mail_domains.csv").read_text(encoding="utf-8").split()
    assert lines.count(domain) == 1
