"""Connection URLs of the target PostgreSQL: what siyu accepts, shows, and never shows."""

from __future__ import annotations

import pytest

from siyu.engines.postgresql import Address, address
from siyu.errors import ConfigError
from siyu.release.target_types import target_expression, target_type
from siyu.settings import Settings, load_settings


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://bi:pass@db:5433/main", "bi@db:5433/main"),
        ("postgres://db/main", "db/main"),
        ("postgresql://bi:p%40ss%2F@db/main?sslmode=require", "bi@db/main"),
        ("postgresql:///main?host=/var/run/postgresql&user=bi&password=pass", "bi@/var/run/postgresql/main"),
        ("postgresql://bi:${BI_PASSWORD}@${BI_HOST}/main", "bi@db.example.com/main"),
    ],
)
def test_an_address_shows_no_password(url: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BI_PASSWORD", "a@b/c#d?e%f:g pass")
    monkeypatch.setenv("BI_HOST", "db.example.com")
    found = address(url, "SIYU_POSTGRESQL")
    assert found.shown == repr(found) == shown
    assert "application_name=siyu" in found.url and "connect_timeout=10" in found.url
    told = found.redacted(f"{found.url} a@b/c#d?e%f:g pass")
    assert not any(part in told for part in (":pass", "=pass", "p%40ss", "p@ss", "a%40b")) and "main" in told
    assert ("a@b" in told) == ("BI_PASSWORD" not in url)


@pytest.mark.parametrize(
    "url",
    [
        "secret1", "mysql://bi:secret1@db/main", "postgresql://", "postgresql://bi:sec@ret1@db/main",
        "postgresql://bi:secret1/x@db/main", "postgresql://bi:secret1#x@db/main", "postgresql://bi:secret1?x@db/main",
        "postgresql://bi:secret1%zz@db/main", "postgresql://bi:secret1@db:port/main",
        "postgresql://bi:secret1${NO_SUCH_VARIABLE}@db/main",
    ],
)  # fmt: skip
def test_an_uncertain_address_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        address(url, "SIYU_POSTGRESQL")
    assert "sec" not in str(raised.value) and "ret1" not in str(raised.value)


def test_a_variable_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BI_PASSWORD", "a@b/c%")
    assert address("postgresql://bi:${BI_PASSWORD}@db/m?sslmode=require&connect_timeout=3", "x") == Address(
        "postgresql://bi:a%40b%2Fc%25@db/m?sslmode=require&connect_timeout=3&application_name=siyu", "bi@db/m",
        tuple(sorted({"a@b/c%", "a%40b%2Fc%25", "a%2540b%252Fc%2525"})),
    )  # fmt: skip


def test_settings_of_targets(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_TARGETS", "postgresql")
    monkeypatch.setenv("SIYU_POSTGRESQL", "postgresql://bi:secret1@db/main")
    settings = load_settings()
    assert settings.targets == ("postgresql",)
    assert "secret1" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.content_fingerprint == Settings().content_fingerprint
    monkeypatch.setenv("SIYU_TARGETS", "postgres")
    with pytest.raises(ConfigError, match="there is no target 'postgres': did you mean postgresql"):
        load_settings()
    monkeypatch.setenv("SIYU_TARGETS", "")
    monkeypatch.setenv("SIYU_POSTGRESQL_PREFIX", "My ")
    with pytest.raises(ConfigError, match="not a beginning of a name"):
        load_settings()


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("DECIMAL(24,6)", "numeric(24,6)"), ("VARCHAR", "text"), ("ENUM('a')", "text"), ("HUGEINT", "numeric(38,0)"),
        ("STRUCT(a BIGINT)", "jsonb"), ("STRUCT(a BIGINT)[]", "jsonb"), ("VARCHAR[]", "text[]"), ("DATE[]", "jsonb"),
        ("MAP(VARCHAR, BIGINT)", "jsonb"), ("TIMESTAMP_NS", "timestamp without time zone"), ("BIT", "text"),
    ],
)  # fmt: skip
def test_types(kind: str, target: str) -> None:
    assert target_type(kind) == target
    assert '"a ""b"""' in target_expression('a "b"', kind)
