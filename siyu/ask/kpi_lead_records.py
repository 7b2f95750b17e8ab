"""The records behind KPIs of leads, stages, scenarios and calls to action."""

from __future__ import annotations

from siyu.ask.kpi_parts import EXCLUDED, OF_PERSON, OUTSIDERS, Evidence, Part, named, of_person, once, own_dimensions
from siyu.ask.kpi_reach_records import TALKS

# The move by which somebody became a lead, and when the person was won.
LEADS = (
    "moves as (select t.*, s.stage_rank from {journey.stage_transition} as t join {kpi.dim_stage} as s"
    " on t.to_stage = s.stage),"
    " won as (select person_key, min(moved_at) as moved_at from moves where to_stage = 'won' group by person_key),"
    " leads as (select t.* from moves as t where t.stage_rank >= {rule.lead_rank} and t.direction <> 'back'"
    f" and not exists ({EXCLUDED}) qualify row_number() over (partition by t.person_key order by t.moved_at,"
    " t.stage_rank, t.channel, t.record_id_hash) = 1)"
)
# The move by which somebody became a lead, and the first move to each stage with the one after it.
FUNNEL = Evidence(
    f"with {LEADS},"
    " reached as (select t.person_key, s.stage_rank, s.stage, t.channel, t.record_id_hash, t.moved_at,"
    " coalesce(min(case when t.stage_rank = s.stage_rank then t.moved_at end)"
    " over (partition by t.person_key, s.stage) > t.moved_at, true) as is_skipped"
    " from moves as t join {kpi.dim_stage} as s on t.stage_rank >= s.stage_rank where t.direction <> 'back'"
    f" and not {OUTSIDERS} qualify row_number() over (partition by t.person_key, s.stage"
    " order by t.moved_at, t.stage_rank, t.channel, t.record_id_hash) = 1),"
    " steps as (select a.person_key, a.channel, a.record_id_hash, a.moved_at, a.stage as before, s.stage,"
    " a.is_skipped, b.moved_at as next_at, b.channel as next_channel, b.record_id_hash as next_record,"
    " date_diff('day', fn_local_date(a.moved_at), fn_local_date(b.moved_at)) as step_days from reached as a"
    " join {kpi.dim_stage} as s on s.stage_rank = a.stage_rank + 1"
    " left join reached as b on b.person_key = a.person_key and b.stage_rank = s.stage_rank)"
    " select fn_local_date(l.moved_at) as as_of_date, l.channel, l.record_id_hash, 'lead ' || l.to_stage"
    " || coalesce(', won ' || fn_local_date(w.moved_at), '') as what, l.person_key,"
    " cast(null as bigint) as account_key, p.source_campaign_id as campaign_id, cast(null as varchar) as stage,"
    " 'lead' as step, date_diff('day', fn_local_date(l.moved_at), fn_local_date(w.moved_at)) as step_days"
    " from leads as l join {identity.person} as p on l.person_key = p.person_key"
    " left join won as w on l.person_key = w.person_key"
    " union all select fn_local_date(moved_at), channel, record_id_hash, before"
    " || coalesce(', ' || stage || ' ' || fn_local_date(next_at), ''), person_key, null, null, stage, 'stage',"
    " step_days from steps"
    " union all select fn_local_date(next_at), next_channel, next_record, stage || ', ' || before || ' '"
    " || fn_local_date(moved_at), person_key, null, null, stage, 'days', step_days from steps"
    " where next_at is not null and not is_skipped",
    {
        **{
            code: Part(
                f"case when step = '{step}' and step_days <= {{kpi.window_days}} then 1 end",
                f"case when step = '{step}' then 1 end",
            )
            for code, step in (("lead_to_won", "lead"), ("stage_conversion", "stage"))
        },
        "stage_days": Part("case when step = 'days' then step_days end", "case when step = 'days' then 1 end"),
    },
    own_dimensions("total", "channel", "campaign", "stage"),
)
# Everybody who entered a scenario, and the steps that they reached.
SCENARIO = Evidence(
    "select t.entered_date as as_of_date, t.channel, t.record_id_hash, t.scenario || ' ' || t.step_no || ' ' || t.step"
    " || ' ' || t.reached_date as what, t.person_key, cast(null as bigint) as account_key, t.scenario, t.step_no,"
    f" t.reached_date from {{journey.scenario_step}} as t where not {OUTSIDERS}",
    {"scenario_step_rate": Part(
        "case when step_no = cast(split_part(member, ':', 2) as bigint)"
        " and reached_date <= as_of_date + {kpi.window_days} then 1 end",
        once("person_key"),
    )},
    {"scenario_step": "f.scenario = split_part(q.member, ':', 1)"},
)  # fmt: skip
# Leads who were open at the end of a day, and leads who became so that day, with the touches of ours that they had got.
PERSON = own_dimensions("total") | {"channel": of_person("first_channel")} | OF_PERSON
LEAD_TOUCH = Evidence(
    f"with {LEADS},"
    " contacts as (select t.person_key, t.content_id, t.medium, min(t.occurred_at) as first_at,"
    " min(t.occurred_date) as first_date from {journey.person_touch} as t where t.direction = 'outbound'"
    f" and t.medium is distinct from 'group' and (t.outcome in ('delivered', 'clicked') or {TALKS})"
    " group by t.person_key, t.content_id, t.medium),"
    " cohort as (select l.*, 'cohort' as step, q.day, case when date_diff('day', q.day, fn_local_date(w.moved_at))"
    " <= {kpi.window_days} then w.moved_at end as won_at, q.day + {kpi.window_days} as last_date"
    " from leads as l cross join q left join won as w on l.person_key = w.person_key"
    " where fn_local_date(l.moved_at) = q.day),"
    " open as (select l.*, 'open', q.day, cast(null as timestamp), q.day from leads as l cross join q"
    " where exists (select 1 from {journey.stage_interval} as i join {kpi.dim_stage} as s on i.stage = s.stage"
    " where i.person_key = l.person_key and s.stage_rank >= {rule.lead_rank} and i.valid_from_date <= q.day"
    " and s.stage_rank < (select max(stage_rank) from {kpi.dim_stage} where stage = 'won')"
    " and coalesce(i.valid_to_date > q.day, true))),"
    " heard as (select l.*, (select count(*) from contacts as c where c.person_key = l.person_key"
    " and c.first_date <= l.last_date and coalesce(c.first_at < l.won_at, true)) as touch_count,"
    " not exists (select 1 from {journey.person_touch} as t where t.person_key = l.person_key"
    " and t.direction = 'inbound' and t.occurred_date <= l.day"
    " and t.occurred_date > l.day - {threshold.silent_days}) as is_silent"
    " from (select * from cohort union all select * from open) as l)"
    " select h.day as as_of_date, h.channel, h.record_id_hash, 'lead since ' || fn_local_date(h.moved_at)"
    " || ', touches of ours ' || h.touch_count || coalesce(', won ' || fn_local_date(h.won_at), '') as what,"
    " h.person_key, p.one_id, cast(null as bigint) as account_key, h.step, h.touch_count, h.is_silent, h.won_at,"
    " b.band from heard as h join {identity.person} as p on h.person_key = p.person_key"
    " left join {reference.tag_bands} as b on b.tag_code = 'six_touch_progress'"
    ' and h.touch_count >= coalesce(cast(b."from" as bigint), 0)'
    ' and coalesce(h.touch_count < cast(b."to" as bigint), true)',
    {
        "six_touch_share": Part(
            "case when step = 'open' and band = member then 1 end",
            "case when step = 'open' then 1 end",
            by={"touch_count": "true"},
        ),
        "conversion_by_touches": Part(
            "case when step = 'cohort' and won_at is not null then 1 end",
            "case when step = 'cohort' then 1 end",
            by={"touch_count": named("f.band")},
        ),
        "undertouched_leads": Part(
            "case when step = 'open' and is_silent and touch_count <= {threshold.under_touches} then 1 end"
        ),
    },
    {name: member for name, member in PERSON.items() if name not in ("segment", "industry")},
)
# The touch by which somebody first met a campaign, once for each of its calls to action.
ASKS = Evidence(
    "with calls as (select c.campaign_id, c.action, c.ask_level from {reference.calls_to_action} as c"
    " join {reference.ask_levels} as l on c.ask_level = l.ask_level),"
    " meetings as (select t.* from {journey.person_touch} as t semi join calls as c on t.campaign_id = c.campaign_id"
    f" where (t.direction = 'inbound' or t.outcome is distinct from 'failed') and not {OUTSIDERS}"
    " qualify row_number() over (partition by t.person_key, t.campaign_id"
    " order by t.occurred_date, t.channel, t.record_id_hash) = 1)"
    " select m.occurred_date as as_of_date, m.channel, m.record_id_hash, m.campaign_id || ' ' || c.action"
    " || coalesce(', done ' || d.completed_date, '') as what, m.person_key, cast(null as bigint) as account_key,"
    " m.campaign_id, c.ask_level, date_diff('day', m.occurred_date, d.completed_date) as done_days from meetings as m"
    " join calls as c on m.campaign_id = c.campaign_id left join {journey.ask_completion} as d"
    " on m.person_key = d.person_key and m.campaign_id = d.campaign_id and c.action = d.action",
    {"cta_completion": Part("case when done_days <= {kpi.window_days} then 1 end", "1")},
    own_dimensions("total", "channel", "campaign", "scene") | {"ask_level": named("f.ask_level")},
)
