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


# What the wheel has under siyu/base, and what of the repository that is.
BASE = ("models", "macros", "expectations", "seeds", "pages")


def _run(folder: Path, *command: object, **settings: str) -> str:
    """Run a command with these settings and no others; what the run of tests has compiled is known."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name == "SIYU_CACHE" or not name.startswith(("SIYU_", "PYTHON"))
    }
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=clean | settings, capture_output=True, text=True, check=False
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
    _run(root, *pip, "--python", environment, "install", "--no-deps", "--no-compile", wheel)
    [packages] = environment.glob("lib/python*/site-packages")
    # A folder named in a .pth is searched, its own .pth files are not: the checkout stays out of sight.
    (packages / "rest.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return environment / "bin" / "siyu"


def _files(*roots: tuple[Path, str]) -> dict[str, bytes]:
    """The content of all files below folders, by the path below `prefix`."""
    return {
        f"{prefix}{path.relative_to(root).as_posix()}": path.read_bytes()
        for root, prefix in roots
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_has_every_file(siyu: Path) -> None:
    """Code, templates, and all of the base layer, so that whatever a checkout can do, the wheel can."""
    [package] = siyu.parents[1].glob("lib/python*/site-packages/siyu")
    wanted = _files((ROOT / "siyu", ""), *((ROOT / name, f"base/{name}/") for name in BASE))
    wanted["base/docs/on-call.md"] = (ROOT / "docs" / "on-call.md").read_bytes()
    found = _files((package, ""))
    assert len(wanted) > 1000
    assert found.keys() == wanted.keys()
    assert [name for name in wanted if found[name] != wanted[name]] == []


def test_the_wheel_reaches_a_release_in_an_empty_folder(siyu: Path, tmp_path: Path) -> None:
    """A night of one channel and one family: the files of the others are there, and a checkout builds them."""
    found = _run(tmp_path, siyu.with_name("python"), "-c", "import siyu; print(siyu.__file__)")
    assert found.startswith(str(siyu.parents[1])), found
    _run(tmp_path, siyu, "init", "demo")
    demo = tmp_path / "demo"
    _run(demo, siyu, "simulate", "--people", "30", "--days", "60", "--out", "exports")
    assert "Published 已发布" in _run(demo, siyu, "run", SIYU_FAMILIES="identity", SIYU_CHANNELS="crm")
    release = current(demo / "warehouse")
    assert release is not None and release.manifest["tables"]["identity.person"]["rows"] > 0
    assert (demo / "warehouse" / "status" / "index.html").is_file()
    assert (demo / "warehouse" / "current" / "site" / "index.html").is_file()
    assert '<h2 id="a-check-failed">' in (demo / "warehouse" / "status" / "on-call.html").read_text(encoding="utf-8")
