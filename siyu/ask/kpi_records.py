"""Which records the figures of each KPI rest on: a query over published tables for each model of figures.

The queries repeat what the models count, so that every record of a figure can be shown with its part of it. A test
compares their sums with kpi.kpi_value. A model that is missing here, such as one of a layer, has figures without a list
of records.
"""

from __future__ import annotations

from siyu.ask.kpi_cost_records import ECONOMICS, LIFETIME, PRIVATE, STEP_ROI
from siyu.ask.kpi_group_records import GROUP_COHORTS, GROUPS
from siyu.ask.kpi_identity_records import IDENTITY, TAGS
from siyu.ask.kpi_lead_records import ASKS, FUNNEL, LEAD_TOUCH, SCENARIO
from siyu.ask.kpi_parts import (
    DEAL,
    OF_PERSON,
    OUTSIDERS,
    Evidence,
    Part,
    last_days,
    of_person,
    once,
    own_dimensions,
)
from siyu.ask.kpi_reach_records import ENERGY, INTERACTION, NEW_PEOPLE, REACH
from siyu.ask.kpi_service_records import SERVICE, TICKETS
from siyu.ask.kpi_team_records import HANDOFF, PARTNER, PER_HEAD

IS_ORDER = "kind <> 'refund'"
KNOWN, UNKNOWN = "buyer_key is not null", "buyer_key is null"
LINES = (
    "select r.revenue_date as as_of_date, r.channel, r.record_id_hash, r.kind || coalesce(' ' || r.deal_id, '')"
    " as what, r.person_key, r.account_key, r.buyer_key, r.campaign_id, r.staff_id, r.product_id, r.kind, r.amount,"
    " r.margin_amount, case when r.kind <> 'refund' then r.item_count end as item_count, r.is_unpriced,"
    " r.channel || ' ' || r.deal_id as order_key, coalesce(c.domain, h.domain) = 'private' as is_private,"
    " r.revenue_date = min(case when r.kind <> 'refund' and r.person_key is not null then r.revenue_date end)"
    " over (partition by r.person_key) as is_new from {kpi.revenue_line} as r"
    " left join {kpi.dim_campaign} as c on r.campaign_id = c.campaign_id"
    " left join {kpi.dim_channel} as h on r.channel = h.channel"
)
REVENUE = Evidence(
    LINES,
    {
        "gmv": Part(f"case when {IS_ORDER} then amount end"),
        "refunds": Part(f"case when not {IS_ORDER} then -amount end"),
        "net_revenue": Part("amount"),
        "margin": Part("margin_amount"),
        "buyers": Part(once("person_key", where=IS_ORDER)),
        "new_buyers": Part(once("person_key", where=f"{IS_ORDER} and is_new")),
        "buyer_accounts": Part(once("account_key", where=IS_ORDER)),
        "orders": Part(once("order_key", where=IS_ORDER)),
        "revenue_per_buyer": Part(f"case when {KNOWN} then amount end", once("buyer_key", where=IS_ORDER)),
        "order_value": Part(f"case when {IS_ORDER} then amount end", once("order_key", where=IS_ORDER)),
        "items_per_buyer": Part(
            f"case when {KNOWN} then item_count end", once("buyer_key", where="item_count is not null")
        ),
        "items_per_order": Part("item_count", once("order_key", where="item_count is not null")),
        "orders_per_buyer": Part(once("order_key", where=f"{IS_ORDER} and {KNOWN}"), once("buyer_key", where=IS_ORDER)),
        "private_revenue_share": Part("case when is_private then amount end", "amount"),
        "unknown_revenue": Part(f"case when {UNKNOWN} then amount end"),
        "unknown_revenue_share": Part(f"case when {UNKNOWN} then amount end", "amount"),
        "unpriced_lines": Part("case when is_unpriced then 1 end"),
    },
    DEAL,
)
CONTRIBUTION = Evidence(
    f"select * from ({LINES}) as l where l.{KNOWN}",
    {"contribution_per_customer": Part(
        "margin_amount", once("buyer_key", where=IS_ORDER), last_days("contribution_days")
    )},
    DEAL,
)  # fmt: skip
TARGET = Evidence(
    LINES,
    {"target_attainment": Part("amount", when="f.as_of_date between date_trunc('month', q.day) and q.day")},
    DEAL,
)
# The first purchase of each buyer, on its day and again on the day of the second one.
REPURCHASE = Evidence(
    f"with lines as (select t.*, min(t.as_of_date) over (partition by t.person_key) as first_date from ({LINES}) as t"
    f" where t.kind <> 'refund' and t.person_key is not null and not {OUTSIDERS}),"
    " seconds as (select person_key, min(as_of_date) as second_date from lines where as_of_date > first_date"
    " group by person_key),"
    " firsts as (select l.*, s.second_date, date_diff('day', l.first_date, s.second_date) as days_between from lines"
    " as l join {kpi.revenue_line} as r on l.channel = r.channel and l.record_id_hash = r.record_id_hash"
    " left join seconds as s on l.person_key = s.person_key qualify row_number() over (partition by l.person_key"
    " order by r.revenue_at, l.channel, coalesce(l.product_id, ''), l.record_id_hash) = 1)"
    " select * replace (what || coalesce(', again ' || second_date, '') as what), true as is_first from firsts"
    " union all select * replace (second_date as as_of_date, what || ', again ' || second_date as what), false"
    " from firsts where second_date is not null",
    {
        **{
            f"repurchase_rate_{days}": Part(
                "case when is_first and days_between <= {kpi.window_days} then 1 end", "case when is_first then 1 end"
            )
            for days in (90, 180, 365)
        },
        "repurchase_days": Part("case when not is_first then days_between end", "case when not is_first then 1 end"),
    },
    DEAL,
)
WIN_RATE = Evidence(
    "select fn_local_date(d.closed_at) as as_of_date, d.channel, d.record_id_hash,"
    " 'opportunity ' || coalesce(d.deal_id, '') || ' ' || d.status as what, p.person_key, p.account_key,"
    " d.campaign_id, d.staff_id, d.product_id, d.status from {records.deal} as d"
    " left join {identity.record_person} as p on d.channel = p.channel and d.record_id_hash = p.record_id_hash"
    " where d.kind = 'opportunity' and d.status in ('won', 'lost') and d.closed_at < fn_as_of_end() qualify"
    " row_number() over (partition by d.channel, coalesce(d.deal_id, d.record_id_hash)"
    " order by d.status desc, d.closed_at desc, d.record_id_hash) = 1",
    {"win_rate": Part("case when status = 'won' then 1 end", "1")},
    own_dimensions("total", "channel", "campaign", "scene", "staff", "team", "product", "product_line", "industry"),
)
TOUCHES = (
    "select t.occurred_date as as_of_date, t.channel, t.record_id_hash, t.behaviour || ' ' || coalesce(t.action, '')"
    " || coalesce(' ' || t.content_id, '') as what, t.person_key, t.one_id, cast(null as bigint) as account_key,"
    " t.content_id, t.behaviour, c.content_stage from {journey.person_touch} as t"
    " left join {kpi.dim_content} as c on t.content_id = c.content_id"
    f" where t.direction = 'inbound' and not {OUTSIDERS}"
)
ACTIVITY = Evidence(
    TOUCHES,
    {
        "dau": Part(once("person_key")),
        "wau": Part(once("person_key"), when=last_days("wau_days")),
        "mau": Part(once("person_key"), when=last_days("mau_days")),
        "visit_frequency": Part(once("person_key", "as_of_date"), once("person_key"), last_days("mau_days")),
    },
    own_dimensions("total", "channel") | OF_PERSON,
)
CONTENT = Evidence(
    f"select * from ({TOUCHES}) as s where s.content_id is not null and s.behaviour <> 'register'",
    {"content_reach": Part(once("person_key"), when=last_days("mau_days"))},
    own_dimensions("total", "channel", "content_stage"),
)
# Who was invited to WeCom on a day, and who was added: with whether they were linked, served, or bought in time.
IN_TIME = "between a.added_date and a.added_date + {kpi.window_days}"
WECOM = Evidence(
    "with links as (select l.channel, l.record_id_hash, r.person_key, l.touchpoint, l.holder_id, l.started_at,"
    " fn_local_date(l.started_at) as from_date,"
    " fn_local_date(case when l.ended_at < fn_as_of_end() then l.ended_at end) as to_date from {records.link} as l"
    " join {identity.record_person} as r on l.channel = r.channel and l.record_id_hash = r.record_id_hash"
    " where r.person_key is not null"
    " and coalesce(case when l.ended_at < fn_as_of_end() then l.ended_at end >= l.started_at, true)),"
    " added as (select t.*, t.from_date as added_date from links as t where t.touchpoint = 'wecom'"
    f" and not {OUTSIDERS} qualify row_number() over (partition by t.person_key"
    " order by t.started_at, t.holder_id, t.channel, t.record_id_hash) = 1),"
    " signs as (select s.sign, t.* from {journey.person_touch} as t join {reference.wecom_signs} as s"
    " on t.action = s.action and t.direction = s.direction and coalesce(t.outcome = s.outcome, s.outcome is null)"
    " where s.by_campaign <> 'true' or t.campaign_id is not null),"
    " invites as (select t.occurred_date as invite_date, t.channel, t.record_id_hash, t.person_key, t.action,"
    f" t.campaign_id from signs as t where t.sign = 'invite' and not {OUTSIDERS}),"
    " all_invites as (select * from invites union all select a.added_date, a.channel, a.record_id_hash, a.person_key,"
    " 'added', null from added as a anti join invites as i on a.person_key = i.person_key"
    " and a.added_date = i.invite_date),"
    " services as (select person_key, occurred_date as from_date, occurred_date as to_date from signs"
    " where sign = 'service' union all select r.person_key, fn_local_date(t.resolved_at), fn_local_date(t.resolved_at)"
    " from {records.ticket} as t join {identity.record_person} as r on t.channel = r.channel"
    " and t.record_id_hash = r.record_id_hash where t.resolved_at < fn_as_of_end() union all"
    " select l.person_key, l.from_date, coalesce(l.to_date, fn_as_of()) from links as l"
    " join {reference.groups} as g on l.holder_id = g.chat_id"
    " where l.touchpoint = 'group' and g.group_kind = 'service')"
    " select i.invite_date as as_of_date, i.channel, i.record_id_hash, i.action"
    " || coalesce(', added ' || a.added_date, '') as what, i.person_key, cast(null as bigint) as account_key,"
    " i.campaign_id, cast(null as varchar) as staff_id, 'invited' as step,"
    " coalesce(a.added_date <= i.invite_date + {kpi.window_days}, false) as is_linked, false as is_served,"
    " false as has_bought from all_invites as i left join added as a on i.person_key = a.person_key"
    " where coalesce(i.invite_date <= a.added_date, true)"
    " union all select a.added_date, a.channel, a.record_id_hash, 'added by ' || coalesce(a.holder_id, ''),"
    " a.person_key, null, p.source_campaign_id, a.holder_id, 'added', true,"
    " exists (select 1 from services as s where s.person_key = a.person_key and s.to_date >= a.added_date"
    " and s.from_date <= a.added_date + {kpi.window_days})"
    " and exists (select 1 from links as l where l.person_key = a.person_key and l.touchpoint = 'wecom'"
    " and l.from_date <= a.added_date + {kpi.window_days}"
    " and coalesce(l.to_date > least(a.added_date + {kpi.window_days}, fn_as_of()), true)),"
    " exists (select 1 from {journey.deal_hold} as d where d.person_key = a.person_key and d.hold = 'won'"
    f" and d.held_to is null and fn_local_date(d.held_from) {IN_TIME})"
    " from added as a join {identity.person} as p on a.person_key = p.person_key",
    {
        "traffic_success_rate": Part(
            once("person_key", where="step = 'invited' and is_linked"), once("person_key", where="step = 'invited'")
        ),
        "service_success_rate": Part(
            "case when step = 'added' and is_served then 1 end", "case when step = 'added' then 1 end"
        ),
        "monetisation_success_rate": Part(
            "case when step = 'added' and has_bought then 1 end", "case when step = 'added' then 1 end"
        ),
    },
    own_dimensions("total", "campaign", "scene", "staff", "team") | {"channel": of_person("first_channel")},
)
EVIDENCE: dict[str, Evidence] = {
    "kpi.kpi_revenue": REVENUE,
    "kpi.kpi_contribution": CONTRIBUTION,
    "kpi.kpi_target": TARGET,
    "kpi.kpi_repurchase": REPURCHASE,
    "kpi.kpi_win_rate": WIN_RATE,
    "kpi.kpi_activity": ACTIVITY,
    "kpi.kpi_content": CONTENT,
    "kpi.kpi_funnel": FUNNEL,
    "kpi.kpi_scenario": SCENARIO,
    "kpi.kpi_wecom": WECOM,
    "kpi.kpi_reach": REACH,
    "kpi.kpi_new_people": NEW_PEOPLE,
    "kpi.kpi_interaction": INTERACTION,
    "kpi.kpi_energy": ENERGY,
    "kpi.kpi_lead_touch": LEAD_TOUCH,
    "kpi.kpi_asks": ASKS,
    "kpi.kpi_identity": IDENTITY,
    "kpi.kpi_tags": TAGS,
    "kpi.kpi_handoff": HANDOFF,
    "kpi.kpi_per_head": PER_HEAD,
    "kpi.kpi_partner": PARTNER,
    "kpi.kpi_economics": ECONOMICS,
    "kpi.kpi_lifetime": LIFETIME,
    "kpi.kpi_step_roi": STEP_ROI,
    "kpi.kpi_private_conversion": PRIVATE,
    "kpi.kpi_service": SERVICE,
    "kpi.kpi_tickets": TICKETS,
    "kpi.kpi_groups": GROUPS,
    "kpi.kpi_group_cohorts": GROUP_COHORTS,
}
