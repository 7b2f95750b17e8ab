"""The records behind KPIs of people whom we can reach: links, invitations, referrals, activity and messages."""

from __future__ import annotations

from siyu.ask.kpi_parts import (
    LINKS,
    OF_PERSON,
    OUTSIDERS,
    STRETCHES,
    Evidence,
    Part,
    named,
    of_person,
    once,
    outsiders,
    own_dimensions,
)

PERSON = own_dimensions("total") | {"channel": of_person("first_channel")} | OF_PERSON
# A link counts once for each of its levels: in total, for its touchpoint, its channel and its member of staff.
LEVELS = {
    "total": "q.member is null and f.level = 'total'",
    "channel": f"f.level = 'channel' and {named('f.holder')}",
    "touchpoint": f"f.level = 'touchpoint' and {named('f.holder')}",
}
STAFF = {
    "total": "q.member is null and f.level = 'staff'",
    **{name: f"f.level = 'staff' and {member}" for name, member in own_dimensions("staff", "team").items()},
}
LINK_WORDS = (
    "touchpoint || coalesce(' ' || holder_id, '') || ' since ' || fn_local_date(started_at)"
    " || coalesce(', ended ' || fn_local_date(ended_at) || coalesce(' by ' || ended_by, ''), '')"
)
REACH = Evidence(
    f"with {STRETCHES},"
    " that_day as (select s.*, coalesce(s.to_date > q.day, true) as is_open, q.day from stretches as s cross join q"
    " where s.from_date <= q.day and coalesce(s.to_date >= q.day, true))"
    f" select day as as_of_date, channel, record_id_hash, {LINK_WORDS} as what, person_key,"
    " cast(null as bigint) as account_key, level, holder, staff_id, stretch_no, is_open,"
    " ended_by is not distinct from 'person' and to_date = day as has_left,"
    " is_open and staff_id = first_value(staff_id) over (partition by day, level, person_key"
    " order by is_open desc, reachable_from, staff_id) as is_owned from that_day",
    {
        "reachable_people": Part(once("person_key", where="is_open")),
        "guide_customers": Part(once("person_key", where="is_owned"), by=STAFF),
        "guide_customers_held": Part(once("person_key", "staff_id", where="is_open"), by=STAFF),
        "unfollow_rate": Part(
            once("person_key", "level", "coalesce(holder, '')", where="has_left"),
            once("person_key", "stretch_no", "coalesce(holder, '')"),
            by=LEVELS | {name: STAFF[name] for name in ("staff", "team")},
        ),
    },
    LEVELS,
)
# People who met a campaign with a code and could not be reached before that day; people who could be reached for the
# first time; and people who were first named as referred.
REFERRALS = (
    "named as (select channel, record_id_hash, observed_at as said_at, referrer_type, referrer_value_hash"
    " from {records.contact} where referrer_value_hash is not null union all"
    " select channel, record_id_hash, started_at, referrer_type, referrer_value_hash"
    " from {records.link} where referrer_value_hash is not null),"
    " referrals as (select n.channel, n.record_id_hash, t.person_key, o.person_key as referrer_key, o.one_id,"
    " fn_local_date(n.said_at) as referral_date from named as n join {identity.record_person} as t"
    " on n.channel = t.channel and n.record_id_hash = t.record_id_hash join {identity.one_id} as o"
    " on n.referrer_type = o.id_type and n.referrer_value_hash = o.id_value_hash"
    f" where t.person_key <> o.person_key and n.said_at is not null and not {OUTSIDERS} and not {outsiders('o')}"
    " qualify row_number() over (partition by t.person_key"
    " order by n.said_at, n.channel, o.person_key, n.record_id_hash) = 1)"
)
SHOWN = own_dimensions("total", "channel", "campaign", "scene")
NEW_PEOPLE = Evidence(
    f"with {STRETCHES}, {REFERRALS},"
    " reached as (select * from stretches where level = 'total'),"
    " shown as (select t.*, exists (select 1 from reached as s where s.person_key = t.person_key and s.is_new = 1"
    " and s.from_date >= q.day and s.from_date < q.day + {kpi.window_days}) as is_added, q.day"
    " from {journey.person_touch} as t cross join q where t.occurred_date = q.day"
    " and t.outcome is distinct from 'failed' and t.campaign_id in (select campaign_id from {reference.live_codes})"
    f" and not {OUTSIDERS} and not exists (select 1 from reached as s where s.person_key = t.person_key"
    " and s.from_date < q.day and coalesce(s.to_date >= q.day, true)))"
    " select day as as_of_date, channel, record_id_hash, coalesce(action, behaviour) || ' ' || campaign_id as what,"
    " person_key, cast(null as bigint) as account_key, campaign_id, 'shown' as step, is_added as is_so,"
    " cast(null as bigint) as referrer_key from shown union all"
    f" select s.from_date, s.channel, s.record_id_hash, {LINK_WORDS} || coalesce(', referred by ' || r.one_id, ''),"
    " s.person_key, null, null, 'new', r.person_key is not null, null from reached as s left join referrals as r"
    " on s.person_key = r.person_key where s.stretch_no = 1 and s.is_new = 1 union all"
    " select referral_date, channel, record_id_hash, 'referred by ' || one_id, person_key, null, null, 'referral',"
    " true, referrer_key from referrals",
    {
        "follow_add_rate": Part(
            once("person_key", where="step = 'shown' and is_so"), once("person_key", where="step = 'shown'"), by=SHOWN
        ),
        "referred_share": Part(
            "case when step = 'new' and is_so then 1 end", "case when step = 'new' then 1 end"
        ),
        "referrals_per_referrer": Part(
            once("person_key", where="step = 'referral'"),
            once("referrer_key", where="step = 'referral'"),
            "f.as_of_date <= q.day and f.as_of_date > q.day - {var.activity_days}",
        ),
    },
    {name: PERSON[name] for name in ("total", "channel", "campaign", "scene")},
)  # fmt: skip
TOUCH_WORDS = "t.behaviour || coalesce(' ' || t.action, '') || ' ' || t.occurred_date"
TALKS = (
    "(t.outcome in ('answered', 'replied')"
    " or (t.action in ('visit', 'meeting') and coalesce(t.outcome, '') <> 'failed'))"
)
OPEN = "l.from_date <= q.day and coalesce(l.to_date > q.day, true)"
# The links of everybody who could be reached, and what these people did in the days up to then.
INTERACTION = Evidence(
    f"with {LINKS}, reached as (select l.*, q.day from links as l cross join q where {OPEN}),"
    " done as (select t.*, q.day from {journey.person_touch} as t cross join q semi join reached as r"
    " on t.person_key = r.person_key and q.day = r.day where t.occurred_date <= q.day"
    " and t.occurred_date > q.day - {var.mau_days})"
    f" select day as as_of_date, channel, record_id_hash, {LINK_WORDS} as what, person_key, one_id,"
    " cast(null as bigint) as account_key, 'reachable' as step from reached union all"
    f" select t.day, t.channel, t.record_id_hash, {TOUCH_WORDS}, t.person_key, t.one_id, null, 'active' from done as t"
    f" where t.direction = 'inbound' union all select t.day, t.channel, t.record_id_hash, {TOUCH_WORDS}, t.person_key,"
    f" t.one_id, null, 'talk' from done as t where {TALKS}",
    {
        code: Part(once("person_key", where=f"step = '{step}'"), once("person_key", where="step = 'reachable'"))
        for code, step in (("active_rate", "active"), ("interaction_rate", "talk"))
    },
    PERSON,
)
# The links of guide customers, the messages that reached them, and what they bought then.
ENERGY = Evidence(
    f"with {LINKS}, guides as (select l.*, q.day from links as l cross join q where l.staff_id is not null and {OPEN}),"
    " messages as (select t.*, q.day from {journey.person_touch} as t cross join q semi join guides as g"
    " on t.person_key = g.person_key and q.day = g.day where t.direction = 'outbound' and t.staff_id is not null"
    " and t.outcome in ('delivered', 'clicked', 'replied') and t.occurred_date <= q.day"
    " and t.occurred_date > q.day - {var.energy_days}),"
    " lines as (select r.*, q.day from {kpi.revenue_line} as r cross join q semi join messages as m"
    " on r.person_key = m.person_key and q.day = m.day where r.kind <> 'refund' and r.revenue_date <= q.day"
    " and r.revenue_date > q.day - {var.energy_days} qualify r.revenue_date = max(r.revenue_date)"
    " over (partition by q.day, r.person_key)),"
    " buyers as (select day, person_key, max(revenue_at) as revenue_at from lines group by day, person_key),"
    " scenes as (select b.day, b.person_key, coalesce(t.scene, c.scene) as scene from buyers as b"
    " join {journey.person_touch} as t on b.person_key = t.person_key and t.occurred_at <= b.revenue_at"
    " left join {kpi.dim_campaign} as c on t.campaign_id = c.campaign_id where coalesce(t.scene, c.scene) is not null"
    " qualify row_number() over (partition by b.day, b.person_key"
    " order by t.occurred_at desc, t.channel, t.record_id_hash) = 1)"
    f" select day as as_of_date, channel, record_id_hash, {LINK_WORDS} as what, person_key, one_id,"
    " cast(null as bigint) as account_key, 'guide' as step, cast(null as varchar) as scene from guides union all"
    f" select t.day, t.channel, t.record_id_hash, {TOUCH_WORDS}, t.person_key, t.one_id, null, 'message', null"
    " from messages as t union all select l.day, l.channel, l.record_id_hash, l.kind || coalesce(' ' || l.deal_id, '')"
    " || ' ' || l.revenue_date, l.person_key, l.one_id, null, 'purchase', s.scene from lines as l"
    " left join scenes as s on l.person_key = s.person_key and l.day = s.day",
    {
        code: Part(once("person_key", where=f"step = '{step}'"), once("person_key", where=f"step = '{of}'"))
        for code, step, of in (("reach_rate", "message", "guide"), ("scene_conversion_rate", "purchase", "message"))
    },
    PERSON | {"scene": f"(f.step <> 'purchase' or {named('f.scene')})"},
)
