"""benchmarks/candidates.py counts pairs as they are counted by hand here."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def candidates() -> ModuleType:
    spec = importlib.util.spec_from_file_location("candidates", ROOT / "benchmarks" / "candidates.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# one_id -> (person of each record, what its records say). P1, P2, P3 and P4 are of Wang; P4 is a cookie only, and P3
# has one record of Li. P5 is of Li, P6 of a student.
IDS = {
    "P1": (["wang", "wang"], "full_name"), "P2": (["wang"], "mobile"), "P3": (["li", "wang", "wang"], "email"),
    "P4": (["wang"], None), "P5": (["li"], "company_name"), "P6": (["student"], "full_name"),
}  # fmt: skip
ACCOUNTS = {"C1": ("huayang", "company_name"), "C2": ("huayang", "email_domain"), "C3": ("huayang", "crm_account_id"),
            "C4": ("other", "company_name")}  # fmt: skip
CANDIDATES = [
    ("person", "sound, mail", 0.9, "P2", "P1"),
    ("person", "sound", 0.9, "P1", "P2"),  # the same pair again
    ("person", "mail", 0.8, "P1", "P5"),
    ("person", "sound", 0.7, "P1", "P4"),  # right, though nobody could have known
    ("person", "digit", 0.6, "P3", "P2"),
    ("company", "short", 0.5, "C2", "C1"),
    ("company", "short", 0.4, "C1", "C4"),
    ("company", "short", 0.3, "C1", "C9"),  # of nobody in the truth
]


@pytest.fixture
def built(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create schema records; create schema identity")
    for shape in ("contact", "touch", "link", "deal", "ticket"):
        name = "full_name varchar, " if shape == "contact" else ""
        columns = f"channel varchar, record_id varchar, {name}mobile varchar, email varchar, company_name varchar"
        con.execute(f"create table records.{shape} ({columns})")
    con.execute(
        "create table identity.record_person"
        " (channel varchar, record_id varchar, one_id varchar, account_id varchar, account_basis varchar)"
    )
    con.execute("create table identity.account_id (account_id varchar, id_type varchar)")
    (tmp_path / "truth").mkdir()
    people = (
        "person,company,kind,traits\nwang,huayang,buyer,name_typo;refund\nli,other,buyer,\nstudent,huayang,learner,\n"
    )
    (tmp_path / "truth/people.csv").write_text(people, encoding="utf-8")
    truth = ["channel,record_id,person,company"]
    for one_id, (owners, column) in IDS.items():
        for number, owner in enumerate(owners):
            key = f"rows:{one_id}-{number}"
            con.execute("insert into identity.record_person values ('crm', ?, ?, null, null)", [f"{key}#seen", one_id])
            truth.append(f"crm,{key},{owner},")
        if column is not None:
            con.execute(f"insert into records.contact by name select 'crm' as channel, 'rows:{one_id}-0#seen' as"
                        f" record_id, 'x' as {column}")  # fmt: skip
    for account, (owner, kind) in ACCOUNTS.items():
        con.execute("insert into identity.account_id values (?, ?)", [account, kind])
        con.execute("insert into identity.record_person values ('crm', ?, null, ?, 'record')", [account, account])
        truth.append(f"crm,{account},,{owner}")
    (tmp_path / "truth/person.csv").write_text("\n".join(truth) + "\n", encoding="utf-8")
    return con


def test_pairs_that_should_be_one(candidates: ModuleType, built: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    candidates.judge(built, tmp_path)
    # Of four IDs of Wang, six pairs; three have no cookie on a side. P5 is the only one of Li.
    assert candidates.pieces(built, "person") == candidates.Pieces(6, 3, 1, 6, 3)
    assert candidates.pieces(built, "company") == candidates.Pieces(4, 2, 1, 3, 1)
    assert candidates.reasons(built, tmp_path) == [("name_typo", 3, 1)]


def test_candidates_are_measured(
    candidates: ModuleType, built: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    built.execute(
        "create table identity.candidate"
        " (entity varchar, generators varchar, score double, left_id varchar, right_id varchar)"
    )
    built.executemany("insert into identity.candidate values (?, ?, ?, ?, ?)", CANDIDATES)
    monkeypatch.setattr(candidates, "FIRST", 2)
    candidates.judge(built, tmp_path)
    assert candidates.found(built, "person") == [
        candidates.Found("", 4, 2, 1, 1, 2),
        candidates.Found("digit", 1, 1, 1, 1, 1),
        candidates.Found("mail", 2, 1, 0, 1, 2),
        candidates.Found("sound", 2, 1, 0, 2, 2),
    ]
    assert candidates.found(built, "company") == [
        candidates.Found("", 3, 1, 1, 1, 2),
        candidates.Found("short", 3, 1, 1, 1, 2),
    ]
    candidates.report(built, tmp_path)
    told = capsys.readouterr().out
    assert "candidates of people, 3 to find" in told and "0.500 of 2" in told


def test_a_build_without_candidates_is_told(
    candidates: ModuleType, built: duckdb.DuckDBPyConnection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    candidates.judge(built, tmp_path)
    candidates.report(built, tmp_path)
    assert "no table identity.candidate" in capsys.readouterr().out
