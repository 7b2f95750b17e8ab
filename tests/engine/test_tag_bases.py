"""What base models decide counts for the tags that read it, and for no other: thresholds, bands, vars, scopes."""

from __future__ import annotations

import pytest

from siyu.compile.project import Project
from siyu.compile.tag_slices import BaseSlicer, part_key, tag_slices, with_bases
from tests.engine.changed_rules import ChangedRules

pytestmark = pytest.mark.xdist_group("tag_bases")

# Every threshold, and the tags whose version changes with it. Most stand in the rule text of these tags.
THRESHOLDS: dict[str, set[str]] = {
    # lead_score_band reads journey.lead_score: how models of other schemas compute a figure is not a part of its rule.
    "score_half_life_days": set(),
    "score_halvings": set(),
    # Only checks of touches and acquisition_quality, which is no tag, read these.
    "bot_pause_seconds": set(),
    "acquisition_days": set(),
    "verified_name_channels": {"real_name_status"},
    "tier_days": {"customer_tier"},
    "fatigue_days": {"touch_fatigue"},
    # need_status is latent for those with the tag product_interest. price_interest reads person_subject, which has only
    # the touches of the longer one of interest_days and need_days.
    "interest_days": {
        "active_daypart", "behaviour_breadth", "best_touchpoint", "decision_factor", "need_status", "preferred_format",
        "price_interest", "product_interest", "top_topic",
    },
    "interest_touches": {"need_status", "product_interest"},
    "need_days": {"need_status", "price_interest"},
    "urgent_days": {"need_status"},
    "urgent_action_days": {"need_status"},
    "event_days": {"event_preference"},
    "course_half_percent": {"course_progress"},
    "watch_long_minutes": {"watch_depth"},
    "koc_days": {"group_role"},
    "rfm_days": {"rfm_segment"},
    "rfm_recent_days": {"rfm_segment"},
    "rfm_purchase_days": {"rfm_segment"},
    "rfm_amount": {"rfm_segment"},
    "default_margin_percent": {"ltv_band"},
    # Class models that a tag reads are not followed, so renewal_days and others of class 09 do not count for it.
    "peer_percent": {"cross_sell_gap"},
    "peer_companies": {"cross_sell_gap"},
    "lapse_days": {"repurchase_status"},
    "renewal_days": {"renewal_due", "warranty_status"},
    "churn_silent_days": {"churn_risk"},
    "churn_days": {"churn_risk"},
    "churn_csat": {"churn_risk"},
    "ticket_days": {"open_ticket"},
    "promoter_nps": {"advocacy"},
    # Only models of the audience read these.
    "fatigue_touches": set(),
    "silent_days": set(),
    "under_touches": set(),
    "new_contact_days": set(),
    "invite_points_min": set(),
}  # fmt: skip
VARS = {
    # group_role: koc and active look at the last activity_days days.
    "activity_days": {"activity_grade", "activity_trend", "active_channels_30d", "group_role"},
    "trend_percent": {"activity_trend"},
}


@pytest.fixture(scope="module")
def rules(project: Project) -> ChangedRules:
    return ChangedRules(project)


def test_a_threshold_counts_for_the_tags_that_it_decides(rules: ChangedRules) -> None:
    changed = {
        name: rules.with_value("thresholds", {"threshold": name}, value=str(int(value) + 1))
        for name, value in rules.pairs("thresholds", "threshold", "value")
    }
    # Those that KPIs and audiences alone read decide no tag, and are not all listed.
    assert {name: tags for name, tags in changed.items() if tags or name in THRESHOLDS} == THRESHOLDS


def test_a_band_counts_for_its_tag(rules: ChangedRules) -> None:
    tags = list(dict(rules.pairs("tag_bands", "tag_code", "band")))
    assert len(tags) > 10
    assert {tag: rules.with_value("tag_bands", {"tag_code": tag}, band="other") for tag in tags} == {
        tag: {tag} for tag in tags
    }


def test_a_var_counts_for_the_tags_that_it_decides(rules: ChangedRules, project: Project) -> None:
    assert {name: rules.with_var(name, project.variables[name] + 1) for name in VARS} == VARS


def test_a_reason_counts_for_no_tag(rules: ChangedRules) -> None:
    for name in ("interest_days", "rfm_amount"):
        assert not rules.with_value("thresholds", {"threshold": name}, why="Another reason.")


def test_a_new_column_of_a_base_model_counts_for_no_tag(rules: ChangedRules) -> None:
    sql = {name: f"\n{rules.sql(name)}".rpartition("\nselect\n") for name in rules.bases}
    assert len(sql) > 5 and all(select for _, select, _ in sql.values())
    assert not rules.with_sql(
        {name: f"{head}{select}    1 as extra,\n{end}" for name, (head, select, end) in sql.items()}
    )


@pytest.mark.parametrize(
    ("model", "old", "new", "tags"),
    [
        ("tags.person_scope", "l.wecom_links > 0", "l.wecom_links > 1", {"add_way"}),
        ("tags.person_scope", "s.person_key is not null as is_served", "true as is_served",
         {"open_ticket", "service_satisfaction"}),
        ("tags.person_scope", "d.open_opportunities > 0", "d.open_opportunities > 1", {"purchase_timing"}),
        ("tags.person_scope", "t.person_key is not null as is_active_people", "true as is_active_people", set()),
        ("tags.person_activity", "bit_count(bit_or(behaviour_bits))", "bit_count(max(behaviour_bits))",
         {"behaviour_breadth"}),
        ("tags.person_activity", "bit_count(bit_or(behaviour_bits)) as behaviour_count",
         "bit_count(bit_or(behaviour_bits)) as behaviour_count, 7 as more", set()),
        ("tags.person_activity", "    b.days_since,", "    b.days_since + 1 as days_since,",
         {"churn_risk", "recency_band"}),
        ("tags.purchase_line", "coalesce(o.purchase_path, d.purchase_path)", "d.purchase_path", {"procurement_path"}),
        ("tags.device_owner", "d.sold_date,", "d.sold_date + 1 as sold_date,", set()),
    ],
)  # fmt: skip
def test_a_column_counts_for_the_tags_that_read_it(
    rules: ChangedRules, model: str, old: str, new: str, tags: set[str]
) -> None:
    sql = rules.sql(model)
    assert sql.count(old) == 1
    assert rules.with_sql({model: sql.replace(old, new)}) == tags


def test_sources_lie_behind_the_base_models(project: Project, rules: ChangedRules) -> None:
    found = {(rule.tag_code, rule.level): rule.source_models for rule in project.tag_rules}
    assert found["activity_grade", "person"] == "identity.person, journey.person_touch"
    assert found["warranty_status", "account"] == "identity.account, identity.record_person, records.device"
    assert found["customer_tier", "person"] == (
        "identity.person, identity.record_person, journey.deal_hold, records.deal"
    )
    assert "reference.products" in found["ltv_band", "person"]
    assert "tags.09_installed_base" in found["cross_sell_gap", "person"]
    assert "tags.person_activity" in rules.bases
    assert not [key for key, sources in found.items() if set(rules.bases) & set(sources.split(", "))]


COUNTS = "select person_key, count(*) as n, max(day) as last_day from journey.touch group by person_key"
BASE = f"""
with counts as ({COUNTS}), firms as (select person_key, firm from identity.employment where is_current)
select p.one_id, p.person_key, c.n, c.last_day, f.firm
from identity.person as p
left join counts as c on p.person_key = c.person_key
left join firms as f on p.person_key = f.person_key
"""
COLUMNS = {
    "identity.person": dict.fromkeys(("one_id", "person_key"), "varchar"),
    "identity.employment": dict.fromkeys(("person_key", "firm", "is_current"), "varchar"),
    "journey.touch": dict.fromkeys(("person_key", "day"), "varchar"),
    "tags.base": dict.fromkeys(("one_id", "person_key", "n", "last_day", "firm"), "varchar"),
}
REST = "0 as score, null as evidence_at, null as evidence_channel, 0 as source_count"
TAGS = f"""
select one_id, 'much' as tag_code, n as tag_value, {REST} from tags.base
union all
select one_id, 'firm' as tag_code, firm as tag_value, {REST} from tags.base
"""


def slices(base: str, grain: tuple[str, ...] = ("one_id",)) -> dict[str, tuple[str, list[str]]]:
    """Return the version and the sources of each tag of TAGS."""
    found = tag_slices(TAGS, COLUMNS, {}, "one_id", ["tags.base"])["slices"]
    asked = [read for part in found.values() for read in part["rows"]]
    assert [read[0] for read in asked] == ["tags.base"] * 2
    slicer = BaseSlicer(base, COLUMNS, {}, [], grain)
    facts = [slicer.part(read) for read in asked]
    parts = dict(zip(map(part_key, asked), facts, strict=True))
    whole = {code: with_bases(part, parts) for code, part in found.items()}
    return {code: (part["text"], part["sources"]) for code, part in whole.items()}


def test_a_left_join_that_a_grain_keeps_from_adding_rows_does_not_count() -> None:
    found = slices(BASE)
    assert found["much"][1] == ["identity.person", "journey.touch"]
    assert found["firm"][1] == ["identity.employment", "identity.person"]
    other = slices(BASE.replace("where is_current", "where not is_current"))
    assert other["much"] == found["much"] and other["firm"] != found["firm"]


@pytest.mark.parametrize(
    ("old", "new", "grain"),
    [
        ("", "", ()),
        ("", "", ("one_id", "firm")),
        ("left join firms", "inner join firms", ("one_id",)),
        ("f.person_key\n", "f.person_key where f.firm <> 'x'\n", ("one_id",)),
        ("f.person_key\n", "f.person_key qualify row_number() over (partition by p.one_id order by c.n) = 1\n",
         ("one_id",)),
        ("p.one_id, p.person_key, c.n, c.last_day, f.firm",
         "p.one_id, p.person_key, count(c.n) as n, c.last_day, max(f.firm) as firm", ("one_id",)),
    ],
)  # fmt: skip
def test_a_join_that_may_change_rows_counts(old: str, new: str, grain: tuple[str, ...]) -> None:
    base = BASE.replace(old, new) if old else BASE
    assert slices(base, grain)["much"][1] == ["identity.employment", "identity.person", "journey.touch"]
