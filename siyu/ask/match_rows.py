"""What an outside matcher compares: a row for each person or company of the release, and how each field is compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from siyu.ask.lookup import Lookup
from siyu.engines.base import Session
from siyu.engines.sql import quote_name, quoted
from siyu.errors import ConfigError

Kind = Literal["person", "company"]
# text: names and addresses; code: digits, dates; mail: mail addresses; label: equal or not
How = Literal["text", "code", "mail", "label"]
ROWS = "match_row"  # key, record, fields
SAME = "match_same"  # the fields of two records of one person or company: <field>_l, <field>_r
MAX_BLOCKED_PAIRS = 20_000_000  # of one rule; a rule that would compare more is left out
MAX_LESSONS = 4


@dataclass(frozen=True)
class Field:
    """A column of the rows, and how two values of it are compared."""

    name: str
    how: How


@dataclass(frozen=True)
class Rule:
    """A rule of blocking: only rows are compared that agree in all of these expressions.

    `pair_count` is how many pairs it compares.
    """

    parts: tuple[str, ...]
    pair_count: int = 0

    @property
    def name(self) -> str:
        """The rule as people read it."""
        return " + ".join(self.parts)


@dataclass(frozen=True)
class Blocking:
    """The rules that are used, and those that are left out because they would compare too many pairs."""

    used: tuple[Rule, ...]
    left_out: tuple[Rule, ...]


PERSON_FIELDS = (
    Field("full_name", "text"), Field("mobile", "code"), Field("mail", "mail"), Field("company", "label"),
    Field("city", "label"), Field("title", "label"),
)  # fmt: skip
# The core is the name without region and legal form. The name beside it would count the same thing twice.
COMPANY_FIELDS = (Field("core", "text"), Field("region", "label"), Field("domain", "text"))
# Field of a person -> its column in a contact record and in identity.person. The place is the city, or the province.
CONTACT = {
    "full_name": "full_name", "mobile": "mobile", "mail": "email", "company": "company_name", "city": "city",
    "title": "title",
}  # fmt: skip
FOLDED = {
    "full_name": "fn_folded({})", "mobile": "right({}, 11)", "mail": "lower({})", "title": "fn_folded({})",
}  # fmt: skip


def own_fields(lookup: Lookup, kind: Kind) -> tuple[Field, ...]:
    """Return the parts of the composite identifiers of a layer that are no field of siyu itself."""
    if kind == "company":
        return ()
    known = {*CONTACT, *CONTACT.values()}
    parts = {p for t in lookup.types.types.values() if t.entity == "person" for p in t.parts}
    return tuple(Field(part, "text") for part in sorted(parts - known))


def write_rows(lookup: Lookup, kind: Kind) -> tuple[Field, ...]:
    """Write the table ROWS of the release and return its fields that at least two rows know.

    Raises ConfigError if the release has no records: pairs are written as pairs of records.
    """
    if not lookup.has("contact", "records"):
        fix = "set publish_records to true, and run siyu again: pairs of a matcher are pairs of records."
        raise ConfigError("the release has no records", str(lookup.release.path), fix)
    own = own_fields(lookup, kind)
    fields = (*(PERSON_FIELDS if kind == "person" else COMPANY_FIELDS), *own)
    query = _people(lookup, own) if kind == "person" else _companies(lookup)
    lookup.session.execute(f"create or replace table {ROWS} as {query} order by key")
    return tuple(field for field in fields if _is_of_use(lookup.session, field, own))


def _is_of_use(session: Session, field: Field, own: Sequence[Field]) -> bool:
    """Whether a field has two values. A part of a layer that only repeats the name is of no use."""
    column = quote_name(field.name)
    values, known, repeated = session.rows(
        f"select count(distinct {column}), count({column}), "
        + (f"count(*) filter (where fn_folded({column}) = full_name) from {ROWS}" if field in own else f"0 from {ROWS}")
    )[0]
    return bool(values > 1 and 2 * repeated < known)


def _people(lookup: Lookup, own: Sequence[Field]) -> str:
    """The query of the people who have a contact record, with the record that names them in matcher_pairs.csv."""
    latest = "".join(
        f", arg_max(c.{quote_name(f.name)}, (c.observed_at, c.channel, c.record_id)) filter"
        f" (where c.{quote_name(f.name)} is not null) as {quote_name(f.name)}"
        for f in own
    )
    listed = _listed(
        {**{name: f"p.{column}" for name, column in CONTACT.items()}, "company": "cast(w.account_key as varchar)"}
    )
    return f"""
    with named as (
        select r.person_key, min(r.channel || ':' || r.record_id) as record{latest}
        from {lookup.table("record_person")} as r
        join {lookup.table("contact", "records")} as c on r.channel = c.channel and r.record_id = c.record_id
        where r.person_key is not null
        group by r.person_key
    ), works as (
        select person_key, min(account_key) as account_key from {lookup.table("person_account")}
        where is_current group by person_key
    )
    select p.person_key as key, n.record, {listed}{"".join(f", n.{quote_name(f.name)}" for f in own)}
    from {lookup.table("person")} as p
    join named as n on p.person_key = n.person_key
    left join works as w on p.person_key = w.person_key"""


def records_of_people(lookup: Lookup, own: Sequence[Field]) -> str:
    """The query of the contact records, with the columns of the rows of people."""
    columns = {name: f"c.{column}" for name, column in CONTACT.items()}
    columns |= {"company": "cast(r.account_key as varchar)"} | {f.name: f"c.{quote_name(f.name)}" for f in own}
    return (
        f"select c.channel || ':' || c.record_id as record, {_listed(columns)}"
        f" from {lookup.table('contact', 'records')} as c join {lookup.table('record_person')} as r"
        " on c.channel = r.channel and c.record_id = r.record_id"
    )


def _listed(columns: Mapping[str, str]) -> str:
    """The columns of a row of people, each folded as its field is compared."""
    return ", ".join(
        f"nullif({FOLDED.get(name, '{}').format(column)}, '') as {quote_name(name)}" for name, column in columns.items()
    )


def _companies(lookup: Lookup) -> str:
    """The query of the companies that a record names, with that record."""
    return f"""
    with named as (
        select r.account_key, min(n.record) as record
        from {lookup.table("record_person")} as r
        join ({_naming(lookup)}) as n on r.channel || ':' || r.record_id = n.record
        where r.account_basis = 'record'
        group by r.account_key
    )
    select a.account_key as key, n.record, {_company("a")}
    from {lookup.table("account")} as a
    join named as n on a.account_key = n.account_key
    left join ({_spelled(lookup)}) as s on a.company_name = s.company_name"""


def records_of_companies(lookup: Lookup) -> str:
    """The query of the records that name companies, with the columns of the rows of companies."""
    return (
        f"select n.record, {_company('n')} from ({_naming(lookup)}) as n"
        f" left join ({_spelled(lookup)}) as s on n.company_name = s.company_name"
    )


def _company(alias: str) -> str:
    return (
        f"coalesce(nullif(s.core, ''), fn_folded({alias}.company_name)) as core,"
        f" coalesce(nullif(s.region, ''), {alias}.province) as region, {alias}.email_domain as domain"
    )


def _naming(lookup: Lookup) -> str:
    """The records that name a company by a name or an account; one row for each."""
    return (
        "select channel || ':' || record_id as record, min(company_name) as company_name, min(province) as province,"
        " min(email_domain) as email_domain from ("
        + " union all ".join(
            "select channel, record_id, company_name, province, email_domain"
            f" from {lookup.table(shape, 'records')} where company_name is not null or crm_account_id is not null"
            for shape in ("contact", "company")
        )
        + ") as records group by channel, record_id"
    )


def _spelled(lookup: Lookup) -> str:
    return (
        "select company_name, min(core) as core, min(region) as region"
        f" from {lookup.table('company_name')} group by company_name"
    )


def write_same(lookup: Lookup, kind: Kind, fields: Sequence[Field], own: Sequence[Field]) -> None:
    """Write the table SAME: of each person or company with two records, the fields of the first and the last one.

    The rules have joined them by identifiers, so they tell how often the other fields of one person agree.
    """
    key = "person_key" if kind == "person" else "account_key"
    rows = records_of_people(lookup, own) if kind == "person" else records_of_companies(lookup)
    listed = ", ".join(
        f"{side}.{quote_name(field.name)} as {quote_name(f'{field.name}_{end}')}"
        for field in fields
        for side, end in (("a", "l"), ("b", "r"))
    )
    lookup.session.execute(
        f"""create or replace table {SAME} as
        with records as ({rows}), owned as (
            select o.{key} as key, r.* from records as r
            join {lookup.table("record_person")} as o on r.record = o.channel || ':' || o.record_id
            where o.{key} is not null {"and o.account_basis = 'record'" if kind == "company" else ""}
        ), ends as (select key, min(record) as first, max(record) as last from owned group by key)
        select {listed} from ends as e
        join owned as a on e.key = a.key and e.first = a.record
        join owned as b on e.key = b.key and e.last = b.record
        where e.first <> e.last order by e.key"""
    )


def rules_of(kind: Kind, fields: Sequence[Field], own: Sequence[Field]) -> list[Rule]:
    """Return the rules of blocking, whatever they cost. A rule whose fields nobody has is not among them."""
    names = {field.name for field in fields}
    if kind == "company":
        wished: list[tuple[str, ...]] = [
            ("core",),
            ("domain",),
            ("left(core, 2)", "region"),
            ("left(core, 3)",),
            ("right(core, 3)",),
        ]
    else:
        rest = [field.name for field in own if field.name in names]
        wished = [
            ("full_name",), ("full_name", "city"), ("full_name", "company"), ("full_name", "title"),
            ("left(full_name, 1)", "company"), ("mobile",), ("left(mobile, 7)", "left(full_name, 1)"),
            ("right(mobile, 4)", "left(full_name, 1)"), ("split_part(mail, '@', 1)",), ("mail",),
            *((name,) for name in rest), *((name, "left(full_name, 1)") for name in rest),
        ]  # fmt: skip
    return [Rule(parts) for parts in wished if all(_field(part) in names for part in parts)]


def lessons_of(kind: Kind, fields: Sequence[Field], own: Sequence[Field]) -> list[Rule]:
    """Return the rules of blocking for the training. A rule teaches nothing about the fields that it reads."""
    names = {field.name for field in fields}
    wished: list[tuple[str, ...]] = [("region",), ("left(core, 2)",)]
    if kind == "person":
        rest = [field.name for field in own if field.name in names]
        wished = [("full_name",), *((name,) for name in rest), ("company",), ("city", "title")]
    return [Rule(parts) for parts in wished if all(_field(part) in names for part in parts)][:MAX_LESSONS]


def _field(part: str) -> str:
    """The field that an expression of a rule reads: left(core, 2) reads core."""
    return part.partition("(")[2].partition(",")[0] or part


def counted(session: Session, rules: Sequence[Rule], most: int = MAX_BLOCKED_PAIRS) -> Blocking:
    """Count the pairs of each rule, and leave out those with too many. A rule without pairs is dropped.

    A rule that only narrows a rule that is used finds nothing more, and is dropped, too.
    """
    used: list[Rule] = []
    left_out: list[Rule] = []
    for rule in rules:
        if any(set(wider.parts) <= set(rule.parts) for wider in used):
            continue
        found = with_pair_count(session, rule)
        if found.pair_count > most:
            left_out.append(found)
        elif found.pair_count:
            used.append(found)
    return Blocking(tuple(used), tuple(left_out))


def with_pair_count(session: Session, rule: Rule) -> Rule:
    """Return the rule with the number of pairs that it compares."""
    known = " and ".join(f"{part} is not null" for part in rule.parts)
    pairs = session.value(
        "select cast(coalesce(sum(size * (size - 1) // 2), 0) as bigint) from"
        f" (select cast(count(*) as hugeint) as size from {ROWS} where {known} group by {', '.join(rule.parts)})"
    )
    return Rule(rule.parts, int(pairs))


def insert(session: Session, table: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table of texts, some rows at a time."""
    session.execute(f"create or replace table {table} ({', '.join(f'{name} varchar' for name in columns)})")
    for start in range(0, len(rows), 500):
        values = ", ".join("(" + ", ".join(quoted(cell) for cell in row) + ")" for row in rows[start : start + 500])
        session.execute(f"insert into {table} values {values}")
