"""Invented people with touches, records and stages, as the models of the tags read them: tables, no export files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from siyu.build.database import write_ops_sources, write_sources
from siyu.compile.project import Project
from siyu.engines.base import Session
from siyu.engines.duckdb import DuckEngine

# Four in ten people are known by name and mobile: most touches are theirs, few of most, many of few. One in ten bought.
# The others came with a cookie and stayed for a month. 15 of 100 touches are ours.
NUMBERED = """
create table main.numbered as
with raw as (
    select
        i, hash(i, 3) % 100 as kind, (hash(i, 4) % 1000000007)::bigint as h, hash(i, 6) % 10 < 7 as is_known,
        hash(i, 1) % 1000003 / 1000003.0 * (hash(i, 2) % 1000003 / 1000003.0) as u,
        (i / {touches} + (hash(i, 5) % 1000003 / 1000003.0 - 0.5) * 0.08 + 1.0) % 1.0 as v,
        timestamp '2025-06-30 16:00:00' + to_microseconds((i * 31535999000000.0 / {touches})::bigint) as moment
    from range({touches}) as r(i)
)
select
    i, h, moment, kind,
    case
        when is_known or kind >= 85 then (u * {people})::bigint // 10 * 10 + h % 4
        else (v * {people})::bigint // 10 * 10 + 4 + h % 6
    end as p
from raw
"""
STAFF = "'S' || lpad(({0} % {{staff}})::varchar, 3, '0')"
CHANNEL = "case when kind < 62 then 'website' when kind < 72 then 'official_account' when kind < 92 then 'wecom'"
TOUCH = f"""
select
    p + 1 as person_key, 'P' || lpad(to_hex(p), 20, '0') as one_id, moment as occurred_at,
    fn_local_date(moment) as occurred_date, {CHANNEL} else 'crm' end as channel, 'events:' || i as record_id,
    case when kind < 60 then 'view' when kind < 66 then 'download' when kind < 70 then 'register'
        when kind < 75 then 'attend' when kind < 97 then 'interact' when kind < 99 then 'purchase'
        else 'service' end as behaviour,
    case when kind < 50 then 'page_view' when kind < 54 then 'price_view' when kind < 60 then 'video_play'
        when kind < 66 then 'download' when kind < 69 then 'form_submit' when kind < 70 then 'quote_request'
        when kind < 73 then 'live' when kind < 75 then 'replay' when kind < 82 then 'click'
        when kind < 85 then 'group_message' when kind < 97 then 'message' when kind < 98 then 'call'
        else 'visit' end as action,
    case when kind >= 85 then 'outbound' else 'inbound' end as direction,
    case when kind >= 85 then ['sent', 'delivered', 'clicked', 'replied', 'answered', 'failed'][1 + h % 6] end
        as outcome,
    case when kind < 62 then 'web' when kind < 72 then 'official_account' when kind < 82 then 'wecom'
        when kind < 85 then 'group' when kind < 92 then 'one_to_one' when kind < 98 then 'call' else 'visit' end
        as medium,
    case when h % 7 = 0 then ['search', 'article', 'live', 'referral'][1 + h % 4] end as scene,
    case when kind < 60 then ['P-SERVO', 'P-ROBOT', 'P-SENSOR', 'P-PLC', 'P-VISION'][1 + h % 5] end as product_id,
    case when kind between 54 and 91 then ['CT-AWA-', 'CT-NUR-', 'CT-SEL-', 'CT-ADV-'][1 + h % 4]
        || (1 + h % {{items}}) end
        as content_id,
    case when h % 10 = 0 then ['C-SEARCH', 'C-ARTICLE', 'C-WECHAT-ADS'][1 + h % 3] end as campaign_id,
    case when kind >= 85 then {STAFF.format("h")} end as staff_id,
    case when kind between 82 and 84 then 'G' || p // 500 end as group_id,
    case when kind between 70 and 74 then (h % 5000)::bigint end as duration_seconds,
    case when kind = 59 then (h % 100 / 100.0)::decimal(5, 4) end as progress,
    case when kind < 62 then 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0' end as user_agent
from main.numbered
"""
TOUCHES = "journey.person_touch"
# The same touches as records, for worlds in which the journey is built: some of what failed is an unsubscription.
RECORDED = """
select * exclude (person_key, one_id, occurred_date), 1 as landed_seq,
    case when outcome = 'failed' and hash(record_id) % 10 = 0 then 'unsubscribed' end as failed_reason
from ({touches})
"""
MOMENT = "timestamp '2025-07-10 00:00:00' + to_seconds((hash({0}) % 30000000)::bigint)"
PROVINCE = "['广东', '江苏', '浙江省', '上海', '山东', '火星'][1 + (hash({0}) % 6)::bigint]"
TITLE = "['采购经理', '设备工程师', '总经理', '质量主管', '学生', null][1 + (hash({0}) % 6)::bigint]"
MOBILE = "'+8613' || lpad({0}::varchar, 9, '0')"
PRODUCT = "['P-SERVO', 'P-ROBOT', 'P-SENSOR', 'P-PLC', 'P-VISION'][1 + (hash({0}) % 5)::bigint]"
WORLD = {
    "records.contact": f"""
        select ['crm', 'wecom'][1 + n] as channel, 'contacts:' || p || '-' || n as record_id, 1 as landed_seq,
            {MOMENT.format("p, n, 6")} as observed_at, '某人' || p as full_name, {MOBILE.format("p")} as mobile,
            case when p % 3 = 0 then 'p' || p || '@firm' || p // 50 || '.cn' end as email,
            {TITLE.format("p, 7")} as title, {PROVINCE.format("p, n, 8")} as province, '深圳' as city,
            '公司' || p // 50 as company_name, case when n = 1 then 'staff_remark' end as mobile_source,
            ['yes', 'no', null][1 + (hash(p, n, 9) % 3)::bigint] as consent,
            case when n = 1 then (hash(p, 10) % 9)::varchar end as add_way,
            case when p % 5 = 0 then 'C-SEARCH' end as source_campaign_id,
            case when p % 40 = 0 then 'mobile' end as referrer_type,
            case when p % 40 = 0 then {MOBILE.format("(p + 10)")} end as referrer_value
        from range({{people}}) as r(p), range(2) as k(n) where p % 10 < 4 and (n = 0 or p % 2 = 0)
    """,
    "records.link": f"""
        select ['official_account', 'wecom', 'wecom'][1 + n] as channel, 'links:' || p || '-' || n as record_id,
            1 as landed_seq, ['official_account', 'wecom', 'group'][1 + n] as touchpoint,
            case when n = 2 then 'G' || p // 500 else {STAFF.format("p // 10")} end as holder_id,
            case when n > 0 then {STAFF.format("p // 10")} end as staff_id,
            {MOMENT.format("p, n, 11")} as started_at,
            case when hash(p, n, 12) % 10 = 0 then timestamp '2026-06-01 00:00:00' end as ended_at,
            case when hash(p, n, 12) % 10 = 0 then 'person' end as ended_by
        from range({{people}}) as r(p), range(3) as k(n) where p % 10 < 4 and hash(p, n, 13) % 2 = 0
    """,
    "records.deal": f"""
        select 'crm' as channel, 'deals:' || p || '-' || n as record_id,
            1 as landed_seq, 'D' || p || '-' || n as deal_id,
            1 as line_no, case when n < 2 then 'order' else 'opportunity' end as kind,
            {MOMENT.format("p, n, 14")} as occurred_at, {MOMENT.format("p, n, 14")} as closed_at,
            case when n < 2 then 'paid' else 'open' end as status, 1000.00 * (1 + p % 97) as amount,
            {PRODUCT.format("p, n, 15")} as product_id, {STAFF.format("p // 10")} as staff_id,
            case when n = 2 then date '2026-07-01' + (p % 400)::integer end as expected_date,
            ['direct', 'distributor', 'tender', 'mall'][1 + p % 4] as purchase_path
        from range({{people}}) as r(p), range(3) as k(n)
        where p % 10 = 0 and (n = 0 or hash(p, n, 16) % 2 = 0)
    """,
    "records.ticket": f"""
        select 'service_desk' as channel, 'tickets:' || p as record_id, 1 as landed_seq, 'T' || p as ticket_id,
            {MOMENT.format("p, 17")} as opened_at,
            case when hash(p, 18) % 5 > 0 then timestamp '2026-06-20 00:00:00' end as resolved_at,
            (1 + hash(p, 19) % 5)::bigint as csat, (hash(p, 20) % 11)::bigint as nps,
            ['complaint', 'spare_parts', 'install', 'usage'][1 + (hash(p, 21) % 4)::bigint] as topic
        from range({{people}}) as r(p) where p % 20 = 0
    """,
    "records.device": f"""
        select 'erp' as channel, 'devices:' || p as record_id, 1 as landed_seq, 'DEV' || p as device_serial,
            {MOMENT.format("p, 22")} as observed_at, {PRODUCT.format("p, 23")} as product_id,
            date '2024-01-01' as sold_date, date '2026-01-01' + (hash(p, 24) % 700)::integer as warranty_until
        from range({{people}}) as r(p) where p % 20 = 10
    """,
    "records.company": f"""
        select 'crm' as channel, 'accounts:' || a as record_id, 1 as landed_seq,
            {MOMENT.format("a, 25")} as observed_at,
            '公司' || a as company_name,
            ['机械', '电子', '汽车', '医疗', '未知行业'][1 + (hash(a, 26) % 5)::bigint] as industry,
            ['100-499人', '500人以上', '不详'][1 + (hash(a, 27) % 3)::bigint] as size,
            {PROVINCE.format("a, 28")} as province
        from range({{people}} // 50) as r(a)
    """,
}
PERSON = "'P' || lpad(to_hex({0}), 20, '0')"
ACCOUNT = "'C' || lpad(to_hex({0}), 20, '0')"
NUMBER = "regexp_extract(record_id, ':([0-9]+)', 1)::bigint"
# What stands between the records and the tags.
BETWEEN = {
    "identity.record_company": f"select channel, record_id, {NUMBER} + 1 as account_key from records.company",
    "identity.person": f"""
        select {PERSON.format("p")} as one_id, p + 1 as person_key, c.full_name, c.channel as full_name_channel,
            c.mobile, c.channel as mobile_channel, c.observed_at as mobile_at, c.email, c.channel as email_channel,
            c.observed_at as email_at, c.title, c.province, c.city, c.source_campaign_id,
            coalesce(c.channel, 'website') as first_channel,
            timestamp '2025-07-01 00:00:00' + to_seconds((hash(p, 29) % 31000000)::bigint) as first_seen_at,
            timestamp '2026-06-29 00:00:00' as last_seen_at, 2 as channel_count, 20 as record_count
        from range({{people}}) as r(p) left join records.contact as c on c.record_id = 'contacts:' || p || '-0'
    """,
    "identity.one_id": f"""
        select id_type, case id_type when 'mobile' then {MOBILE.format("p")} else 'cookie-' || p end as id_value,
            p as node, p + 1 as person_key, {PERSON.format("p")} as one_id
        from range({{people}}) as r(p), (values ('mobile'), ('cookie_id')) as k(id_type)
        where id_type = 'cookie_id' or p % 10 < 4
    """,
    "identity.one_id_history": "select id_type, id_value, one_id, date '2026-01-01' as valid_from,"
    " case when node % 1000 = 0 then date '2026-06-30' end as valid_to from identity.one_id union all select id_type,"
    " id_value, 'N' || one_id, date '2026-06-30', null from identity.one_id where node % 1000 = 0",
    "identity.person_account": f"""
        select {PERSON.format("p")} as one_id, p + 1 as person_key, {ACCOUNT.format("p // 50")} as account_id,
            p // 50 + 1 as account_key, true as is_current, timestamp '2025-08-01' as valid_from_at
        from range({{people}}) as r(p) where p % 10 < 4
    """,
    "identity.account": f"""
        select {ACCOUNT.format("a")} as account_id, a + 1 as account_key, '公司' || a as company_name,
            c.industry, c.size, c.province, case when a % 50 = 0 then 'distributor' else 'prospect' end as account_type
        from range({{people}} // 50) as r(a) left join records.company as c on c.record_id = 'accounts:' || a
    """,
    "identity.company_name": "select company_name, account_id from identity.account",
    "journey.deal_hold": f"""
        select {NUMBER} + 1 as person_key, channel, kind, deal_id,
            case kind when 'order' then 'won' else 'open' end as hold,
            occurred_at as held_from, record_id from records.deal
    """,
    "journey.account_deal_hold": """
        select a.account_key, a.account_id, h.channel, h.kind, h.deal_id, h.hold, h.held_from, h.record_id
        from journey.deal_hold as h inner join identity.person_account as a on h.person_key = a.person_key
    """,
    "journey.person_stage": f"""
        select {PERSON.format("p")} as one_id, p + 1 as person_key,
            case when p % 10 = 0 then 'won' when p % 10 < 4 then 'profiled' else 'visitor' end as stage,
            case when p % 10 = 0 then 6 when p % 10 < 4 then 3 else 1 end as stage_rank, p % 3 = 0 as is_dormant,
            {MOMENT.format("p, 30")} as since_at, (hash(p, 31) % 300)::bigint as days_in_stage, p % 10 < 4 as is_lead
        from range({{people}}) as r(p)
    """,
    "journey.stage_transition": """
        select one_id, person_key, since_at as moved_at, stage as to_stage, 'up' as direction, 'website' as channel,
            'events:' || person_key as record_id from journey.person_stage
        union all
        select one_id, person_key, since_at - interval 20 day, 'visitor', 'up', 'website', 'events:' || person_key
        from journey.person_stage where stage <> 'visitor'
    """,
    "journey.exclusion": """
        select one_id, person_key, ['staff', 'bot', 'competitor', 'learner'][1 + person_key % 4] as kind,
            'rule' as rule, first_seen_at as since_at, first_channel as channel
            from identity.person where person_key % 30 = 0
    """,
    "journey.person_exclusion": "select person_key, kind, rule, since_at from journey.exclusion",
    "journey.lead_score": "select one_id, person_key, (person_key % 120)::decimal(18, 9) as score"
    " from journey.person_stage",
    "journey.lead_score_part": """
        select one_id, person_key, channel, record_id, occurred_at from journey.person_touch
        where occurred_at >= timestamp '2026-01-01' and action in ('price_view', 'download', 'quote_request', 'live')
    """,
    "journey.account_stage": "select account_id, account_key, 'potential' as stage, 2 as stage_rank"
    " from identity.account",
    "journey.published_date": "select as_of_date::date as as_of_date from"
    " generate_series(date '2026-04-01', date '2026-06-29', interval 1 day) as g(as_of_date)",
    "records.spend": """
        select 'ads' as channel, 'spend:' || d || '-' || c as record_id, 1 as landed_seq,
            date '2025-07-01' + d::integer as spend_date,
            ['C-SEARCH', 'C-WECHAT-ADS', 'C-ARTICLE', null][1 + c] as campaign_id,
            ['acquire', 'acquire', 'nurture', 'serve'][1 + c] as step, (100 + hash(d, c, 51) % 900)::decimal(18, 2)
            as amount, 'CNY' as currency
        from range(365) as r(d), range(4) as k(c)
    """,
    "records.staff_day": """
        select 'wecom' as channel, 'days:' || s || '-' || d as record_id, 1 as landed_seq,
            'S' || lpad(s::varchar, 3, '0') as staff_id, date '2025-07-01' + d::integer as day,
            (hash(s, d, 52) % 20)::bigint as chats, (hash(s, d, 53) % 30)::decimal(18, 2) as first_reply_minutes
        from range(365) as r(d), range({staff}) as k(s)
    """,
    "records.group_day": """
        select 'wecom_group' as channel, 'days:' || g || '-' || d as record_id, 1 as landed_seq, 'G' || g as group_id,
            date '2025-07-01' + d::integer as day, (10 + hash(g, d, 54) % 40)::bigint as messages,
            (hash(g, d, 55) % 10)::bigint as member_messages
        from range(365) as r(d), range({people} // 500) as k(g) where hash(g, d, 56) % 3 = 0
    """,
    "ops.channel_status": "select channel, '渠道 Channel' as title, domain, 'IT' as owner,"
    " date '2026-06-30' as last_file_date, false as is_stale from (values ('website', 'public'),"
    " ('wecom', 'private'), ('official_account', 'private'), ('crm', 'private')) as c(channel, domain)",
}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How much of everything there is. The sample has 8 members of staff who sell, and 6 items of content a stage."""

    people: int
    touches: int
    staff: int = 8
    items: int = 6


def write_world(
    engine: DuckEngine, project: Project, size: Size, built: Sequence[str] = ("tags",), more: Mapping[str, str] = {}
) -> None:
    """Every table that the models of these schemas read and that is none of them, with more rows of some."""
    write_sources(engine, project, [], project.settings.warehouse, [])
    write_ops_sources(engine, project)
    session = engine.session()
    read = {ref for name, refs in project.graph.items() if name.startswith(_prefixes(built)) for ref in refs}
    upstream = {name for name in read & project.models.keys() if not name.startswith(_prefixes(built))}
    for name in sorted(upstream):
        columns = ", ".join(f"{c.name} {c.type}" for c in project.binder.columns(name))
        session.execute(f"create table {name} ({columns})")
    numbers = asdict(size)
    session.execute(NUMBERED.format(**numbers))
    touches = TOUCH.format(**numbers)
    if TOUCHES in upstream:
        session.execute(f"insert into {TOUCHES} by name {touches}")
    else:
        session.execute(f"insert into records.touch by name {RECORDED.format(touches=touches)}")
    for name, sql in (*WORLD.items(), *more.items()):
        session.execute(f"insert into {name} by name {sql.format(**numbers)}")
    _write_owners(session, touches)
    for name, sql in BETWEEN.items():
        if name.startswith("ops."):
            session.execute(f"create or replace table {name} as {sql}")
        elif name in upstream:
            session.execute(f"insert into {name} by name {sql.format(**numbers)}")
    session.execute("drop table main.numbered")
    session.close()


def _prefixes(schemas: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{schema}." for schema in schemas)


def _write_owners(session: Session, touches: str) -> None:
    """identity.record_person: the touches first, as the largest part."""
    session.execute(
        f"insert into identity.record_person by name select channel, record_id, person_key, one_id from ({touches})"
    )
    for name in ("contact", "link", "deal", "ticket", "device"):
        session.execute(
            "insert into identity.record_person by name select channel, record_id, p + 1 as person_key,"
            f" {PERSON.format('p')} as one_id, p // 50 + 1 as account_key, {ACCOUNT.format('p // 50')} as account_id"
            f" from (select channel, record_id, {NUMBER} as p from records.{name})"
        )
