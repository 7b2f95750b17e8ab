"""Which model tests `siyu test` runs: those of the layers, of a selection, or of what has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from siyu.compile.cache import digest
from siyu.compile.compiler import compile_project
from siyu.compile.graph import select
from siyu.compile.model_files import load_models
from siyu.compile.project import Project
from siyu.dev.model_test_files import FOLDER, ModelTest, check_model_test, load_model_tests
from siyu.errors import ConfigError, raise_all
from siyu.layers import base_layer
from siyu.settings import Settings


@dataclass(frozen=True)
class Plan:
    """The cases to run. `untested` are models of the same layers and selection without a test. `left_out` are cases of
    models that the settings do not build."""

    project: Project
    tests: list[ModelTest]
    untested: list[str]
    left_out: list[ModelTest]

    def key(self, test: ModelTest) -> str:
        """Return a digest of what the result of a case depends on: the case, the model's SQL, the reference tables."""
        model = self.project.models[test.model]
        names = [name.removeprefix("reference.") for name in model.refs | model.sources]
        tables = sorted((name, self.project.references[name].sha256) for name in names & self.project.references.keys())
        case: Any = (test.title, test.as_of, test.where, repr(test.given), repr(test.expect))
        return digest(case, model.sql, model.materialized, repr(sorted(model.config.items())), tables)

    def close(self) -> None:
        """Release the engine of the compilation."""
        self.project.binder.close()


def tested_roots(settings: Settings, with_base: bool) -> tuple[Path, ...]:
    """Return the layers whose tests run: the company's own, if there are any; with `with_base`, the base layer, too."""
    return settings.roots if with_base or not settings.layers else settings.layers


def plan_tests(settings: Settings, expressions: Sequence[str] = (), with_base: bool = False) -> Plan:
    """Read the tests and compile the models. Raises ConfigError with every mistake of models, or else of tests."""
    roots = tested_roots(settings, with_base)
    models = load_models(settings)
    tests = load_model_tests(roots, models)
    if not tests:
        raise _no_tests(roots)
    project = compile_project(settings, selection=expressions)
    try:
        chosen = set(select(project.graph, expressions, project.left_out))
        mine = [test for test in tests if test.model in chosen]
        raise_all([error for test in mine for error in check_model_test(project, test)])
    except ConfigError:
        project.binder.close()
        raise
    tested = {test.model for test in tests}
    own = [name for name in chosen - tested if name in models and _is_below(models[name].path, roots)]
    left_out = [] if expressions else [test for test in tests if test.model not in chosen]
    return Plan(project, mine, sorted(own), left_out)


def _is_below(path: Path, roots: Sequence[Path]) -> bool:
    return any(path.is_relative_to(root) for root in roots)


def _no_tests(roots: Sequence[Path]) -> ConfigError:
    """Return the error of layers without a test, with what to do about it."""
    if roots == (base_layer(),):
        fix = "set layers to test your own. The base layer that an installed siyu brings has no tests."
        return ConfigError("there is no model test", str(roots[0] / FOLDER), fix)
    for root in roots:
        beside = sorted((root.parent / "tests").glob("*/*.yml"))
        if beside:
            fix = f"tests are read in {FOLDER} of a layer: move {beside[0].parent} to {root / FOLDER}."
            return ConfigError("no layer has a model test", str(root / FOLDER), fix)
    fix = f"write {FOLDER}/<schema>/<table>.yml; docs/layers.md shows one."
    if base_layer() in roots:
        fix += " The base layer that an installed siyu brings has no tests."
    return ConfigError("no layer has a model test", ", ".join(str(root / FOLDER) for root in roots), fix)
