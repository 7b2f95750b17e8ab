"""`siyu tags`: the catalog of tags, and the tags of one person or company, from the current release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from siyu.ask.absent_families import require_family
from siyu.ask.evidence import Row
from siyu.ask.explain import find
from siyu.ask.lookup import ENTITIES, Lookup, current_release, is_id
from siyu.ask.portrait import TAG_NAMES, TAG_ORDER, tag_rows, with_names
from siyu.errors import WrongQuestion
from siyu.settings import Settings

HISTORY_LEVELS = {"person": "person", "company": "account"}
LISTED = (
    "class_no, class, tag_code, name_zh, name_en, level, kind, mode, is_multi, applies_to, value_list, decision, rule,"
    " source_models, rule_version, tagged_count, scope_count, coverage_rate, freshness_days, distinct_values, drift,"
    " drift_30d, used_by, status, missing"
)


def tag_catalog(settings: Settings, status: str | None = None) -> Row:
    """Return the tags of the current release, by class, of one status or all. Ready for JSON."""
    with current_release(settings) as lookup:
        rows = lookup.session.named_rows(
            f"select {LISTED} from {lookup.table('tag_catalog', 'tags')}"
            " where cast(? as varchar) is null or status = ? order by class_no, tag_code",
            [status, status],
        )
        return {"release": lookup.release.name, "as_of": lookup.release.as_of.isoformat(), "tags": rows}


def tags_of(settings: Settings, text: str, on: date | None = None) -> Row:
    """Return the tags of the person or company that an ID, former ID, identifier or record belongs to.

    Without `on`, each tag has its evidence. With it, the tags are those that were published for that business date,
    with the reason, of whoever the text belonged to on that date. Raises WrongQuestion for what the release does not
    know.
    """
    text = text.strip()
    with current_release(settings) as lookup:
        require_family(lookup.release, "tags")
        told: Row = {
            "release": lookup.release.name, "as_of": lookup.release.as_of.isoformat(), "timezone": settings.timezone,
            "asked": text, "on": on,
        }  # fmt: skip
        if on is None:
            found = _owner(lookup, text)
            return {**told, **_who(found.entity, found.one_id), "tags": tag_rows(lookup, found.entity, found.one_id)}
        return {**told, **_past(lookup, text, on)}


@dataclass(frozen=True)
class _Owner:
    """Whom a text belongs to, and the identifier that says so."""

    entity: str
    one_id: str
    id_type: str
    id_value: str


def _owner(lookup: Lookup, text: str) -> _Owner:
    found = find(lookup, text)
    if found.one_id is None:
        raise WrongQuestion(
            f"{text} belongs to nobody ({found.status})",
            f"the release {lookup.release.name}",
            f"siyu explain {text} shows why.",
        )
    return _Owner(found.entity, found.one_id, found.id_type, found.id_value)


def _who(entity: str, own_id: str) -> Row:
    return {"entity": entity, "id": own_id}


def _past(lookup: Lookup, text: str, on: date) -> Row:
    """Return who a text belonged to on a business date, who that is today, and the tags of that date."""
    if on > lookup.release.as_of:
        raise WrongQuestion(
            f"{on} lies after the last business date, {lookup.release.as_of}",
            f"the release {lookup.release.name}",
            "name an earlier date, or leave --on out.",
        )
    former = _known_on(lookup, text, on)
    now: str | None = None
    if former is None:
        found = _owner(lookup, text)
        former, now = (found.entity, _id_on(lookup, found, on)), found.one_id
    entity, own_id = former
    begins = lookup.session.value(f"select min(valid_from) from {lookup.table('tag_history', 'tags')}")
    tags = _tags_on(lookup, entity, own_id, on)
    return {**_who(entity, own_id), "now": now, "history_begins": begins, "tags": tags}


def _known_on(lookup: Lookup, text: str, on: date) -> tuple[str, str] | None:
    """Return the entity of an ID that had tags on a date. It may be a former ID, or withdrawn, by now."""
    if not is_id(text):
        return None
    entity = next(entity.name for entity in ENTITIES.values() if text.startswith(entity.letter))
    return (entity, text) if _tags_on(lookup, entity, text, on) else None


def _id_on(lookup: Lookup, found: _Owner, on: date) -> str:
    """Return the ID to which an identifier belonged on a date; today's if the history of IDs does not reach back."""
    entity = ENTITIES[found.entity]
    own_id: str | None = lookup.session.value(
        f"select max({entity.id}) from {lookup.table(entity.history)}"
        " where id_type = ? and id_value = ? and valid_from <= ? and (valid_to is null or valid_to > ?)",
        [found.id_type, found.id_value, on, on],
    )
    return own_id or found.one_id


def _tags_on(lookup: Lookup, entity: str, own_id: str, on: date) -> list[Row]:
    return lookup.session.named_rows(
        f"select {TAG_NAMES}, t.valid_from, t.valid_to, t.reason, t.end_reason"
        f" from {lookup.table('tag_history', 'tags')} as t {with_names(lookup)}"
        " where t.level = ? and t.entity_id = ? and t.valid_from <= ? and (t.valid_to is null or t.valid_to > ?)"
        f" {TAG_ORDER}",
        [HISTORY_LEVELS[entity], own_id, on, on],
    )
