"""parquet: every value is read as text, so that only the contract decides its type."""

from __future__ import annotations

from pathlib import Path

from siyu.engines.base import Session
from siyu.engines.paths import literal
from siyu.engines.sql import quote_name, quoted
from siyu.errors import FileRejected, SqlProblem
from siyu.landing.readers.column_names import matched_header, respelled
from siyu.landing.readers.reading import (
    WHOLE,
    Reading,
    Shared,
    checked_header,
    compare,
    real_name,
    table_query,
)
from siyu.masking import first_line
from siyu.seeds.channels import Export


def read_parquet(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """Read the columns of the file's own schema; a folder named night=2026-06-30 adds no column."""
    source = literal(path, scratch)
    try:
        found = session.columns(f"select * from {_relation(quoted(source))}")
        types = {column.name: column.type for column in found}
    except SqlProblem as error:
        raise FileRejected("the file is not a readable Parquet file", path.name, first_line(error)) from error
    cells = checked_header(list(types), path)
    header = matched_header(export, cells, path)
    new, missing = compare(export, header, path)
    formatted = {real_name(export, name) for name, column in export.columns.items() if column.format}
    texts = {
        name: f"nullif({_text(item, kind, name in formatted)}, '')"
        for name, (item, kind) in zip(header, types.items(), strict=True)
    }

    def query(_session: Session, files: str, beside: str) -> str:
        return table_query(_relation(files), export, texts, new, "null::varchar", beside)

    is_plain = not any(item.lower() == "_source" for item in types)
    shared = Shared(("parquet", *types.items()), is_plain=lambda: is_plain, is_whole=lambda _rows: True, unpacks=True)
    return Reading(source, query, new, missing, respelled(export, cells, header), shared=shared)


def _relation(files: str) -> str:
    return f"read_parquet({files}, hive_partitioning = false)"


def _text(item: str, kind: str, has_format: bool) -> str:
    """Return the SQL of a column as text. Whole numbers in a column of doubles or decimals lose their `.0`: pandas
    writes integers with missing values as doubles. Typed dates in a column with a format get a T, so that no format
    fits them."""
    text = f"cast({quote_name(item)} as varchar)"
    if has_format and kind.startswith(("DATE", "TIMESTAMP")):
        moment = f"cast({quote_name(item)} as timestamp)" if kind == "DATE" else quote_name(item)
        return f"replace(cast({moment} as varchar), ' ', 'T')"
    if kind not in ("DOUBLE", "FLOAT") and not kind.startswith("DECIMAL("):
        return text
    whole = f"{quote_name(item)} = floor({quote_name(item)}) and abs({quote_name(item)}) < {WHOLE}"
    return f"case when {whole} then cast(cast({quote_name(item)} as bigint) as varchar) else {text} end"
