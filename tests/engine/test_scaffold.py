"""The first hour: `siyu init` makes a folder in which siyu runs at once; --version; shell completion."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu import __version__
from siyu.cli import app
from siyu.errors import ConfigError
from siyu.settings import load_settings
from siyu.simulate import simulate_exports

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that siyu init made, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SIYU_") and name != "SIYU_CACHE"]:
        monkeypatch.delenv(name)
    done = CliRunner().invoke(app, ["init", "acme"])
    assert done.exit_code == 0, done.output
    assert "keep safe  acme/siyu.salt" in done.output
    monkeypatch.chdir(tmp_path / "acme")
    return tmp_path / "acme"


def test_layer_exports_and_salt_are_in_force_at_once(acme: Path) -> None:
    settings = load_settings(Path())
    assert not settings.is_sample
    assert (settings.layers, settings.exports) == ((Path("layer"),), Path("exports"))
    assert settings.key == (acme / "siyu.salt").read_text(encoding="ascii").strip() and len(settings.key) == 64
    assert (acme / "siyu.salt").stat().st_mode & 0o777 == 0o600


def test_init_writes_nothing_over_files(acme: Path) -> None:
    before = (acme / "siyu.salt").read_text(encoding="ascii")
    again = CliRunner().invoke(app, ["init", "."])
    assert again.exit_code == 2 and "already has siyu.toml, .gitignore, layer/seeds/vars.yml" in again.stderr
    assert (acme / "siyu.salt").read_text(encoding="ascii") == before


def test_every_folder_has_a_salt_of_its_own(acme: Path) -> None:
    assert CliRunner().invoke(app, ["init", "other"]).exit_code == 0
    assert (acme / "siyu.salt").read_bytes() != (acme / "other/siyu.salt").read_bytes()


def test_the_environment_overrides_the_file_of_the_salt(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_SALT", "another-salt-of-the-environment")
    assert load_settings(Path()).key == "another-salt-of-the-environment"


def test_a_salt_that_is_lost_is_not_replaced(acme: Path) -> None:
    (acme / "siyu.salt").unlink()
    with pytest.raises(ConfigError, match="salt cannot be read") as error:
        _ = load_settings(Path()).key
    assert "restore it" in error.value.fix and error.value.where == "siyu.salt"


def test_a_short_salt_in_a_file_is_rejected(acme: Path) -> None:
    (acme / "siyu.salt").write_text("short\n", encoding="ascii")
    with pytest.raises(ConfigError, match="the salt has 5 characters") as error:
        _ = load_settings(Path()).key
    assert error.value.where == "siyu.salt"


def test_git_keeps_decisions_and_ignores_exports_salt_and_warehouse(acme: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    for name in ("exports/reference/identity_rules.csv", "exports/crm/a.csv", "warehouse/ledger.sqlite"):
        (acme / name).parent.mkdir(parents=True, exist_ok=True)
        (acme / name).write_text("x\n", encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for command in (("init", "--quiet"), ("add", "--all")):
        subprocess.run(["git", *command], cwd=acme, check=True, env=clean)
    listed = subprocess.run(["git", "ls-files"], cwd=acme, check=True, env=clean, capture_output=True, text=True)
    assert listed.stdout.split() == [
        ".gitignore", "exports/reference/.gitkeep", "exports/reference/identity_rules.csv", "layer/seeds/vars.yml",
        "siyu.toml",
    ]  # fmt: skip


def test_simulated_exports_leave_decisions_alone(acme: Path) -> None:
    decisions = acme / "exports/reference/identity_rules.csv"
    decisions.write_text("decision,left_id\n", encoding="utf-8")
    for people in ("20", "10"):  # the second world replaces the first
        done = CliRunner().invoke(app, ["simulate", "--people", people, "--days", "30", "--out", "exports"])
        assert done.exit_code == 0, done.output
        own = acme / "exports/hotline/calls.csv"  # of a channel that the simulation does not know
        own.parent.mkdir(exist_ok=True)
        own.write_text("x\n", encoding="utf-8")
    assert decisions.read_text(encoding="utf-8") == "decision,left_id\n" and own.is_file()
    truth = (acme / "exports/truth/people.csv").read_text(encoding="utf-8").splitlines()
    assert len(truth) == 11 and (acme / "exports/crm").is_dir()


@pytest.mark.parametrize("name", ["crm/contacts.csv", "reference/staff.csv", "hotline/calls.csv", "exports.yml"])
def test_simulated_exports_replace_nothing_that_is_real(name: str, acme: Path) -> None:
    path = acme / "exports" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("real\n", encoding="utf-8")
    shown = name if name.startswith(("reference", "exports")) else name.partition("/")[0]
    with pytest.raises(ConfigError, match=f"is not a simulated world: it has {shown}"):
        simulate_exports(acme / "exports", people=10, days=30, seed=7)
    assert path.read_text(encoding="utf-8") == "real\n"


def test_a_first_run_without_any_export_publishes_nothing(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release of yesterday without rows would stay current before the older exports that follow."""
    monkeypatch.setenv("SIYU_FAMILIES", "identity")  # it compiles less
    done = CliRunner().invoke(app, ["run"])
    assert done.exit_code == 2 and "no channel has an export file" in done.stderr, done.output
    assert "siyu simulate --out" in done.stderr
    assert not (acme / "warehouse/current").exists()


def test_a_first_run_does_not_count_files_that_no_contract_reads(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (acme / "exports/crm").mkdir()
    (acme / "exports/crm/Accounts 13900000001 [red].csv").write_text("account_id\nA1\n", encoding="utf-8")
    monkeypatch.setenv("SIYU_FAMILIES", "identity")  # it compiles less
    done = CliRunner().invoke(app, ["run"])
    assert done.exit_code == 2, done.output
    assert "No contract reads Accounts 139****0001 [red].csv" in " ".join(done.stderr.split())
    assert not (acme / "warehouse/current").exists()


def test_version_is_that_of_the_package() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"siyu {__version__}\n")
    assert __version__ == version("siyu")


def test_the_shell_completes_commands() -> None:
    asked = {"_SIYU_COMPLETE": "complete_bash", "COMP_WORDS": "siyu st", "COMP_CWORD": "1"}
    code = "import sys; sys.argv[0] = 'siyu'; from siyu.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["status"], done.stderr
