"""What changed against the last published night: people, IDs that merged or split, tags whose values moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siyu.compile.project import Project
    from siyu.engines.base import Session

SHOWN_TAGS = 3
ALIASES = {"identity.one_id_alias": "people 人", "identity.account_id_alias": "companies 公司"}
# Reasons of an alias. `kept` means that the ID remains, without what split off.
REASONS = {
    "merged": "merged 合并",
    "split": "split 拆分",
    "kept": "lost identifiers 失去标识",
    "withdrawn": "withdrawn 撤回",
}


@dataclass(frozen=True)
class Change:
    """A change of the night: `kind` is ids or tag."""

    kind: str
    name: str
    told: str
    value: float


def changes(session: Session, project: Project) -> list[Change]:
    """Return the IDs of people and companies that changed on the as_of day, and the tags that drifted most."""
    return [*_ids(session, project), *_tags(session, project)]


def _ids(session: Session, project: Project) -> list[Change]:
    found = []
    for table, whose in ALIASES.items():
        if table not in project.models:
            continue
        former = next(c.name for c in project.models[table].columns if c.name.startswith("former_"))
        rows = session.rows(
            f"select reason, count(distinct {former}) from {table} where since_date = fn_as_of()"
            " group by reason order by reason"
        )
        found += [Change("ids", table, f"{whose}: {n:,} {REASONS.get(reason, reason)}", n) for reason, n in rows]
    return found


def _tags(session: Session, project: Project) -> list[Change]:
    if "tags.tag_catalog" not in project.models:
        return []
    rows = session.rows(
        "select tag_code, name_zh, round(drift, 2)::double from tags.tag_catalog where round(drift, 2) > 0"
        f" order by drift desc, tag_code limit {SHOWN_TAGS}"
    )
    return [Change("tag", code, f"{code} {name}: PSI {drift:.2f}", drift) for code, name, drift in rows]
