"""`siyu explain`: why records belong to one person (or company), what was kept apart, and what they were before."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.ask.candidates import open_count
from siyu.ask.evidence import Row, chain, cuts, edges, evidence
from siyu.ask.known_decisions import decisions_about
from siyu.ask.lookup import ENTITIES, Entity, Identifier, Lookup, current_release, is_id
from siyu.ask.portrait import tag_rows
from siyu.errors import WrongQuestion
from siyu.seeds.decisions import RECORD
from siyu.settings import Settings

SHAPES = ("contact", "touch", "link", "deal", "ticket", "company")


def explain(settings: Settings, named: Sequence[str], shown_records: int | None) -> Row:
    """Return what the current release knows about one ID, identifier or record, or why two belong together or not.

    `shown_records` limits the list of records; None lists all. The result is ready for JSON. Raises ConfigError for
    what the release does not know.
    """
    with current_release(settings) as lookup:
        asked = [find(lookup, text) for text in named]
        told: Row = {
            "release": lookup.release.name,
            "as_of": lookup.release.as_of.isoformat(),
            "timezone": settings.timezone,
            "asked": [_asked(text, found) for text, found in zip(named, asked, strict=True)],
        }
        if len(asked) == 1:
            return {**told, **_about(lookup, asked[0], shown_records)}
        return {**told, **_between(lookup, asked[0], asked[1])}


def _asked(text: str, found: Identifier) -> Row:
    return {
        "text": text, "entity": _entity(found).name, "id_type": found.id_type, "id_value": found.id_value,
        "status": found.status, "id": found.one_id,
    }  # fmt: skip


def _entity(found: Identifier) -> Entity:
    return next(e for e in ENTITIES.values() if e.name == found.entity)


def find(lookup: Lookup, text: str) -> Identifier:
    """Find an identifier by ID, identifier or record. A former ID leads to its successor.

    Raises WrongQuestion if there is no match.
    """
    text = text.strip().replace("：", ":", 1)
    kind, _, rest = text.partition(":")
    if kind == RECORD:
        return _record(lookup, rest)
    if is_id(text):
        heir, _ = lookup.heir(text) or (None, None)
        return lookup.anchor(heir or text)
    return lookup.find(text)


def _record(lookup: Lookup, text: str) -> Identifier:
    """Return the identifier that decides whom a record belongs to, or the record itself if it belongs to nobody."""
    channel, _, record_id = text.partition(":")
    owners = lookup.session.named_rows(
        f"select person_key, one_id, account_key, account_id from {lookup.table('record_person')}"
        " where channel = ? and record_id = ?",
        [channel, record_id],
    )
    if not owners:
        raise WrongQuestion(
            f"there is no record {text}",
            f"the release {lookup.release.name}",
            "write record:<channel>:<record_id>, as in identity.record_person.",
        )
    owner = owners[0]
    is_company = owner["one_id"] is None and not _carried(lookup, channel, record_id, "person") and owner["account_id"]
    name = "company" if is_company else "person"
    entity = ENTITIES[name]
    for id_type, id_value in _carried(lookup, channel, record_id, name):
        found = lookup.known(id_type, id_value)
        if found is not None and found.one_id is not None and found.one_id == owner[entity.id]:
            return found
    node = lookup.known(RECORD, text) if owner["one_id"] else None
    if node is not None and node.one_id == owner["one_id"]:
        return node
    if owner[entity.id]:
        return lookup.anchor(owner[entity.id])
    return Identifier(name, RECORD, text, "a record", None, None, None)


def _carried(lookup: Lookup, channel: str, record_id: str, entity: str) -> list[tuple[str, str]]:
    """Return the identifiers on a record, strongest first. Empty if records are not published."""
    types = [t for t in lookup.types.simple if t.entity == entity and t.strength is not None]
    types = sorted(types, key=lambda t: (t.strength or 0, t.id_type))
    listed = [(t.id_type, t.column) for t in types]
    found: dict[tuple[str, str], None] = {}
    for shape in SHAPES:
        if lookup.has(shape, "records"):
            for row in lookup.identifiers_of_record(shape, listed, channel, record_id):
                found.update({(t.id_type, row[t.column]): None for t in types if row[t.column]})
    return list(found)


def _about(lookup: Lookup, found: Identifier, shown_records: int | None) -> Row:
    if found.one_id is None:
        return _about_nobody(lookup, found)
    entity = _entity(found)
    members = _members(lookup, entity, found)
    between = edges(lookup, entity, [member["node"] for member in members])
    return {
        "golden_record": _golden(lookup, entity, found),
        "identifiers": [{k: v for k, v in member.items() if k != "node"} for member in members],
        "evidence": evidence(between),
        "cuts": cuts(lookup, between),
        "audit": _audit(lookup, [found]),
        "rules": decisions_about(lookup, [found, *(lookup.as_identifier(entity, member) for member in members)]),
        "records": _records(lookup, entity, found, shown_records),
        "history": _history(lookup, entity, found),
        "aliases": _aliases(lookup, entity, found),
        "tags": tag_rows(lookup, entity.name, found.one_id),
        "open_candidates": open_count(lookup, found.one_id),
        **_belongings(lookup, entity, found),
    }


def _about_nobody(lookup: Lookup, found: Identifier) -> Row:
    """Explain why an identifier, or each identifier of a record, belongs to nobody; add the record's company."""
    if found.id_type != RECORD:
        return {"audit": _audit(lookup, [found]), "rules": decisions_about(lookup, [found])}
    channel, _, record_id = found.id_value.partition(":")
    carried = [lookup.known(*one) for one in _carried(lookup, channel, record_id, "person")]
    known = [one for one in carried if one is not None]
    accounts = lookup.session.named_rows(
        f"select r.account_id, a.company_name from {lookup.table('record_person')} as r"
        f" join {lookup.table('account')} as a using (account_key) where r.channel = ? and r.record_id = ?",
        [channel, record_id],
    )
    return {
        "carried": [{"identifier": one.text, "status": one.status, "id": one.one_id} for one in known],
        "audit": _audit(lookup, known),
        "rules": decisions_about(lookup, [found, *known]),
        "accounts_named": accounts,
    }


def _members(lookup: Lookup, entity: Entity, found: Identifier) -> list[Row]:
    short = "m.is_short_name" if entity.name == "company" else "false"
    return lookup.session.named_rows(
        f"select m.id_type, m.id_value, m.node, m.strength, m.is_anchor, m.is_contested,"
        f" {short} as is_short_name, i.first_landed_seq,"
        f" i.first_seen_at, i.last_seen_at, i.record_count, i.channels from {lookup.table(entity.map)} as m"
        f" join {lookup.table('identifier')} as i on i.entity = '{entity.name}' and m.id_type = i.id_type"
        f" and m.id_value = i.id_value where m.{entity.key} = ? order by m.strength, m.id_type, m.id_value",
        [found.key],
    )


def _between(lookup: Lookup, one: Identifier, other: Identifier) -> Row:
    """Explain why two identifiers belong together (the strongest chain), or what keeps them apart."""
    if one.entity != other.entity:
        raise WrongQuestion(
            f"{one.text} identifies a {one.entity}, {other.text} a {other.entity}",
            "siyu explain",
            "name two people or two companies.",
        )
    rules = decisions_about(lookup, [one, other])
    if one.node is None or other.node is None or one.key is None or other.key is None:
        nobodys = [found for found in (one, other) if found.key is None]
        return {"is_same": False, "cuts": [], "audit": _audit(lookup, nobodys), "rules": rules}
    entity = _entity(one)
    found = edges(lookup, entity, [member["node"] for member in _members(lookup, entity, one)])
    if one.key == other.key:
        return {
            "is_same": True,
            "chain": chain(found, one.node, other.node),
            "short_names": _short_names(lookup, [one, other]),
            "rules": rules,
        }
    apart = [edge for edge in found if other.one_id in (edge.left_of, edge.right_of)]
    return {"is_same": False, "cuts": cuts(lookup, apart), "audit": [], "rules": rules}


def _short_names(lookup: Lookup, identifiers: Sequence[Identifier]) -> list[str]:
    """Return the short names that belong to a company because no other company matches. They have no edge."""
    return [
        one.text
        for one in identifiers
        if one.entity == "company"
        and lookup.session.named_rows(
            f"select 1 as found from {lookup.table('account_id')} where node = ? and is_short_name", [one.node]
        )
    ]


def _audit(lookup: Lookup, identifiers: Sequence[Identifier]) -> list[Row]:
    what_to_do = {row["reason"]: row["what_to_do"] for row in lookup.reference("audit_reasons")}
    return [
        {**row, "what_to_do": what_to_do[row["reason"]]}
        for one in identifiers
        for row in lookup.session.named_rows(
            "select id_type, id_value, reason, reason_zh, other_id_type, counted, allowed, detail, sample"
            f" from {lookup.table('identity_audit')} where subject = 'identifier' and id_type = ? and id_value = ?"
            " order by reason, other_id_type",
            [one.id_type, one.id_value],
        )
    ]


def _records(lookup: Lookup, entity: Entity, found: Identifier, shown: int | None) -> Row:
    table, where = lookup.table("record_person"), f"where {entity.key} = ?"
    channels = lookup.session.named_rows(
        f"select channel, count(*) as record_count from {table} {where} group by channel order by channel", [found.key]
    )
    sample = lookup.session.named_rows(
        f"select channel, record_id from {table} {where} order by channel, record_id"
        + (f" limit {shown}" if shown is not None else ""),
        [found.key],
    )
    return {
        "count": sum(row["record_count"] for row in channels),
        "channels": {row["channel"]: row["record_count"] for row in channels},
        "shown": sample,
    }


def _golden(lookup: Lookup, entity: Entity, found: Identifier) -> Row:
    rows = lookup.session.named_rows(f"select * from {lookup.table(entity.golden)} where {entity.key} = ?", [found.key])
    return rows[0] if rows else {}


def _history(lookup: Lookup, entity: Entity, found: Identifier) -> list[Row]:
    """Return each move of an identifier to or from this ID, latest first. NULL means that it belonged to nobody."""
    return lookup.session.named_rows(
        "with steps as (select id_type, id_value, valid_to as moved_on,"
        f" {entity.id} as left_id, case when following = valid_to then joined_id end as joined_id from ("
        f"select *, lead({entity.id}) over w as joined_id, lead(valid_from) over w as following"
        f" from {lookup.table(entity.history)}"
        " window w as (partition by id_type, id_value order by valid_from)) as h where valid_to is not null)"
        " select moved_on, id_type, id_value, left_id, joined_id from steps where left_id = ? or joined_id = ?"
        " order by moved_on desc, id_type, id_value",
        [found.one_id, found.one_id],
    )


def _aliases(lookup: Lookup, entity: Entity, found: Identifier) -> list[Row]:
    return lookup.session.named_rows(
        f"select former_{entity.id} as former, {entity.id} as became, reason, since_date, identifier_count, is_primary"
        f" from {lookup.table(entity.alias)} where former_{entity.id} = ? or {entity.id} = ?"
        " order by since_date, former, became",
        [found.one_id, found.one_id],
    )


def _belongings(lookup: Lookup, entity: Entity, found: Identifier) -> Row:
    """Return the companies of a person, or the names and people of a company."""
    if entity.name == "person":
        accounts = lookup.session.named_rows(
            "select p.account_id, coalesce(a.company_name, a.email_domain) as company_name, p.is_current,"
            " p.valid_from_at, p.valid_to_at, p.record_count"
            f" from {lookup.table('person_account')} as p join {lookup.table('account')} as a using (account_key)"
            " where p.person_key = ? order by p.is_current desc, p.valid_from_at desc nulls last, p.account_id",
            [found.key],
        )
        return {"accounts": accounts}
    names = lookup.session.named_rows(
        f"select company_name, resolution, record_count from {lookup.table('company_name')} where account_id = ?"
        " order by record_count desc, company_name",
        [found.one_id],
    )
    people = lookup.session.named_rows(
        f"select a.one_id, p.full_name, p.title, a.is_current, a.valid_from_at, a.valid_to_at"
        f" from {lookup.table('person_account')} as a join {lookup.table('person')} as p using (person_key)"
        " where a.account_key = ? order by a.is_current desc, a.valid_from_at desc nulls last, a.one_id",
        [found.key],
    )
    return {"names": names, "people": people}
