"""The yardstick of a night: what a good engineer would write in an afternoon, in plain DuckDB, over the same exports.

It reads every file with declared types and makes nine tables: touches, identifiers, components, one_id, touches with
their people, a score, stage windows, a tag and a daily KPI. It has no contracts, rejects, history, checks or release,
and its rules are the simplest that make sense. It shows what the work itself costs. Run as a process of its own by
night.py: `python yardstick.py PLAN DATABASE THREADS`, with the plan that `bare_plan` in worlds.py makes.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import duckdb

LOCAL = "{0} at time zone 'Asia/Shanghai' at time zone 'UTC'"
MOBILE = "regexp_extract(regexp_replace(coalesce({0}, ''), '[^0-9]', '', 'g'), '(1[3-9][0-9]{{9}})$', 1)"
# Each channel: the table, its record, moment, action and direction, its campaign, and its identifiers by type.
TOUCHES: dict[str, tuple[str, str, str, str, str, str, dict[str, str]]] = {
    "website": (
        "website__events where event_id is not null", "event_id", "event_time at time zone 'UTC'", "event_name",
        "'inbound'", "utm_campaign",
        {"cookie": "cookie_id", "member": "member_id", "mobile": MOBILE.format("form.mobile"),
         "email": "lower(form.email)"},
    ),
    "official_account": (
        "official_account__events where Event in ('subscribe', 'SCAN', 'CLICK', 'VIEW')",
        "FromUserName || CreateTime || Event", "make_timestamp(CreateTime * 1000000)", "Event", "'inbound'", "EventKey",
        {"openid": "FromUserName"},
    ),
    "outreach": (
        "outreach__sends where recipient_type <> 'chat_id'", "send_id", LOCAL.format("sent_at"), "medium", "'outbound'",
        "campaign_id",
        {kind: f"case recipient_type when '{kind}' then recipient end"
         for kind in ("email", "unionid", "openid", "external_userid")}
        | {"mobile": MOBILE.format("case recipient_type when 'mobile' then recipient end")},
    ),
    "wecom": (
        "wecom__messages", "day || userid || external_userid", "day::timestamp", "'message'",
        "case when received_cnt > 0 then 'inbound' else 'outbound' end", "null",
        {"external_userid": "external_userid"},
    ),
    "wecom_group": (
        "wecom_group__groups where userid is not null", "_chat_id || userid", "make_timestamp(join_time * 1000000)",
        "'join_group'", "'inbound'", "null", {"external_userid": "userid", "unionid": "unionid"},
    ),
    "webinar": (
        "webinar__attendance", "live_id || viewer_id", LOCAL.format("coalesce(joined_at, registered_at)"),
        "case when joined_at is null then 'register' else 'watch' end", "'inbound'", "campaign_id",
        {"viewer": "viewer_id", "unionid": "unionid", "mobile": MOBILE.format("mobile")},
    ),
    "training": (
        "training__enrolments", "course_id || learner", LOCAL.format("enrolled_at"), "'enrol'", "'inbound'",
        "campaign_id", {"learner": "learner", "mobile": MOBILE.format("mobile"), "email": "lower(email)"},
    ),
    "mall": (
        "mall__orders", "order_id", LOCAL.format("ordered_at"), "'order'", "'inbound'", "campaign_id",
        {"buyer": "member_id", "unionid": "unionid", "mobile": MOBILE.format("mobile")},
    ),
    "crm": (
        "crm__activities left join crm__contacts as k using (contact_id)", "activity_id", LOCAL.format("occurred_at"),
        "activity_type", "direction", "null",
        {"contact": "contact_id", "mobile": MOBILE.format("k.mobile"), "email": "lower(k.email)"},
    ),
    "ads": (
        "ads__leads", "lead_id", LOCAL.format("submitted_at"), "'lead'", "'inbound'", "campaign_id",
        {"mobile": MOBILE.format("mobile")},
    ),
    "after_sales": (
        "after_sales__tickets", "ticket_id", LOCAL.format("opened_at"), "'ticket'", "'inbound'", "null",
        {"mobile": MOBILE.format("mobile")},
    ),
    "exhibition": (
        "exhibition__visitors", "编号",
        "coalesce(try_cast(签到时间 as timestamp), date '1899-12-30' + to_days(try_cast(签到时间 as double)::int))",
        "'visit'", "'inbound'", "活动", {"mobile": MOBILE.format("手机"), "email": "lower(邮箱)"},
    ),
}  # fmt: skip
# Records that only tie identifiers together.
CONTACTS: dict[str, dict[str, str]] = {
    "official_account__users": {"openid": "openid", "unionid": "unionid"},
    "wecom__contacts": {
        "external_userid": "external_userid", "unionid": "unionid",
        "mobile": MOBILE.format("json_extract_string(remark_mobiles, '$[0]')"),
    },
    "crm__contacts": {"contact": "contact_id", "mobile": MOBILE.format("mobile"), "email": "lower(email)"},
}  # fmt: skip
KINDS = (
    "cookie", "member", "openid", "unionid", "external_userid", "viewer", "learner", "buyer", "contact", "mobile",
    "email",
)  # fmt: skip
SEEN = """
create or replace temp table seen as
select row_number() over () as record, {columns} from ({rows})
"""
IDENTIFIER = """
create table identifier as
select row_number() over (order by id_type, id_value) as node, id_type, id_value, count(*) as record_count
from (unpivot seen on {kinds} into name id_type value id_value) where id_value <> '' group by id_type, id_value
"""
# An identifier that is seen with more than ten others of one type is shared: a kiosk, a switchboard.
EDGE = """
create or replace temp table edge as
with ids as (
    select distinct s.record, i.node, i.id_type
    from (unpivot seen on {kinds} into name id_type value id_value) as s
    join identifier as i using (id_type, id_value)
),
pairs as (select distinct a.node as node, b.node as other, b.id_type from ids as a join ids as b using (record)
    where a.node <> b.node),
shared as (select node from pairs group by node, id_type having count(*) > 10)
select node, other from pairs where node not in (from shared) and other not in (from shared)
"""
ROUND = """
create or replace temp table following as
select c.node, least(min(c.component), coalesce(min(n.component), min(c.component))) as component
from component as c left join edge as e using (node) left join component as n on n.node = e.other group by c.node
"""
TOUCH_COLUMNS = ("channel", "record_id", "occurred_at", "action", "direction", "campaign_id", *KINDS)
FIRST_KNOWN = f"coalesce({', '.join(f'{kind}_id.one_id' for kind in reversed(KINDS))})"
TABLES = {
    "one_id": """
        select i.id_type, i.id_value, c.component as person,
            'P' || left(md5('a secret' || min(i.id_type || i.id_value) over (partition by c.component)), 20) as one_id
        from identifier as i join component as c using (node)""",
    "person_touch": f"""
        select t.channel, t.record_id, t.occurred_at, t.action, t.direction, t.campaign_id, {FIRST_KNOWN} as one_id
        from touch as t """ + " ".join(
            f"left join one_id as {kind}_id on {kind}_id.id_type = '{kind}' and {kind}_id.id_value = t.{kind}"
            for kind in KINDS
        ),
    "score": """
        select one_id, sum(points * pow(0.5, date_diff('day', occurred_at, last_at) / 30.0))::decimal(18, 2) as score
        from (
            select one_id, occurred_at, max(occurred_at) over () as last_at,
                case action when 'order' then 40 when 'quote_request' then 30 when 'form_submit' then 20
                    when 'price_view' then 10 when 'watch' then 8 else 1 end as points
            from person_touch where direction = 'inbound' and one_id is not null
        ) group by one_id""",
    "stage_window": """
        select one_id, stage, stage_at as valid_from,
            lead(stage_at) over (partition by one_id order by stage) as valid_to
        from (
            select one_id, case when action in ('order') then 4 when action in ('quote_request', 'meeting') then 3
                when action in ('form_submit', 'lead', 'price_view') then 2 else 1 end as stage,
                min(occurred_at) as stage_at
            from person_touch where one_id is not null group by all
        )""",
    "tag": """
        select one_id, case when count(*) >= 20 then 'high' when count(*) >= 5 then 'medium' else 'low' end as activity,
            arg_max(channel, occurred_at) as last_channel
        from person_touch where one_id is not null group by one_id""",
    "kpi_daily": """
        select (occurred_at + interval 8 hour)::date as business_date, channel, count(*) as touches,
            count(distinct one_id) as people, count(distinct one_id) filter (action = 'order') as buyers
        from person_touch group by all""",
}  # fmt: skip


def read(con: duckdb.DuckDBPyConnection, plan: list[dict[str, Any]], scratch: Path) -> None:
    """Read every export into a table. Workbooks and gb18030 go through Python."""
    for item in plan:
        if item["kind"] == "sql":
            con.execute(item["sql"])
            continue
        with scratch.open("w", encoding="utf-8", newline="") as out:
            for number, file in enumerate(item["files"]):
                if item["kind"] == "gb18030":
                    text = Path(file).read_text(encoding="gb18030")
                    out.write(text if not number else text.partition("\n")[2])
                else:
                    from python_calamine import CalamineWorkbook

                    rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
                    csv.writer(out).writerows(rows[1 if number else 0 :])
        con.execute(item["sql"].replace("{scratch}", str(scratch)))


def stage(con: duckdb.DuckDBPyConnection) -> None:
    """Stage the touches of all channels, one row a record."""
    have = {name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()}
    selects = [
        f"select '{channel}' as channel, ({record})::varchar as record_id, {moment} as occurred_at, {action} as action,"
        f" {direction} as direction, {campaign} as campaign_id, "
        + ", ".join(f"{ids[kind]} as {kind}" if kind in ids else f"null::varchar as {kind}" for kind in KINDS)
        + f" from {source}"
        for channel, (source, record, moment, action, direction, campaign, ids) in TOUCHES.items()
        if source.split()[0] in have
    ]
    listed = ", ".join(TOUCH_COLUMNS)
    con.execute(
        f"create table touch as select {listed} from ({' union all '.join(selects)}) qualify row_number()"
        " over (partition by channel, record_id order by occurred_at desc) = 1"
    )


def unite(con: duckdb.DuckDBPyConnection) -> int:
    """Number the identifiers and join those that one record has, until nothing changes. Return the rounds."""
    kinds = ", ".join(KINDS)
    rows = [f"select {kinds} from touch"] + [
        "select " + ", ".join(f"{ids[kind]} as {kind}" if kind in ids else "null" for kind in KINDS) + f" from {table}"
        for table, ids in CONTACTS.items()
    ]
    con.execute(SEEN.format(columns=kinds, rows=" union all ".join(rows)))
    con.execute(IDENTIFIER.format(kinds=kinds))
    con.execute(EDGE.format(kinds=kinds))
    con.execute("create table component as select node, node as component from identifier")
    rounds, is_changed = 0, True
    while is_changed:
        con.execute(ROUND)
        is_changed = bool(
            con.execute(
                "select count(*) from following as f join component as c using (node) where f.component <> c.component"
            ).fetchall()[0][0]
        )
        con.execute("create or replace table component as from following")
        rounds += 1
    return rounds


def main() -> None:
    """Run, and write the rows of each table beside the database."""
    plan, database = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2])
    con = duckdb.connect(str(database), config={"threads": int(sys.argv[3]), "preserve_insertion_order": False})
    con.execute("set TimeZone = 'UTC'")
    read(con, plan, database.with_suffix(".txt"))
    stage(con)
    rounds = unite(con)
    for name, query in TABLES.items():
        con.execute(f"create table {name} as {query}")
    counts = {
        name: con.execute(f"select count(*) from {name}").fetchall()[0][0]
        for name in ("touch", "identifier", "component", *TABLES)
    }
    counts["people"] = con.execute("select count(distinct one_id) from one_id").fetchall()[0][0]
    con.close()
    database.with_suffix(".json").write_text(json.dumps({"rounds": rounds, "rows": counts}), encoding="utf-8")


if __name__ == "__main__":
    main()
