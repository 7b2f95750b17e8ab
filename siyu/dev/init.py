"""`siyu init`: create a folder to work in, with settings, an empty layer and an exports folder."""

from __future__ import annotations

from pathlib import Path

from siyu.errors import ConfigError

FILES = {
    "siyu.toml": """\
# Settings of siyu. Environment variables override them: SIYU_WAREHOUSE, SIYU_LAYERS …
# Without layers and exports, siyu reads the sample that is included: try `siyu run` first.

warehouse = "warehouse"

# Your own channels, rules and models, and what the channels deliver:
# layers = ["layer"]
# exports = "exports"
# timezone = "Asia/Shanghai"

# Set the salt of all IDs in the environment and keep it for ever: SIYU_SALT, a random text of at least 16 characters.
# The sample and real exports cannot share a warehouse: when you set the two above, use another one, or delete it.
""",
    ".gitignore": "warehouse/\nexports/\n",
    "layer/seeds/vars.yml": "# Numbers that differ from those of siyu, such as `dormant_days: 60`.\n",
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
    there = [name for name in FILES if (folder / name).exists()]
    if there:
        raise ConfigError(f"{folder} already has {', '.join(there)}", str(folder), "name a new folder.")
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [*FILES, *(f"{name}/" for name in FOLDERS)]
