"""Raw values of the tables that the restricted file does not repeat, found through their hashes."""

from __future__ import annotations

from collections.abc import Collection

from siyu.engines.sql import quote_name, quoted
from siyu.release.columns import HASH, RECORD_ID

RECORD_HASH = f"{RECORD_ID}{HASH}"


def with_record_ids(table: str, columns: Collection[str], records: str) -> str:
    """Return a published table as a relation whose rows have their record_id.

    `columns` are those of the table, and `records` is identity.record_person of the restricted file. A record that it
    does not have shows its hash. Rows about a person rest on records of that person, so the engine need not search
    those of all others.
    """
    if RECORD_ID in columns or RECORD_HASH not in columns:
        return table
    keys = ("channel", RECORD_HASH, *({"person_key"} & set(columns)))
    same = " and ".join(f"r.{key} = t.{key}" for key in keys)
    return (
        f"(select t.*, coalesce(r.{RECORD_ID}, t.{RECORD_HASH}) as {RECORD_ID} from {table} as t"
        f" left join {records} as r on {same})"
    )


def identifiers_of_record(
    table: str, columns: Collection[str], id_types: Collection[tuple[str, str]], records: str, identifiers: str
) -> str:
    """Return the query of the identifiers on one record of a published table; its parameters are channel and record_id.

    `id_types` are pairs of type and column. `identifiers` is identity.identifier of the restricted file.
    """
    listed = ", ".join(
        quote_name(column)
        if column in columns
        else f"(select i.id_value from {identifiers} as i where i.id_type = {quoted(id_type)}"
        f" and i.id_value{HASH} = t.{quote_name(column + HASH)}) as {quote_name(column)}"
        for id_type, column in id_types
    )
    if RECORD_ID in columns:
        return f"select {listed} from {table} as t where t.channel = ? and t.{RECORD_ID} = ?"
    return (
        f"select {listed} from {table} as t join (select channel, {RECORD_HASH} from {records} where channel = ?"
        f" and {RECORD_ID} = ?) as r on r.channel = t.channel and r.{RECORD_HASH} = t.{RECORD_HASH}"
    )
