"""Layers: the directories whose models, suites and seeds make up a project."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from siyu.errors import ConfigError, raise_all


def base_layer() -> Path:
    """Return the folder of siyu's own models, suites and seeds: the repository, or the copy in an installed wheel."""
    package = Path(__file__).resolve().parent
    beside, inside = package.parent, package / "base"
    return beside if (beside / "models").is_dir() and (beside / "seeds").is_dir() else inside


BOOLEAN = "tag:yaml.org,2002:bool"
BOOLEANS = ("true", "false")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The C parser, if PyYAML has it: every command reads contracts and suites."""


def _date(loader: Any, node: Any) -> Any:
    """Return a date; 0000-00-00, which databases write for no date, is a text."""
    text = loader.construct_scalar(node)
    return text if text.startswith("0000-") else loader.construct_yaml_timestamp(node)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _date)


@dataclass(frozen=True)
class YamlFile:
    """What a YAML file contains, and the lines of the keys of its topmost mapping."""

    data: Any
    lines: dict[str, int]
    root: Any = field(default=None, repr=False, compare=False)

    def line(self, *path: str | int) -> int:
        """Return the line of a key or an item, given as the keys and positions that lead to it; of the last part of the
        way that exists."""
        node, found = self.root, 1
        for part in path:
            if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                found = _line(node)
            elif isinstance(node, yaml.MappingNode):
                pair = next(((key, value) for key, value in node.value if key.value == str(part)), None)
                if pair is None:
                    break
                found, node = _line(pair[0]), pair[1]
            else:
                break
        return found


def read_yaml(text: str, file: str) -> Any:
    """Return what a YAML text contains. `file` names it in errors. See `read_yaml_file`."""
    return read_yaml_file(text, file).data


def read_yaml_file(text: str, file: str) -> YamlFile:
    """Parse a YAML text. Every file that people write is read here.

    Raises ConfigError with every duplicate key, and with every yes, no, on and off: YAML reads these four as true and
    false, even where they are meant as names.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return YamlFile(None, {})
        raise_all([ConfigError(problem, f"{file}:{line}", fix) for line, problem, fix in sorted(_yaml_problems(node))])
        keys = node.value if isinstance(node, yaml.MappingNode) else []
        return YamlFile(loader.construct_document(node), {str(key.value): _line(key) for key, _ in keys}, node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        raise ConfigError(
            f"this is not valid YAML: {what}", f"{file}:{mark.line + 1}" if mark else file, "correct the syntax."
        ) from error
    except ValueError as error:  # an impossible date, such as 2026-06-31
        raise ConfigError(f"this is not valid YAML: {error}", file, "correct the date, or put it in quotes.") from error
    finally:
        loader.dispose()


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _yaml_problems(root: Any) -> Iterator[tuple[int, str, str]]:
    """Yield (line, problem, fix)."""
    seen, left = set(), [root]
    while left:
        node = left.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield from _repeated_keys(node)
            left += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            left += node.value
        elif node.tag == BOOLEAN and node.value.lower() not in BOOLEANS:
            read_as = "true" if node.value.lower() in ("yes", "on") else "false"
            yield (
                _line(node),
                f"YAML reads {node.value} as {read_as}",
                f"put it in quotes if it is a name or a text: '{node.value}'. Write {read_as} if you mean that.",
            )


def _repeated_keys(node: Any) -> Iterator[tuple[int, str, str]]:
    first: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        name, line = (key.tag, key.value), _line(key)
        if name in first:
            lines = f"line {line}" if line == first[name] else f"lines {first[name]} and {line}"
            fix = "YAML would use only the last one: remove or rename one."
            yield line, f"the key {key.value} appears twice, in {lines}", fix
        first.setdefault(name, line)


LAYER_FOLDERS = {
    "": ("models", "macros", "expectations", "seeds", "pages"),
    "seeds": ("channels", "reference", "sample"),
}


TEST_FOLDERS = {"": ("tests",), "tests": ("models",)}  # `siyu test` alone reads these


def misspelt_folders(layer: Path, folders: Mapping[str, tuple[str, ...]] = LAYER_FOLDERS) -> Iterator[ConfigError]:
    """Yield an error for each folder of a layer that siyu ignores but whose name is close to one that it reads."""
    for parent, known in folders.items():
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
