"""The records behind KPIs of sales and teams: hand-offs, the work of staff, and partners."""

from __future__ import annotations

from siyu.ask.kpi_lead_records import LEADS
from siyu.ask.kpi_parts import OF_PERSON, OUTSIDERS, OWN, Evidence, Part, last_days, of_person, once, own_dimensions
from siyu.ask.kpi_reach_records import TALKS, TOUCH_WORDS

# Each hand-off on the day on which it was accepted, and again on that of the hand-off, with when the person reached
# sales afterwards.
HANDOFF = Evidence(
    "with sales as (select person_key, qualified_at as sales_at from {audience.lead_handoff}"
    " where step = 'sdr_to_sales' union all select t.person_key, t.moved_at from {journey.stage_transition} as t"
    " join {kpi.dim_stage} as s on t.to_stage = s.stage where t.direction <> 'back'"
    " and s.stage_rank >= (select min(stage_rank) from {kpi.dim_stage} where stage = 'pending')),"
    " handed as (select h.*, (select min(s.sales_at) from sales as s where s.person_key = h.person_key"
    " and s.sales_at >= h.qualified_at) as sales_at from {audience.lead_handoff} as h)"
    " select fn_local_date(accepted_at) as as_of_date, channel, record_id_hash, step || ' ' || reason"
    " || ', accepted after ' || hours_to_accept || ' hours' as what, person_key, cast(null as bigint) as account_key,"
    " owner_staff as staff_id, 'accepted' as fact, hours_to_accept as part, 1 as whole from handed"
    " where accepted_at is not null union all"
    " select fn_local_date(qualified_at), channel, record_id_hash, step || ' ' || reason"
    " || case when is_in_time then ', accepted in time' else ', not accepted in time' end, person_key, null,"
    " owner_staff, 'due', case when is_in_time then 1 end, 1 from handed where due_at is not null union all"
    " select fn_local_date(qualified_at), channel, record_id_hash, step || ' ' || reason"
    " || coalesce(', sales ' || fn_local_date(sales_at), ''), person_key, null, owner_staff, 'sdr',"
    " date_diff('day', fn_local_date(qualified_at), fn_local_date(sales_at)), 1 from handed"
    " where step = 'marketing_to_sdr'",
    {
        **{
            code: Part(f"case when fact = '{fact}' then part end", f"case when fact = '{fact}' then whole end")
            for code, fact in (("handoff_hours", "accepted"), ("handoff_accept_rate", "due"))
        },
        "mql_to_sql": Part(
            "case when fact = 'sdr' and part <= {kpi.window_days} then 1 end", "case when fact = 'sdr' then whole end"
        ),
    },
    own_dimensions("total", "channel", "staff", "team"),
)  # fmt: skip
# Touches that name a member of staff, deals, and the moves by which people became leads. Heads are no records.
FIRST_DAY = "(select min(day) from q) - {var.heads_days}"
IS_CONTACT = (
    "t.direction = 'outbound' and t.medium is distinct from 'group'"
    f" and (t.outcome in ('delivered', 'clicked') or {TALKS})"
)
PER_HEAD = Evidence(
    f"with {LEADS}"
    f" select t.occurred_date as as_of_date, t.channel, t.record_id_hash, {TOUCH_WORDS} as what, t.person_key,"
    " cast(null as bigint) as account_key, t.staff_id, 'touch' as fact, t.campaign_id,"
    " coalesce(t.scene, c.scene, '') as scene, cast(null as decimal(18, 2)) as amount,"
    f" coalesce({IS_CONTACT}, false) as is_contact, t.campaign_id is not null as is_project"
    " from {journey.person_touch} as t left join {kpi.dim_campaign} as c on t.campaign_id = c.campaign_id"
    f" where t.staff_id is not null and t.occurred_date > {FIRST_DAY} and not {OUTSIDERS} union all"
    " select r.revenue_date, r.channel, r.record_id_hash, r.kind || coalesce(' ' || r.deal_id, ''), r.person_key,"
    " r.account_key, r.staff_id, 'deal', r.campaign_id, coalesce(c.scene, ''), r.amount, false,"
    " r.kind <> 'refund' and r.staff_id is not null and r.campaign_id is not null from {kpi.revenue_line} as r"
    f" left join {{kpi.dim_campaign}} as c on r.campaign_id = c.campaign_id where r.revenue_date > {FIRST_DAY}"
    " union all select fn_local_date(l.moved_at), l.channel, l.record_id_hash, 'lead ' || l.to_stage, l.person_key,"
    " null, o.owner_staff, 'lead', null, '', null, false, false from leads as l"
    " join {identity.person} as p on l.person_key = p.person_key"
    " left join {tags.person_profile} as o on p.one_id = o.one_id",
    {
        code: Part(numerator, when=last_days("heads_days"))
        for code, numerator in (
            ("revenue_per_head", "amount"),
            ("leads_per_head", "case when fact = 'lead' then 1 end"),
            ("contacts_per_head", "case when is_contact then 1 end"),
            ("projects_per_head", once("campaign_id", where="is_project")),
            ("subprojects_per_head", once("campaign_id", "scene", where="is_project")),
        )
    },
    own_dimensions("total", "staff", "team"),
)
# The deals of partners, whom partner_training counts, and the courses that they completed.
PARTNER = Evidence(
    "with completed as (select t.*, q.day from {journey.person_touch} as t cross join q"
    " where t.direction = 'inbound' and t.action = 'course_complete' and t.occurred_date <= q.day"
    " and t.occurred_date > q.day - {var.partner_training_days})"
    " select r.revenue_date as as_of_date, r.channel, r.record_id_hash, r.kind || coalesce(' ' || r.deal_id, '')"
    " as what, r.person_key, r.account_key, r.staff_id, r.product_id, 'deal' as fact, r.amount"
    " from {kpi.revenue_line} as r join {journey.partner} as p on r.person_key = p.person_key"
    " and r.revenue_at >= p.since_at union all"
    " select q.day, null, null, 'partner since ' || fn_local_date(p.since_at), p.person_key, null, null, null,"
    " 'partner', null from {journey.partner} as p cross join q where fn_local_date(p.since_at) <= q.day union all"
    f" select t.day, t.channel, t.record_id_hash, {TOUCH_WORDS}, t.person_key, null, null, null, 'completed', null"
    " from completed as t join {journey.partner} as p on t.person_key = p.person_key"
    " and fn_local_date(p.since_at) <= t.day",
    {
        "partner_revenue": Part("case when fact = 'deal' then amount end"),
        "partner_training": Part(
            once("person_key", where="fact = 'completed'"),
            once("person_key", where="fact = 'partner'"),
            by={
                "total": OWN["total"],
                "channel": of_person("first_channel"),
                "industry": OF_PERSON["industry"],
            },
        ),
    },
    own_dimensions("total", "channel", "staff", "team", "product_line"),
)
