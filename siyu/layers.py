"""Layers: the directories whose models, suites and seeds make up a project."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from siyu.errors import ConfigError


def base_layer() -> Path:
    """Return the folder of siyu's own models, suites and seeds: the repository, or the copy in an installed wheel."""
    package = Path(__file__).resolve().parent
    beside, inside = package.parent, package / "base"
    return beside if (beside / "models").is_dir() and (beside / "seeds").is_dir() else inside


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The C parser, if PyYAML has it: every command reads contracts and suites."""


def _date(loader: Any, node: Any) -> Any:
    """Return a date; 0000-00-00, which databases write for no date, is a text."""
    text = loader.construct_scalar(node)
    return text if text.startswith("0000-") else loader.construct_yaml_timestamp(node)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _date)


def read_yaml(text: str) -> Any:
    """Parse YAML. Raises yaml.YAMLError, also for an impossible date such as 2026-06-31."""
    try:
        return yaml.load(text, Loader=_Loader)
    except ValueError as error:
        raise yaml.YAMLError(str(error)) from error


LAYER_FOLDERS = {"": ("models", "macros", "expectations", "seeds"), "seeds": ("channels", "reference", "sample")}


def misspelt_folders(layer: Path) -> Iterator[ConfigError]:
    """Yield an error for each folder of a layer that siyu ignores but whose name is close to one that it reads."""
    for parent, known in LAYER_FOLDERS.items():
        for path in sorted((layer / parent).glob("*/")):
            close = difflib.get_close_matches(path.name, known, n=1, cutoff=0.8)
            if close and path.name not in known and not (layer / parent / close[0]).exists():
                yield ConfigError(f"siyu does not read the folder {path.name}", str(path), f"did you mean {close[0]}?")


@dataclass(frozen=True)
class LayerFile:
    """A file of a layer: `name` is its path inside the layer, `path` its path on disk."""

    name: str
    path: Path

    def read(self) -> str:
        """Return the text. Raises ConfigError if it is not UTF-8."""
        try:
            return self.path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ConfigError(f"the file is not UTF-8: {error}", str(self.path), "save it as UTF-8.") from error


def layer_files(roots: tuple[Path, ...], folder: str, pattern: str) -> list[LayerFile]:
    """Return the files of all layers under a folder, by name. A later layer's file replaces one of the same name."""
    found: dict[str, Path] = {}
    for root in roots:
        found.update(_files_of(root, folder, pattern))
    return [LayerFile(name, path) for name, path in sorted(found.items())]


def _files_of(root: Path, folder: str, pattern: str) -> Iterator[tuple[str, Path]]:
    for path in (root / folder).glob(pattern):
        if path.is_file():
            yield path.relative_to(root).as_posix(), path
