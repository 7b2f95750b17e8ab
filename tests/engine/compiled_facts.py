"""Everything that a compilation yields, in a form that two processes can compare."""

from __future__ import annotations

from siyu.compile.cache import digest
from siyu.compile.project import Project


def facts(project: Project) -> dict[str, str]:
    """A digest of each model, and of what the project has beside them."""
    found: dict[str, object] = {
        name: (
            m.sql, m.materialized, sorted(m.config.items()), *map(sorted, (m.refs, m.sources, m.previous, m.tables)),
            m.rule_version, m.columns, m.refused, _sorted(project.lineage.get(name, {})),
        )
        for name, m in project.models.items()
    }  # fmt: skip
    found |= {
        "order": list(project.models), "graph": _sorted(project.graph), "tag rules": project.tag_rules,
        "tag readers": project.tag_readers, "segments": project.segments, "left out": sorted(project.left_out),
    }  # fmt: skip
    return {name: digest(fact) for name, fact in found.items()}


def _sorted(sets: dict[str, set[str]] | dict[str, set[tuple[str, str]]]) -> list[tuple[str, list[object]]]:
    return [(name, sorted(values)) for name, values in sorted(sets.items())]
