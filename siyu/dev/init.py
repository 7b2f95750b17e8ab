"""`siyu init`: a folder to work in, with settings, an empty layer and an exports folder."""

from __future__ import annotations

from pathlib import Path

from siyu.errors import ConfigError

FILES = {
    "siyu.toml": """\
# Settings of siyu. Each can come by environment, too: SIYU_WAREHOUSE, SIYU_LAYERS …
# Without layers and exports siyu reads the sample that comes along: try `siyu run` first.

warehouse = "warehouse"

# Your own channels, rules and models, and what the channels deliver:
# layers = ["layer"]
# exports = "exports"
# timezone = "Asia/Shanghai"

# The salt of all IDs comes by environment and is kept for ever: SIYU_SALT, a random text of at least 16 characters.
# The sample and real exports cannot share a warehouse: name another one, or delete it, when you set the two above.
""",
    ".gitignore": "warehouse/\nexports/\n",
    "layer/seeds/vars.yml": "# Numbers that differ from the base layer's, such as `dormant_days: 60`.\n",
}
FOLDERS = (
    "layer/models/staging",
    "layer/expectations/staging",
    "layer/seeds/channels",
    "layer/seeds/reference",
    "exports/reference",
)


def init(folder: Path) -> list[str]:
    """Lay the files out and return their names. Raises ConfigError, nothing written, where one is there already."""
    there = [name for name in FILES if (folder / name).exists()]
    if there:
        raise ConfigError(f"{folder} has {', '.join(there)} already", str(folder), "name a new folder.")
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [*FILES, *(f"{name}/" for name in FOLDERS)]
