"""The records behind KPIs of economics: costs, the people they were spent on, and what customers bring."""

from __future__ import annotations

from siyu.ask.kpi_parts import OUTSIDERS, STRETCHES, Evidence, Part, last_days, named, own_dimensions
from siyu.ask.kpi_reach_records import LINK_WORDS

RECENT = last_days("economics_days")
SPEND_WORDS = "s.step || coalesce(' ' || s.campaign_id, '') || ' ' || s.spend_date"
# The lines of customers from their first purchase on, on its day; the first line of each customer is marked.
CUSTOMERS = (
    "bought as (select t.*, min(case when t.kind <> 'refund' then t.revenue_date end) over (partition by t.person_key)"
    f" as first_date from {{kpi.revenue_line}} as t where t.person_key is not null and not {OUTSIDERS}),"
    " customers as (select b.*, date_diff('day', b.first_date, b.revenue_date) as days_since, p.first_channel,"
    " p.source_campaign_id, row_number() over (partition by b.person_key"
    " order by b.revenue_at, b.channel, b.record_id_hash) = 1 as is_first from bought as b"
    " join {identity.person} as p on b.person_key = p.person_key where b.revenue_date >= b.first_date)"
)
CUSTOMER_FACTS = (
    "select first_date as as_of_date, channel, record_id_hash, kind || coalesce(' ' || deal_id, '') || ' '"
    " || revenue_date as what, person_key, cast(null as bigint) as account_key, first_channel as of_channel,"
    " source_campaign_id as campaign_id, 'customer' as step, margin_amount as amount, days_since, is_first"
    " from customers"
)
IN_WINDOW = "case when step = 'customer' and days_since <= {kpi.window_days} then amount end"
NEW_CUSTOMER = "case when step = 'customer' and is_first then 1 end"
PAID = "case when step in ('acquire', 'nurture', 'convert', 'staff') then amount end"
MEMBERS = own_dimensions("total", "campaign", "scene") | {"channel": named("f.of_channel")}
# Costs, people who could be reached for the first time, and customers. The channel of a campaign is that of its costs.
ECONOMICS = Evidence(
    f"with {STRETCHES}, {CUSTOMERS},"
    " channels as (select campaign_id, min(channel) as channel from {kpi.cost_day}"
    " where kind = 'spend' and campaign_id is not null group by campaign_id)"
    f" {CUSTOMER_FACTS} union all"
    f" select s.spend_date, s.channel, s.record_id_hash, {SPEND_WORDS}, null, null, coalesce(c.channel, s.channel),"
    " s.campaign_id, s.step, coalesce(s.amount, 0), null, false from {records.spend} as s left join channels as c"
    " on s.campaign_id = c.campaign_id union all"
    " select d.cost_date, d.channel, null, 'staff cost' || coalesce(' ' || d.campaign_id, '') || ' ' || d.cost_date,"
    " null, null, d.channel, d.campaign_id, 'staff', d.amount, null, false from {kpi.cost_day} as d"
    " where d.kind = 'staff' union all"
    f" select s.from_date, s.channel, s.record_id_hash, {LINK_WORDS}, s.person_key, null, p.first_channel,"
    " p.source_campaign_id, 'added', null, null, true from stretches as s join {identity.person} as p"
    " on s.person_key = p.person_key where s.level = 'total' and s.stretch_no = 1 and s.is_new = 1",
    {
        "cost_per_add": Part(
            "case when step = 'acquire' then amount end", "case when step = 'added' then 1 end", RECENT
        ),
        "cac": Part(PAID, NEW_CUSTOMER, RECENT),
        "ltv_cac": Part(IN_WINDOW, PAID, RECENT),
        "payback_months": Part(PAID, IN_WINDOW, RECENT),
    },
    MEMBERS,
)
LIFETIME = Evidence(
    f"with {CUSTOMERS} {CUSTOMER_FACTS}",
    {f"ltv_{days}": Part(IN_WINDOW, NEW_CUSTOMER) for days in (90, 180, 365)},
    MEMBERS,
)
# Spend, and the lines of deals whose buyer met a campaign before: once for each step, and once in all.
STEP_ROI = Evidence(
    "with steps as (select campaign_id, step from {kpi.dim_campaign} where step is not null union"
    " select campaign_id, step from {records.spend} where campaign_id is not null and spend_date <= fn_as_of()),"
    " deals as (select t.channel, t.deal_id, t.person_key, coalesce(min(case when t.kind <> 'refund' then t.revenue_at"
    " end), min(t.revenue_at)) as deal_at from {kpi.revenue_line} as t"
    f" where t.person_key is not null and not {OUTSIDERS} group by t.channel, t.deal_id, t.person_key),"
    " met as (select distinct d.channel, d.deal_id, d.person_key, s.step from deals as d"
    " join {journey.person_touch} as t on d.person_key = t.person_key and t.occurred_at <= d.deal_at"
    " and t.occurred_date > fn_local_date(d.deal_at) - {var.roi_days} and t.outcome is distinct from 'failed'"
    " join steps as s on t.campaign_id = s.campaign_id),"
    " levels as (select * from met union all select distinct channel, deal_id, person_key, 'total' from met)"
    " select r.revenue_date as as_of_date, r.channel, r.record_id_hash, r.kind || ' ' || r.deal_id as what,"
    " r.person_key, cast(null as bigint) as account_key, l.step, r.margin_amount as amount,"
    " cast(null as decimal(18, 2)) as spend from levels as l join {kpi.revenue_line} as r on l.channel = r.channel"
    " and l.deal_id = r.deal_id and l.person_key = r.person_key"
    " union all select s.spend_date, s.channel, s.record_id_hash,"
    f" {SPEND_WORDS}, null, null, unnest([s.step, 'total']), -coalesce(s.amount, 0), coalesce(s.amount, 0)"
    " from {records.spend} as s",
    {"step_roi": Part("amount", "spend", RECENT)},
    {"total": "q.member is null and f.step = 'total'", "spend_step": named("f.step")},
)
# People on the day they came; both shares have the same denominator, the people of the other domain.
PRIVATE = Evidence(
    f"with {CUSTOMERS},"
    " firsts as (select person_key, first_date, channel, record_id_hash from customers where is_first),"
    " people as (select t.*, f.first_date, f.record_id_hash, coalesce(c.domain, h.domain) as domain,"
    " least(coalesce(fn_local_date(t.first_seen_at), f.first_date), coalesce(f.first_date,"
    " fn_local_date(t.first_seen_at))) as day from {identity.person} as t left join firsts as f"
    " on t.person_key = f.person_key left join {kpi.dim_campaign} as c on t.source_campaign_id = c.campaign_id"
    f" left join {{kpi.dim_channel}} as h on t.first_channel = h.channel where not {OUTSIDERS})"
    " select day as as_of_date, first_channel as channel, record_id_hash, domain || coalesce(', bought ' || first_date,"
    " '') as what, person_key, cast(null as bigint) as account_key, domain,"
    " coalesce(date_diff('day', day, first_date) <= {kpi.window_days}, false) as is_customer from people"
    " where domain in ('private', 'public')",
    {"private_vs_public_conversion": Part(
        "case when domain = 'private' and is_customer"
        " then sum(case when domain = 'public' then 1 else 0 end) over (partition by cell) end",
        "case when domain = 'public' and is_customer"
        " then sum(case when domain = 'private' then 1 else 0 end) over (partition by cell) end",
        RECENT,
    )},
    own_dimensions("total"),
)  # fmt: skip
