"""The tags of one person or company, with names and evidence, as other answers show them."""

from __future__ import annotations

from siyu.ask.absent_families import lacks_family
from siyu.ask.evidence import Row
from siyu.ask.lookup import Lookup

LEVELS = {"person": ("person_tag", "one_id"), "company": ("account_tag", "account_id")}
TAG_NAMES = (
    "c.class_no, c.class, t.tag_code, c.name_zh, c.name_en, t.tag_value,"
    " coalesce(m.name_zh, t.tag_value) as value_zh, coalesce(m.name_en, t.tag_value) as value_en"
)
TAG_ORDER = "order by c.class_no, t.tag_code, m.value_order nulls last, t.tag_value"


def tag_rows(lookup: Lookup, entity: str, own_id: str) -> list[Row] | None:
    """Return the tags of a person or company by class, with names, evidence and the rule in words.

    None if the settings left out tags. Empty if an earlier siyu, which had no such table, built the release.
    """
    if lacks_family(lookup.release, "tags"):
        return None
    table, id_column = LEVELS[entity]
    if not lookup.has(table, "tags") or not lookup.has("tag_member", "tags"):
        return []
    return lookup.session.named_rows(
        f"select {TAG_NAMES}, t.score, t.evidence_at, t.evidence_channel, t.source_count, c.rule"
        f" from {lookup.table(table, 'tags')} as t {with_names(lookup)} where t.{id_column} = ? {TAG_ORDER}",
        [own_id],
    )


def with_names(lookup: Lookup) -> str:
    """Return the joins that give a table `t` of tags the columns TAG_NAMES."""
    return (
        f"left join {lookup.table('tag_catalog', 'tags')} as c on t.tag_code = c.tag_code"
        f" left join {lookup.table('tag_member', 'tags')} as m on t.tag_code = m.tag_code and t.tag_value = m.tag_value"
    )
