"""Decisions that the current release knows: about some identifiers and records, and whether one excludes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from siyu.ask.lookup import Identifier, Lookup
from siyu.seeds.decisions import RECORD


def decisions_about(lookup: Lookup, about: Sequence[Identifier]) -> list[dict[str, Any]]:
    """Return the decisions about any of these identifiers or records that the release knows, latest first."""
    rules = lookup.table("identity_rule")
    known = {column.name for column in lookup.session.columns(f"select * from {rules}")}
    # Earlier releases do not have the records.
    records = [name if name in known else f"null as {name}" for name in ("left_record", "right_record")]
    return lookup.session.named_rows(
        "with rules as (select decision, left_type, left_value, right_type, right_value, decided_at, decided_by,"
        f" reason, origin, effect, effect_zh, rule_no, {', '.join(records)} from {rules}),"
        " named as (select unnest(?::varchar[]) as text)"
        " select * exclude (rule_no) from rules where left_type || ':' || left_value in (select text from named)"
        " or right_type || ':' || right_value in (select text from named)"
        f" or '{RECORD}:' || left_record in (select text from named)"
        f" or '{RECORD}:' || right_record in (select text from named)"
        " order by decided_at desc, rule_no desc",
        [[f"{one.id_type}:{one.id_value}" for one in about]],
    )


def excluded_identifiers(lookup: Lookup) -> set[tuple[str, str]]:
    """Return the identifiers that a human decision blocks."""
    return {
        (id_type, id_value)
        for id_type, id_value in lookup.session.rows(
            f"select id_type, id_value from {lookup.table('identity_audit')} where reason = 'blocked_rule'"
        )
    }
