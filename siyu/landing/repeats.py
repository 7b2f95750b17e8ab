"""Rows that share a key: how many rows of a file another row of it replaces, and whether such rows differ.

The rows stay in the landed file: models read them as superseded versions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from siyu.engines.base import Session
from siyu.engines.sql import quote_name
from siyu.seeds.channels import Export
from siyu.seeds.row_key import has_row_key

SHOWN_KEY = 200
MOST_SORTED = 20_000_000  # rows, 8 bytes for each; the engine counts more, as it can spill to disk


@dataclass(frozen=True)
class Repeats:
    """The number of `replaced` rows, whose key another row of the file has, too, and of `differing` keys. The rows of
    such a key are not equal, and no version says which is later. `example` is one of these keys, masked."""

    replaced: int = 0
    differing: int = 0
    example: str | None = None


NO_REPEATS = Repeats()


def distinct_keys(export: Export) -> str:
    """Return the SQL of an aggregate. It is less than the number of rows if, and only if, rows share a key."""
    # Hashes take less memory than texts. If two keys have one hash, the rows are only compared without need.
    return f"count(distinct hash({_keys(export)}))"


def repeats_of(session: Session, export: Export, relation: str, rows: int) -> Repeats:
    """Look for rows that share a key, in one pass over the key columns; only if there are some, look at the others.

    A dry run of a file that lacks the columns of its key has no key."""
    if not export.key or has_row_key(export.key) or rows < 2 or not _has_repeats(session, export, relation, rows):
        return NO_REPEATS
    return repeats_in(session, export, relation)


def _has_repeats(session: Session, export: Export, relation: str, rows: int) -> bool:
    if rows > MOST_SORTED:
        return bool(session.value(f"select {distinct_keys(export)} from {relation}") < rows)
    # Sorting the hashes takes half the time of the engine's count(distinct).
    hashes = np.sort(session.arrays(f"select hash({_keys(export)}) as h from {relation}")["h"])
    return bool((hashes[1:] == hashes[:-1]).any())


def repeats_in(session: Session, export: Export, relation: str) -> Repeats:
    """Count the rows that share a key, and compare them."""
    keys = _keys(export)
    columns = f"{keys}, {quote_name(export.version)}" if export.version else keys
    repeated = f"select {keys} from {relation} group by {keys} having count(*) > 1"
    rows = f"select {columns}, {_content(export)} as _content from {relation} semi join ({repeated}) using ({keys})"
    # No column of a contract begins with `_`.
    differs = "min(_content) <> max(_content) as _differs"
    by_version = f"select {keys}, count(*) as _rows, {differs} from ({rows}) group by {columns}"
    by_key = f"select {keys}, sum(_rows) as _rows, bool_or(_differs) as _differs from ({by_version}) group by {keys}"
    shown = _example(export, "filter (where _differs)")
    (found,) = session.rows(
        f"select coalesce(sum(_rows) - count(*), 0)::bigint, count_if(_differs), {shown} from ({by_key})"
    )
    return Repeats(*found)


def version_ties(session: Session, export: Export, relation: str, superseded: str, landed_seq: int) -> Repeats:
    """Find keys of a landing whose current row has the same version as a different row of another file."""
    keys = [quote_name(key) for key in export.key]
    same = " and ".join(f"c.{key} = s.{key}" for key in keys)
    columns = f"{', '.join(keys)}, {quote_name(str(export.version))} as _version, _landed_seq, _file"
    parts = " union all ".join(
        f"select {', '.join(f'c.{key}' for key in keys)}"
        f" from (select {columns}, {_content(export)} as _content from {relation}) as c"
        f" join (select {columns}, {_content(export)} as _content from {superseded}) as s"
        f" on {same} and c._version is not distinct from s._version and c._content <> s._content"
        f" and (c._landed_seq <> s._landed_seq or c._file <> s._file) where {new}._landed_seq = {landed_seq}"
        for new in ("c", "s")
    )
    differing, shown = session.rows(
        f"select count(*), {_example(export)} from (select distinct {_keys(export)} from ({parts}))"
    )[0]
    return Repeats(0, differing, shown)


def _content(export: Export) -> str:
    """Return the SQL of a hash of everything in a row apart from its key and version."""
    others = [name for name in export.columns if name not in export.key and name != export.version]
    return f"hash({', '.join([*map(quote_name, others), '_extra'])})"


def _example(export: Export, condition: str = "") -> str:
    """Return the SQL aggregate of the least key, masked. `condition` is a FILTER clause."""
    values = ", ".join(f"'k{i}': cast({quote_name(name)} as varchar)" for i, name in enumerate(export.key))
    least = f"min({{{values}}}) {condition}"
    masks = ["fn_mask" if export.columns[name].pii else "fn_mask_text" for name in export.key]
    shown = ", ".join(f"{mask}(({least}).k{i})" for i, mask in enumerate(masks))
    return f"nullif(left(concat_ws('|', {shown}), {SHOWN_KEY}), '')"


def _keys(export: Export) -> str:
    return ", ".join(map(quote_name, export.key))
