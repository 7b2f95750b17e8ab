"""The records behind KPIs of groups: links of members, what they write, and what becomes of them."""

from __future__ import annotations

from siyu.ask.kpi_parts import ENDLESS, LINKS, OUTSIDERS, Evidence, Part, named, once, own_dimensions

KIND = own_dimensions("total") | {"group_kind": named("f.group_kind")}
MEMBERSHIP = ("chat_id", "person_key", "stretch_no")
# Links of members, each with the membership (the time in a group without a break) that it is part of.
MEMBERS = (
    f"{LINKS}, kinds as (select chat_id, min(group_kind) as group_kind from {{reference.groups}} group by chat_id),"
    f" ends as (select *, holder_id as chat_id, coalesce(ended_at, {ENDLESS}) as until_at from links"
    " where touchpoint = 'group' and holder_id is not null),"
    " gaps as (select *, case when started_at <= max(until_at) over (partition by chat_id, person_key"
    " order by started_at, channel, record_id_hash rows between unbounded preceding and 1 preceding)"
    " then 0 else 1 end as is_new from ends),"
    " numbered as (select *, sum(is_new) over (partition by chat_id, person_key"
    " order by started_at, channel, record_id_hash rows between unbounded preceding and current row) as stretch_no"
    " from gaps),"
    " joined as (select n.*, k.group_kind, min(started_at) over w as joined_at,"
    f" nullif(max(until_at) over w, {ENDLESS}) as left_at, coalesce(first_value(ended_by) over (partition by"
    " n.chat_id, person_key, stretch_no order by until_at desc, channel, record_id_hash) = 'person', false) as is_gone"
    " from numbered as n left join kinds as k on n.chat_id = k.chat_id"
    " window w as (partition by n.chat_id, person_key, stretch_no)),"
    " members as (select *, fn_local_date(joined_at) as joined_date, fn_local_date(left_at) as left_date,"
    " chat_id || ' since ' || fn_local_date(joined_at) || coalesce(', until ' || fn_local_date(left_at)"
    " || case when is_gone then ' by person' else '' end, '') as words from joined)"
)
# Days on which groups were live at the end, without a break, and the messages in them.
SPANS = (
    "lives as (select *, coalesce(left_date, date '9999-12-31') as end_date from members"
    " where coalesce(joined_date < left_date, true)),"
    " breaks as (select *, case when joined_date <= max(end_date) over (partition by chat_id"
    " order by joined_date, end_date, channel, record_id_hash rows between unbounded preceding and 1 preceding)"
    " then 0 else 1 end as is_first from lives),"
    " pieces as (select *, sum(is_first) over (partition by chat_id"
    " order by joined_date, end_date, channel, record_id_hash rows between unbounded preceding and current row)"
    " as span_no from breaks),"
    " spans as (select chat_id, min(joined_date) as from_date, max(end_date) as to_date from pieces"
    " group by chat_id, span_no),"
    " messages as (select t.*, t.group_id as chat_id from {journey.person_touch} as t"
    " where t.action = 'group_message' and t.direction = 'inbound' and t.group_id is not null"
    f" and not {OUTSIDERS})"
)
IS_MEMBER = "m.joined_date <= q.day and coalesce(m.left_date > q.day, true)"
GROUPS = Evidence(
    f"with {MEMBERS}, {SPANS}"
    " select q.day as as_of_date, m.channel, m.record_id_hash, m.words as what, m.person_key,"
    " cast(null as bigint) as account_key, m.chat_id, m.group_kind, m.stretch_no,"
    f" case when {IS_MEMBER} then 'member' else 'present' end as step, m.joined_date = q.day as is_joined,"
    " m.left_date is not distinct from q.day and m.is_gone as is_gone,"
    " exists (select 1 from spans as s where s.chat_id = m.chat_id and s.to_date > q.day"
    " and s.from_date <= q.day - {var.group_dead_days}) and not exists (select 1 from messages as t"
    " where t.chat_id = m.chat_id and t.occurred_date <= q.day and t.occurred_date > q.day - {var.group_dead_days})"
    " as is_dead from members as m cross join q where m.joined_date <= q.day and coalesce(m.left_date >= q.day, true)"
    " union all select distinct q.day, t.channel, t.record_id_hash, 'wrote ' || t.occurred_date || ' in ' || t.chat_id,"
    " t.person_key, null, t.chat_id, m.group_kind, m.stretch_no, 'written', false, false, false"
    " from messages as t cross join q join members as m on m.chat_id = t.chat_id and m.person_key = t.person_key"
    f" where {IS_MEMBER} and t.occurred_date >= m.joined_date and t.occurred_date <= q.day"
    " and t.occurred_date > q.day - {var.wau_days}",
    {
        "groups": Part(once("chat_id", where="step = 'member'")),
        "dead_groups": Part(once("chat_id", where="step = 'member' and is_dead")),
        "members": Part(once(*MEMBERSHIP, where="step = 'member'")),
        "group_active_rate": Part(
            once(*MEMBERSHIP, where="step = 'written'"), once(*MEMBERSHIP, where="step = 'member'")
        ),
        "join_rate": Part(once(*MEMBERSHIP, where="is_joined"), once(*MEMBERSHIP, where="step <> 'written'")),
        "leave_rate": Part(once(*MEMBERSHIP, where="is_gone"), once(*MEMBERSHIP, where="step <> 'written'")),
    },
    KIND,
)
AFTER, BEFORE = (once("person_key", "order_key", where=f"step = '{step}'") for step in ("after", "before"))
# Everybody who joined, with what they reached and bought since; and the orders around the first group of each.
GROUP_COHORTS = Evidence(
    f"with {MEMBERS},"
    " ranks as (select stage_rank from {kpi.dim_stage} where stage = 'intent'),"
    " reached as (select t.person_key, min(t.moved_at) as reached_at from {journey.stage_transition} as t"
    " join {kpi.dim_stage} as s on t.to_stage = s.stage cross join ranks as r where t.direction <> 'back'"
    " and s.stage_rank >= r.stage_rank group by t.person_key),"
    " orders as (select *, channel || ' ' || coalesce(deal_id, record_id_hash) as order_key from {kpi.revenue_line}"
    " where kind <> 'refund' and person_key is not null),"
    " bought as (select *, min(revenue_at) over w as bought_at, min(revenue_date) over w as bought_date from orders"
    " window w as (partition by person_key, order_key)),"
    " firsts as (select * from members qualify row_number() over (partition by person_key"
    " order by joined_at, chat_id, stretch_no, started_at, channel, record_id_hash) = 1)"
    " select m.joined_date as as_of_date, m.channel, m.record_id_hash, m.words || coalesce(', intent '"
    " || fn_local_date(e.reached_at), '') as what, m.person_key, cast(null as bigint) as account_key, m.chat_id,"
    " m.group_kind, m.stretch_no, 'join' as step, cast(null as varchar) as order_key,"
    " coalesce(e.reached_at > m.joined_at, true) as is_unsieved,"
    " coalesce(e.reached_at > m.joined_at and fn_local_date(e.reached_at) <= m.joined_date + {kpi.window_days}, false)"
    " as is_sieved, exists (select 1 from bought as b where b.person_key = m.person_key and b.bought_at >= m.joined_at"
    " and b.bought_date <= m.joined_date + {kpi.window_days}) as has_bought,"
    " f.person_key is not null as is_first from members as m left join reached as e on m.person_key = e.person_key"
    " left join firsts as f on m.person_key = f.person_key and m.chat_id = f.chat_id and m.stretch_no = f.stretch_no"
    " union all select f.joined_date, b.channel, b.record_id_hash, b.kind || coalesce(' ' || b.deal_id, '') || ' '"
    " || b.bought_date, f.person_key, null, f.chat_id, f.group_kind, f.stretch_no,"
    " case when b.bought_date > f.joined_date then 'after' else 'before' end, b.order_key, false, false, false, false"
    " from firsts as f join bought as b on f.person_key = b.person_key where b.bought_date <> f.joined_date"
    " and b.bought_date between f.joined_date - {kpi.window_days} and f.joined_date + {kpi.window_days}",
    {
        "sieve_rate": Part(
            once(*MEMBERSHIP, where="step = 'join' and is_sieved"),
            once(*MEMBERSHIP, where="step = 'join' and is_unsieved"),
        ),
        "group_conversion": Part(
            once(*MEMBERSHIP, where="step = 'join' and has_bought"), once(*MEMBERSHIP, where="step = 'join'")
        ),
        "group_uplift": Part(
            f"coalesce({AFTER}, -({BEFORE}))",
            once("person_key", where="step = 'join' and is_first"),
        ),
    },
    KIND,
)
