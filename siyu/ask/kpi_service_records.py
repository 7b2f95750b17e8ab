"""The records behind KPIs of service: tickets, chats of staff, and the purchases that make customers."""

from __future__ import annotations

from siyu.ask.kpi_parts import OUTSIDERS, Evidence, Part, own_dimensions

# Every ticket up to as_of, with its times in hundredths of a minute and of an hour, counted in whole seconds.
CASES = (
    "tickets as (select t.channel, t.record_id_hash, r.person_key, r.account_key, t.ticket_id, t.opened_at,"
    " case when t.first_reply_at < fn_as_of_end() then t.first_reply_at end as first_reply_at,"
    " case when t.resolved_at < fn_as_of_end() then t.resolved_at end as resolved_at,"
    " t.opened_at + {var.service_sla_hours} * interval 1 hour as deadline_at, t.csat, t.nps from {records.ticket} as t"
    " left join {identity.record_person} as r on t.channel = r.channel and t.record_id_hash = r.record_id_hash"
    " where t.opened_at < fn_as_of_end()),"
    " cases as (select t.*, fn_local_date(t.opened_at) as opened_date,"
    " 'ticket ' || coalesce(t.ticket_id, '') || ' opened ' || fn_local_date(t.opened_at) as words,"
    " case when t.resolved_at is not null then fn_local_date(greatest(t.resolved_at, t.opened_at)) end"
    " as resolved_date, date_diff('second', date_trunc('second', t.opened_at),"
    " date_trunc('second', t.first_reply_at)) as reply_seconds,"
    " date_diff('second', date_trunc('second', t.opened_at), date_trunc('second', t.resolved_at))"
    f" as resolution_seconds from tickets as t where not {OUTSIDERS})"
)
EVENTS = ("minutes", "answers", "hours", "csat", "nps")


def _event(step: str, day: str, words: str, where: str, **values: str) -> str:
    """Return the query of what happened to tickets."""
    listed = ", ".join(f"{values.get(name, 'null')} as {name}" for name in EVENTS)
    return (
        f"select {day} as as_of_date, channel, record_id_hash, words || {words} as what, person_key, account_key,"
        f" '{step}' as step, cast(null as varchar) as staff_id, {listed} from cases where {where}"
    )


SERVICE = Evidence(
    f"with {CASES} "
    + " union all ".join(
        (
            _event(
                "reply", "opened_date", "', first reply ' || fn_local_date(first_reply_at)",
                "first_reply_at >= opened_at", answers="1",
                minutes="cast(floor((10 * reply_seconds + 3) / 6.0) / 100.0 as decimal(18, 2))",
            ),
            "select day, channel, record_id_hash, chats || ' chats of ' || staff_id, null, null, 'reply', staff_id,"
            " first_reply_minutes * chats, chats, null, null, null from {records.staff_day}"
            " where first_reply_minutes >= 0 and chats > 0 and day <= fn_as_of()",
            _event(
                "solution", "resolved_date", "', resolved ' || resolved_date", "resolved_at >= opened_at",
                hours="cast(floor((resolution_seconds + 18) / 36.0) / 100.0 as decimal(18, 2))",
            ),
            _event(
                "breach", "fn_local_date(deadline_at)",
                "coalesce(', first reply ' || fn_local_date(first_reply_at), '')",
                "deadline_at < fn_as_of_end() and coalesce(first_reply_at > deadline_at, true)",
            ),
            _event(
                "mark", "fn_local_date(case when resolved_at > opened_at then resolved_at else opened_at end)",
                "coalesce(', satisfaction ' || csat, '') || coalesce(', NPS ' || nps, '')",
                "csat is not null or nps is not null", csat="csat", nps="nps",
            ),
        )
    ),
    {
        "first_reply_minutes": Part("minutes", "answers", by=own_dimensions("total", "channel", "staff", "team")),
        "resolution_hours": Part("hours", "case when hours is not null then 1 end"),
        "sla_breaches": Part("case when step = 'breach' then 1 end"),
        "csat": Part("csat", "case when csat is not null then 1 end"),
        "nps": Part(
            "case when nps >= {threshold.promoter_nps} then 1 when nps <= {threshold.detractor_nps} then -1"
            " when nps is not null then 0 end",
            "case when nps is not null then 1 end",
        ),
    },
    own_dimensions("total", "channel", "segment", "industry"),
)  # fmt: skip
# Tickets that are open at the end of a day, tickets of the last days, and the first purchase of every customer.
TICKETS = Evidence(
    f"with {CASES},"
    " firsts as (select t.* from {kpi.revenue_line} as t where t.kind <> 'refund' and t.person_key is not null"
    f" and not {OUTSIDERS} qualify row_number() over (partition by t.person_key"
    " order by t.revenue_date, t.revenue_at, t.channel, t.record_id_hash) = 1)"
    " select q.day as as_of_date, c.channel, c.record_id_hash,"
    " c.words || coalesce(', resolved ' || c.resolved_date, '') as what, c.person_key,"
    " c.account_key, 'open' as step from cases as c cross join q"
    " where c.opened_date <= q.day and coalesce(c.resolved_date > q.day, true) union all"
    " select q.day, c.channel, c.record_id_hash, c.words, c.person_key, c.account_key, 'ticket' from cases as c"
    " cross join q where c.opened_date <= q.day and c.opened_date > q.day - {var.mau_days} union all"
    " select q.day, l.channel, l.record_id_hash, 'customer since ' || l.revenue_date, l.person_key, l.account_key,"
    " 'customer' from firsts as l cross join q where l.revenue_date <= q.day",
    {
        "open_tickets": Part("case when step = 'open' then 1 end"),
        "tickets_per_customer": Part(
            "case when step = 'ticket' then 1 end", "case when step = 'customer' then 1 end",
            by=own_dimensions("total", "segment"),
        ),
    },
    own_dimensions("total", "channel", "segment", "industry"),
)  # fmt: skip
