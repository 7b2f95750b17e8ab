"""The wheel alone: no checkout, an empty folder; siyu init, siyu simulate, siyu run, a release."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from siyu.release.releases import current

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]


def _run(folder: Path, *command: object) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SIYU_", "PYTHON"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def siyu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a virtual environment that has the wheel, and all else from the one the tests run in."""
    root = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    _run(root, *pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", root, ROOT)
    [wheel] = root.glob("siyu-*.whl")
    environment = root / "environment"
    venv.create(environment, symlinks=True)
    _run(root, *pip, "--python", environment, "install", "--no-deps", wheel)
    [packages] = environment.glob("lib/python*/site-packages")
    # A folder named in a .pth is searched, its own .pth files are not: the checkout stays out of sight.
    (packages / "rest.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return environment / "bin" / "siyu"


def test_the_wheel_reaches_a_release_in_an_empty_folder(siyu: Path, tmp_path: Path) -> None:
    found = _run(tmp_path, siyu.with_name("python"), "-c", "import siyu; print(siyu.__file__)")
    assert found.startswith(str(siyu.parents[1])), found
    _run(tmp_path, siyu, "init", "demo")
    _run(tmp_path / "demo", siyu, "simulate", "--people", "100", "--days", "60", "--out", "exports")
    assert "Published 已发布" in _run(tmp_path / "demo", siyu, "run")
    release = current(tmp_path / "demo" / "warehouse")
    assert release is not None and release.manifest["tables"]["identity.person"]["rows"] > 0
    assert (tmp_path / "demo" / "warehouse" / "status" / "index.html").is_file()
