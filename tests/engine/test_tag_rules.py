"""The rule of a tag: its version changes when what decides the tag does, and only then (siyu/compile/tag_slices.py)."""

from __future__ import annotations

import random
import re

import duckdb
import pytest

from siyu.compile.lineage import qualified_scope
from siyu.compile.slices import Slicer
from siyu.compile.tag_slices import COLUMNS, tag_slices, tag_version

READ = {
    "identity.person": dict.fromkeys(("person_key", "one_id", "title"), "varchar"),
    "journey.person_touch": dict.fromkeys(("person_key", "channel", "days_ago"), "varchar"),
    "journey.stage": dict.fromkeys(("person_key", "stage"), "varchar"),
    "reference.bands": dict.fromkeys(("tag_code", "band", "min_days", "why"), "varchar"),
}
GRAINS = {"identity.person": ("person_key",), "journey.stage": ("person_key",)}
BANDS = """tag_code,band,min_days,why
recency,new,0,why not
recency,old,30,so be it
breadth,one,1,one
breadth,many,2,more
"""
REST = "cast(null as timestamp) as evidence_at, 'x' as evidence_channel, 1 as source_count"
MODEL = f"""
with touches as (
    select person_key, channel, days_ago, days_ago * 24 as hours_ago from journey.person_touch
),
bands as (
    select tag_code, band, cast(min_days as bigint) as least, why from reference.bands
),
counted as (
    select
        person_key,
        min(days_ago) as days_since,
        min(hours_ago) as hours_since,
        count(*) filter (where days_ago < 30) as recent,
        count(distinct channel) as channels
    from touches
    group by person_key
),
tagged as (
    select person_key, 'grade' as tag_code, case when recent > 2 then 'A' else 'B' end as tag_value, recent as score
    from counted
    union all
    select c.person_key, 'recency' as tag_code, b.band as tag_value, b.least as score
    from counted as c
    inner join bands as b on b.tag_code = 'recency' and c.days_since >= b.least
    qualify row_number() over (partition by c.person_key order by b.least desc) = 1
    union all
    select c.person_key, 'breadth' as tag_code, b.band as tag_value, b.least as score
    from counted as c
    inner join bands as b on c.channels = b.least
    where b.tag_code in ('breadth')
)
select p.one_id, t.tag_code, t.tag_value, t.score, {REST}
from tagged as t
inner join identity.person as p on t.person_key = p.person_key
"""
TAGS = {"grade", "recency", "breadth"}


def versions(sql: str = MODEL, bands: str = BANDS) -> dict[str, str]:
    header, *rows = (line.split(",") for line in bands.splitlines())
    tables = {"reference.bands": [dict(zip(header, row, strict=True)) for row in rows]}
    found = tag_slices(sql, READ, GRAINS, "one_id")
    assert not found["unclear"]
    return {code: tag_version(part, tables) for code, part in found["slices"].items()}


def sources(sql: str, code: str) -> list[str]:
    found: list[str] = tag_slices(sql, READ, GRAINS, "one_id")["slices"][code]["sources"]
    return found


def edited(*edits: tuple[str, str], sql: str = MODEL) -> str:
    for old, new in edits:
        assert sql.count(old) == 1, f"{old} occurs {sql.count(old)} times"
        sql = sql.replace(old, new)
    return sql


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {code for code in before.keys() | after.keys() if before.get(code) != after.get(code)}


def test_each_tag_reads_only_what_its_own_branch_reads() -> None:
    assert set(versions()) == TAGS
    assert len(set(versions().values())) == 3
    assert sources(MODEL, "grade") == ["identity.person", "journey.person_touch"]
    assert sources(MODEL, "recency") == ["identity.person", "journey.person_touch", "reference.bands"]


@pytest.mark.parametrize(
    ("edits", "tags"),
    [
        pytest.param([("recent > 2", "recent > 3")], {"grade"}, id="a threshold in a branch"),
        pytest.param([("days_ago < 30", "days_ago < 31")], {"grade"}, id="a threshold in a shared part"),
        pytest.param([("count(distinct channel)", "count(channel)")], {"breadth"}, id="a column of one tag"),
        pytest.param([("min(days_ago)", "max(days_ago)")], {"recency"}, id="another column of one tag"),
        pytest.param([("journey.person_touch", "journey.person_touch where channel = 'x'")], TAGS, id="a row filter"),
        pytest.param([("'x' as evidence_channel", "'y' as evidence_channel")], TAGS, id="evidence"),
        pytest.param([("'grade'", "'grades'")], {"grade", "grades"}, id="another code"),
        pytest.param([("least desc", "least")], {"recency"}, id="an order"),
    ],
)
def test_a_changed_rule_counts_for_the_tags_that_it_decides(edits: list[tuple[str, str]], tags: set[str]) -> None:
    assert changed(versions(), versions(edited(*edits))) == tags


NEW_PART = """stages as (
    select person_key, stage from journey.stage where stage <> 'lost'
),
latest as (
    select person_key, days_ago from journey.person_touch
    qualify row_number() over (partition by person_key order by days_ago, channel) = 1
),
sums as (
    select max(days_ago) as most from journey.person_touch
),
facts as (
    select c.person_key, c.days_since, c.recent, c.channels, s.stage, l.days_ago, u.most, j.stage as known_stage
    from counted as c
    left join stages as s on c.person_key = s.person_key
    left join latest as l on l.person_key = c.person_key
    left join journey.stage as j on c.person_key = j.person_key
    cross join sums as u
),
tagged as ("""
NEW_BRANCH = """
    union all
    select person_key, 'stage' as tag_code, stage as tag_value, days_ago + most as score from facts
)
select"""
FACTS = (
    ("tagged as (", NEW_PART),
    ("when recent > 2 then 'A' else 'B' end as tag_value, recent as score\n    from counted",
     "when recent > 2 then 'A' else 'B' end as tag_value, recent as score\n    from facts"),
    (")\nselect", NEW_BRANCH),
)  # fmt: skip


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param([("with touches", "/* Why. */ WITH\n\n  touches")], id="layout"),
        pytest.param([("from counted\n", "from counted -- Why.\n")], id="a comment"),
        pytest.param([("min(hours_ago)", "max(hours_ago)")], id="a column that no tag reads"),
        pytest.param([("days_ago * 24", "days_ago * 25")], id="a column below it"),
        pytest.param([(", why from", " from")], id="a column of a reference table that no tag reads"),
        pytest.param([("person_key, channel, days_ago, days", "days_ago, channel, person_key, days")], id="order"),
        pytest.param([("touches as (", "hits as ("), ("from touches", "from hits")], id="the name of a part"),
        pytest.param([("counted as c\n    inner join bands as b on c.",
                       "counted as n\n    inner join bands as b on n."),
                      ("select c.person_key, 'breadth'", "select n.person_key, 'breadth'")], id="an alias"),
        pytest.param([(")\nselect p", "), other as (select stage from journey.stage)\nselect p")], id="an unused part"),
        pytest.param([("('breadth')", "('breadth')\n    union all select person_key, 'new', 'yes', 1 from counted")],
                     id="a new branch"),
    ],
)  # fmt: skip
def test_what_decides_no_tag_does_not_count(edits: list[tuple[str, str]]) -> None:
    assert changed(versions(), versions(edited(*edits))) <= {"new"}


def test_the_order_of_branches_and_parts_does_not_count() -> None:
    head, *parts = re.split(r"\n(?=(?:touches|bands|counted) as \()", MODEL.replace("with touches", "with\ntouches"))
    assert len(parts) == 3
    touches, bands, rest = parts
    counted, tagged = rest.split("tagged as (")
    body, end = tagged.split(")\nselect p")
    branches = body.split("    union all\n")
    turned = "    union all\n".join(reversed(branches))
    sql = f"{head}\n{bands}\n{touches}\n{counted}tagged as (\n{turned})\nselect p{end}"
    assert sorted(sql.split()) == sorted(MODEL.split())
    assert versions(sql) == versions()


def test_a_new_tag_with_parts_of_its_own_changes_no_other() -> None:
    """The joins of the new tag add no rows: their keys are unique. Those that may add rows count for every reader."""
    model = edited(
        FACTS[1], ("tagged as (", "facts as (select c.person_key, c.recent from counted as c),\ntagged as (")
    )
    larger = edited(*FACTS)
    assert changed(versions(model), versions(larger)) == {"stage"}
    assert sources(larger, "grade") == ["identity.person", "journey.person_touch"]
    assert sources(larger, "stage") == ["identity.person", "journey.person_touch", "journey.stage"]
    for old, new in (
        ("stages as s on c.person_key = s.person_key", "stages as s on c.days_since > s.person_key"),
        ("order by days_ago, channel) = 1", "order by days_ago, channel) = 2"),
        ("left join stages", "inner join stages"),
        ("select max(days_ago) as most", "select days_ago as most"),
    ):
        assert changed(versions(larger), versions(edited((old, new), sql=larger))) == {"grade", "stage"}


@pytest.mark.parametrize(
    ("old", "new", "tags"),
    [
        ("recency,old,30", "recency,old,31", {"recency"}),
        ("breadth,many", "breadth,several", {"breadth"}),
        ("recency,old,30,so be it\n", "", {"recency"}),
        ("so be it", "another reason", set()),
        ("recency,new,0,why not\nrecency,old,30,so be it", "recency,old,30,so be it\nrecency,new,0,why not", set()),
        ("recency,new", "stage,many,7,more\nrecency,new", set()),
        ("recency,new,0", "recency,new,", {"recency"}),
    ],
)
def test_a_reference_row_counts_for_the_tags_that_it_can_decide(old: str, new: str, tags: set[str]) -> None:
    assert old in BANDS
    assert changed(versions(), versions(bands=BANDS.replace(old, new))) == tags


@pytest.mark.parametrize(
    ("edit", "row", "is_read"),
    [
        (("b.tag_code = 'recency' and", ""), "breadth,one", True),
        (("on b.tag_code = 'recency' and c.days_since", "on c.days_since"), "breadth,one", True),
        (("inner join bands as b on b.tag_code = 'recency'", "left join bands as b on b.tag_code = 'recency'"),
         "breadth,one", False),
        (("on b.tag_code = 'recency' and", "on (b.tag_code = 'recency' or c.days_since = 7) and"), "breadth,one", True),
        (("from reference.bands", "from reference.bands qualify row_number() over (order by min_days) < 9"),
         "breadth,one", True),
        (("from reference.bands", "from reference.bands qualify row_number() over (partition by tag_code order by band)"
          " < 9"), "breadth,one", False),
        (("from reference.bands", "from reference.bands limit 9"), "breadth,one", True),
    ],
)  # fmt: skip
def test_only_conditions_that_exclude_rows_exclude_them(edit: tuple[str, str], row: str, is_read: bool) -> None:
    sql = edited(edit)
    after = versions(sql, BANDS.replace(row, row.replace("one", "single")))
    assert ("recency" in changed(versions(sql), after)) is is_read


def test_sources_of_subqueries_and_of_semi_and_anti_joins_count() -> None:
    for part in (
        "semi join journey.stage as s on counted.person_key = s.person_key",
        "anti join lost as s on counted.person_key = s.person_key",
        "where person_key in (select person_key from lost)",
        "where exists (select 1 from lost as l where l.person_key = counted.person_key)",
        "inner join (select person_key as k from lost where stage = 'won') as l on counted.person_key = l.k",
    ):
        model = edited(("recent as score\n    from counted", f"recent as score\n    from counted {part}"),
                       ("counted as (", "lost as (select person_key, stage from journey.stage where stage = 'lost'),\n"
                                        "counted as ("))  # fmt: skip
        assert sources(model, "grade") == ["identity.person", "journey.person_touch", "journey.stage"], part
        assert sources(model, "breadth") == ["identity.person", "journey.person_touch", "reference.bands"]
        if "lost" in part:
            assert changed(versions(model), versions(edited(("stage = 'lost'", "stage = 'left'"), sql=model))) == {
                "grade"
            }


def test_a_part_that_two_tags_read_differently_is_cut_for_each() -> None:
    """`signals` is read with two texts; each tag has only the branch of its own."""
    sql = f"""
    with signals as (
        select person_key, 'stage' as signal, stage as value from journey.stage
        union all
        select person_key, 'touch' as signal, channel as value from journey.person_touch
    ),
    tagged as (
        select person_key, 'a' as tag_code, value as tag_value from signals where signal = 'stage'
        union all
        select s.person_key, 'b' as tag_code, s.value as tag_value
        from signals as s inner join identity.person as p on s.person_key = p.person_key and s.signal in ('touch')
    )
    select person_key as one_id, tag_code, tag_value, 1 as score, {REST} from tagged"""
    assert sources(sql, "a") == ["journey.stage"]
    assert sources(sql, "b") == ["identity.person", "journey.person_touch"]


def test_a_rank_over_all_tags_makes_every_tag_depend_on_all() -> None:
    sql = edited(("inner join identity.person as p on t.person_key = p.person_key\n",
                  "inner join identity.person as p on t.person_key = p.person_key\n"
                  "qualify row_number() over (partition by p.one_id order by t.score, t.tag_code) = 1\n"))  # fmt: skip
    assert changed(versions(sql), versions(edited(("recent > 2", "recent > 3"), sql=sql))) == TAGS
    within = sql.replace("partition by p.one_id", "partition by p.one_id, t.tag_code")
    assert changed(versions(within), versions(edited(("recent > 2", "recent > 3"), sql=within))) == {"grade"}


@pytest.mark.parametrize(
    "code", ["b.tag_code", "case when recent > 1 then 'x' else 'y' end", "'x' || 'y'", "cast(recent as varchar)"]
)
def test_a_code_that_is_not_a_text_is_told(code: str) -> None:
    sql = edited(("'breadth' as tag_code", f"{code} as tag_code"), ("cast(null as", "cast(null as"))
    found = tag_slices(sql, READ, GRAINS, "one_id")
    assert set(found["slices"]) == {"grade", "recency"}
    assert len(found["unclear"]) == 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sql", [MODEL, edited(*FACTS)], ids=["small", "large"])
def test_a_slice_gives_the_rows_of_its_tag(sql: str, seed: int) -> None:
    """Slices are not run; but if one lost what decides a tag, its rows would differ from those of the model."""
    chance = random.Random(seed)
    con = duckdb.connect()
    for schema in ("identity", "journey", "reference"):
        con.execute(f"create schema {schema}")
    con.execute("create table identity.person as select k as person_key, 'P' || k as one_id from range(20) as r(k)")
    con.execute("create table journey.stage (person_key bigint, stage varchar)")
    con.execute("create table journey.person_touch (person_key bigint, channel varchar, days_ago bigint)")
    con.execute("create table reference.bands (tag_code varchar, band varchar, min_days varchar, why varchar)")
    con.executemany("insert into reference.bands values (?, ?, ?, ?)", [r.split(",") for r in BANDS.splitlines()[1:]])
    touches = [(chance.randrange(20), chance.choice("abc"), chance.randrange(70)) for _ in range(60)]
    con.executemany("insert into journey.person_touch values (?, ?, ?)", touches)
    con.executemany("insert into journey.stage values (?, ?)",
                    [(k, chance.choice(["won", "lost"])) for k in range(0, 20, 2)])  # fmt: skip
    _, scope = qualified_scope(sql, READ)
    assert scope is not None
    columns = ", ".join(sorted(("one_id", *COLUMNS)))
    for code in versions(sql):
        slicer = Slicer(GRAINS)
        part = slicer.by_name(scope, ("one_id", *COLUMNS), {"tag_code": frozenset([code])})
        expected = con.execute(f"select {columns} from ({sql}) where tag_code = '{code}' order by all").fetchall()
        assert con.execute(f"select {columns} from ({_whole(slicer, part.text)}) order by all").fetchall() == expected
        assert expected or code == "stage"


def _whole(slicer: Slicer, text: str) -> str:
    """Return the text of a slice with the parts that it names."""
    texts = {part.digest: part.text for part in slicer._known.values()}
    named: dict[str, str] = {}

    def add(text: str) -> None:
        for digest in re.findall(r"part_([0-9a-f]{16})", text):
            if digest not in named:
                add(texts[digest])
                named[digest] = f"part_{digest} as ({texts[digest]})"

    add(text)
    return f"{'with ' + ', '.join(named.values()) if named else ''} {text}"
