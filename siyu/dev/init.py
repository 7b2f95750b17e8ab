"""`siyu init`: create a folder to work in, with settings, a salt, an empty layer and an exports folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from siyu.errors import ConfigError

SALT = "siyu.salt"
SALT_BYTES = 32
SALT_MODE = 0o600
FILES = {
    "siyu.toml": f"""\
# Settings of siyu, for runs in this folder. Environment variables override them: SIYU_WAREHOUSE, SIYU_LAYERS …
# docs/layers.md describes every setting.

# Simulated and real exports cannot share a warehouse: name another one for the real ones, or delete it.
warehouse = "warehouse"

# Your own channels, rules and models, and what the channels deliver (exports/<channel>/<files>):
layers = ["layer"]
exports = "exports"

# The key of all IDs and hashes. git ignores this file: keep a copy where you keep passwords, and never lose it,
# because another salt changes every ID. SIYU_SALT in the environment overrides it.
salt_file = "{SALT}"

# timezone = "Asia/Shanghai"
# channels = ["crm", "website"]
""",
    ".gitignore": f"""\
/warehouse/
/{SALT}
# Exports are personal data. exports/reference has what people decide: identity_rules.csv and lists of your own.
/exports/*
!/exports/reference/
""",
    "layer/seeds/vars.yml": "# Numbers that differ from those of siyu, such as `dormant_days: 60`.\n",
    "exports/reference/.gitkeep": "",
}
FOLDERS = (
    "layer/models/staging",
    "layer/expectations/staging",
    "layer/seeds/channels",
    "layer/seeds/reference",
    "exports/reference",
)


def init(folder: Path) -> list[str]:
    """Create the files and return their names. If one exists already, raises ConfigError and writes nothing."""
    there = [name for name in (*FILES, SALT) if (folder / name).exists()]
    if there:
        raise ConfigError(f"{folder} already has {', '.join(there)}", str(folder), "name a new folder.")
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    _write_salt(folder / SALT)
    return [*FILES, SALT, *(f"{name}/" for name in FOLDERS)]


def _write_salt(path: Path) -> None:
    """Write a random salt to a file that only its owner may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SALT_MODE), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(SALT_BYTES) + "\n")
