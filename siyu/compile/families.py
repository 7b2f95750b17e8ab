"""Which models a deployment builds: those of the families in its settings, and everything that these read.

A model that nobody needs is not even rendered, so a mistake in it stops no night, and compiling takes less time.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from siyu.compile.bind import names_in
from siyu.compile.cache import Cache
from siyu.compile.model_files import BUSINESS, SCHEMAS, Model
from siyu.errors import ConfigError
from siyu.layers import LayerFile, layer_files, read_yaml
from siyu.settings import FAMILIES, Settings

QUERY = "query"  # ending of the arguments of expectations that are queries
# What a family cannot do without. The KPIs read tags and segments, too, but only in models that are found by folder.
NEEDED = {
    "identity": (),
    "journey": ("identity",),
    "tags": ("identity", "journey"),
    "audience": ("identity", "journey", "tags"),
    "kpi": ("identity", "journey"),
}
COMMON = "base"  # the area of models that other families may read: they are built where somebody reads them
COLLECTS = re.compile(r"union_models\(\s*'([a-z_]+/[a-z_]+)'")
READS = re.compile(r"\bref\(\s*'([a-z0-9_.]+)'\s*\)")


def available(settings: Settings) -> set[str]:
    """Return the chosen families and those that they cannot do without."""
    return {*settings.families, *(name for family in settings.families for name in NEEDED[family])}


def roots(settings: Settings, models: Mapping[str, Model]) -> list[str]:
    """Return the models that are built because their family is chosen. Without a choice, all, by schema and name.

    Records and their sources are built as far as the families read them.
    """
    is_all = settings.families == FAMILIES
    schemas = [schema for schema in SCHEMAS if is_all or schema in (*settings.families, BUSINESS)]
    return [name for schema in schemas for name in sorted(models) if models[name].schema == schema]


def spared(settings: Settings, models: Mapping[str, Model]) -> set[str]:
    """Return the models that read a family which is not built, of those that are found by their folder, such as a KPI
    about tags, and of schema bi.

    They are left out: no other model names them.
    """
    folders = {folder for model in models.values() for folder in COLLECTS.findall(model.template)}
    schemas = {model.called: model.schema for model in models.values() if COMMON not in model.areas}
    return {
        name
        for name, model in models.items()
        if (model.schema == BUSINESS or any(f"{model.schema}/{area}" in folders for area in model.areas))
        and {schemas.get(table) for table in READS.findall(model.template)} & (set(FAMILIES) - available(settings))
    }


def closure(names: Iterable[str], reads: Callable[[str], AbstractSet[str]]) -> set[str]:
    """Return the names and everything that they read, directly or indirectly. `reads` is asked once about each name."""
    found = dict.fromkeys(names)
    pending = deque(found)
    while pending:
        for name in sorted(reads(pending.popleft()) - found.keys()):
            found[name] = None
            pending.append(name)
    return set(found)


def told(settings: Settings, built: Iterable[str]) -> str:
    """Say which families a night builds, for people who miss one; '' if it builds all."""
    others = [name for name in FAMILIES if settings.leaves_out(name)]
    schemas = {name.partition(".")[0] for name in built}
    partly, absent = ([name for name in others if (name in schemas) is is_built] for is_built in (True, False))
    parts = [f"only {', '.join(settings.families)} are built 仅构建"]
    parts += [f"of {', '.join(partly)} what these read 仅其所需"] if partly else []
    parts += [f"not built 未构建: {', '.join(absent)}"] if absent else []
    return f"families 模块: {'; '.join(parts)} (setting families)" if others else ""


class SuiteReads:
    """What the suites of chosen families read of these and of the families that they need.

    Such a table is built, because a check that is left out protects nobody. An expectation about another family is left
    out, and the night says so.

    `models` are all models of the layers.
    """

    def __init__(self, settings: Settings, models: AbstractSet[str], cache: Cache) -> None:
        self._settings, self._cache = settings, cache
        others = set(FAMILIES) - available(settings)
        self._models = {name for name in models if name.partition(".")[0] not in others}
        self._files = {suite_table(file): file for file in layer_files(settings.roots, "expectations", "**/*.yml")}

    def of(self, name: str) -> set[str]:
        """Return the models that the queries on a table name, if its family is chosen."""
        file = self._files.get(name)
        if file is None or name.partition(".")[0] not in self._settings.families:
            return set()
        found = self._cache.remember("suite reads", (file.read(),), lambda: sorted(names_in("\n".join(_queries(file)))))
        return {table for table in found if table in self._models}


def suite_table(file: LayerFile) -> str:
    """Return the table whose suite belongs into a file."""
    return ".".join(Path(file.name).with_suffix("").parts[1:])


def _queries(file: LayerFile) -> list[str]:
    """Return the queries of a suite. One that is not valid has none: whoever runs it reports the mistake."""
    try:
        found = read_yaml(file.read(), file.name)
    except ConfigError:
        return []
    listed = found.get("expectations") if isinstance(found, dict) else None
    arguments = [one.get("kwargs") for one in listed or [] if isinstance(one, dict)]
    return [
        str(value)
        for given in arguments
        if isinstance(given, dict)
        for key, value in given.items()
        if str(key).endswith(QUERY)
    ]
