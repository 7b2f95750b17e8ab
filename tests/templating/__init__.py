"""What sqlfluff needs to render models: stand-ins for siyu's template functions, with the real lists behind them."""

import csv
import gc
from pathlib import Path

import yaml

# A model is hundreds of thousands of small objects, and each process of sqlfluff imports this module: Python need not
# go through them in search of garbage as often as it does by default.
gc.set_threshold(200_000, 10, 10)
ROOT = Path(__file__).resolve().parents[2]
# sqlfluff imports this module again for each model: the loader in C takes a tenth of the time.
_VARS = yaml.load((ROOT / "seeds" / "vars.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
with (ROOT / "seeds" / "reference" / "identifier_types.csv").open(encoding="utf-8", newline="") as _file:
    _TYPES = list(csv.DictReader(_file))


def ref(table: str) -> str:
    return f'"{table}"' if table[0].isdigit() else table


def source(channel: str, name: str) -> str:
    return f"{channel}_{name}"


def var(name: str) -> object:
    return _VARS[name]["value"]


def config(**values: object) -> str:
    return ""


def previous(name: str) -> str:
    return f"previous_{name.replace('.', '_')}"


def union_shape(shape: str, **options: object) -> str:
    return f"select channel, record_id from {shape}"


def union_models(folder: str, columns: dict[str, str], model_column: str = "") -> str:
    named = [f"'a model' as {model_column}"] if model_column else []
    return f"select {', '.join([*columns, *named])} from {folder.replace('/', '_')}"


def reference(table: str, order: str = "") -> list[dict[str, str]]:
    with (ROOT / "seeds" / "reference" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return sorted(rows, key=lambda row: int(row[order])) if order else rows


def threshold(name: str) -> int:
    return next(int(row["value"]) for row in reference("thresholds") if row["threshold"] == name)


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def id_types(entity: str) -> list[str]:
    return [row["id_type"] for row in _TYPES if row["entity"] == entity and not row["parts"]]


def id_column(id_type: str) -> str:
    return id_type


def id_value(id_type: str) -> str:
    return id_type


def id_parts(id_type: str) -> list[str]:
    return []


def id_regex(id_type: str) -> str:
    return next(row["valid_regex"] for row in _TYPES if row["id_type"] == id_type)


def shape_identifiers() -> list[str]:
    return [row["id_type"] for row in _TYPES if not row["parts"]]


def placeholder(scope: str) -> str:
    return f"'^{scope}$'"


def checked(field: str, reason: str, caller: object) -> str:
    return str(caller())  # type: ignore[operator]
