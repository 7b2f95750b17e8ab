"""The files of model tests: `tests/models/<schema>/<table>.yml` in a layer. Each has the cases of one model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.compile.template import previous_relation
from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.layers import TEST_FOLDERS, YamlFile, layer_files, misspelt_folders, read_yaml_file

FOLDER = "tests/models"
AS_OF = "2026-06-30"
FILE_KEYS = ("model", "cases")
CASE_KEYS = ("name", "as_of", "given", "where", "expect")
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class ModelTest:
    """One case: rows of what a model reads, and the rows that it must yield.

    `given` maps a relation (a model, `raw.<channel>__<export>`, an ops source, `previous.<schema>__<table>`) to rows;
    columns that are not named are NULL, relations that are not named are empty, reference tables are the real ones
    unless given. `expect` names only the columns that matter; `where` narrows the rows that are compared.
    """

    model: str
    name: str
    expect: Rows
    given: Mapping[str, Rows] = field(default_factory=dict)
    as_of: str = AS_OF
    where: str = "true"
    file: str = ""
    number: int = 0
    text: YamlFile = field(default_factory=lambda: YamlFile(None, {}), repr=False, compare=False)

    @property
    def title(self) -> str:
        """The model and the name of the case."""
        return f"{self.model}: {self.name}"

    def place(self, *path: str | int) -> str:
        """Return the file and the line of a part of the case."""
        return f"{self.file}:{self.text.line('cases', self.number, *path)}"


def case_of(
    model: str, data: Mapping[str, Any], file: str = "", number: int = 0, text: YamlFile | None = None
) -> ModelTest:
    """Return a case as it is written in a file."""
    return ModelTest(
        model, str(data.get("name", "")), data["expect"], data.get("given") or {}, str(data.get("as_of", AS_OF)),
        data.get("where", "true"), file, number, text or YamlFile(None, {}),
    )  # fmt: skip


def load_model_tests(roots: Sequence[Path], models: Iterable[str]) -> list[ModelTest]:
    """Return the cases of all layers, by file. `models` are the names of all models.

    A later layer's file replaces one of the same name. Raises ConfigError with every mistake at once.
    """
    known, found, errors = sorted(models), [], list[SiyuError]()
    for root in roots:
        errors += misspelt_folders(root, TEST_FOLDERS)
    for file in layer_files(tuple(roots), FOLDER, "**/*.yml"):
        try:
            text = read_yaml_file(file.read(), str(file.path))
        except ConfigError as error:
            errors += getattr(error, "errors", [error])
            continue
        wrong = list(_file_problems(text, str(file.path), known))
        errors += wrong
        if not wrong:
            cases = enumerate(text.data["cases"])
            found += [case_of(text.data["model"], case, str(file.path), number, text) for number, case in cases]
    raise_all(errors)
    return found


def _file_problems(text: YamlFile, file: str, models: Sequence[str]) -> Iterator[ConfigError]:
    data = text.data
    if not isinstance(data, dict) or not isinstance(data.get("cases"), list) or not data["cases"]:
        fix = "write model: schema.table, and under cases: a list of cases, each with name, given and expect."
        yield ConfigError("a model test names a model and has cases", f"{file}:{text.line('cases')}", fix)
        return
    yield from _unknown_keys(text, file, data, FILE_KEYS)
    model = data.get("model")
    if model not in models:
        tables = [name for name in models if name.endswith(f".{model}")]
        fix = f"write {tables[0]}." if tables else nearest(str(model), models)
        yield ConfigError(f"there is no model {model}", f"{file}:{text.line('model')}", fix)
    names: dict[str, int] = {}
    for number, case in enumerate(data["cases"]):
        if not isinstance(case, dict):
            place = f"{file}:{text.line('cases', number)}"
            yield ConfigError("a case has name, given and expect", place, "write them as keys of the case.")
            continue
        yield from _case_problems(text, file, case, number)
        if first := names.get(str(case.get("name"))):
            place = f"{file}:{text.line('cases', number, 'name')}"
            yield ConfigError(f"two cases have this name, also in line {first}", place, "rename one.")
        names[str(case.get("name"))] = text.line("cases", number, "name")


def _unknown_keys(
    text: YamlFile, file: str, data: Mapping[str, Any], known: Sequence[str], *path: str | int
) -> Iterator[ConfigError]:
    for key in data:
        if key not in known:
            yield ConfigError(
                f"a model test has no key {key}", f"{file}:{text.line(*path, str(key))}", nearest(str(key), known)
            )


def _case_problems(text: YamlFile, file: str, case: Mapping[str, Any], number: int) -> Iterator[ConfigError]:
    def place(*path: str | int) -> str:
        return f"{file}:{text.line('cases', number, *path)}"

    yield from _unknown_keys(text, file, case, CASE_KEYS, "cases", number)
    if not str(case.get("name") or "").strip():
        yield ConfigError("the case has no name", place(), "say in its name what it shows.")
    if not _are_rows(case.get("expect")):
        fix = "write a list of rows, each as {column: value}; [] if no row is expected."
        yield ConfigError("expect is not a list of rows", place("expect"), fix)
    given = case.get("given") or {}
    if not isinstance(given, dict):
        yield ConfigError("given is not a mapping", place("given"), "write each relation as a key, and its rows below.")
    for name, rows in given.items() if isinstance(given, dict) else ():
        if not _are_rows(rows):
            fix = "write a list of rows, each as {column: value}; [] for no rows."
            yield ConfigError(f"{name} is not a list of rows", place("given", name), fix)
    if not isinstance(case.get("where", ""), str):
        yield ConfigError("where is not a condition", place("where"), "write SQL, such as one_id = 'P1'.")
    if not _is_date(case.get("as_of", AS_OF)):
        yield ConfigError(f"as_of is {case['as_of']}, which is not a date", place("as_of"), f"write {AS_OF}.")


def _are_rows(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def _is_date(value: Any) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def check_model_test(project: Project, test: ModelTest) -> Iterator[ConfigError]:
    """Yield an error for each relation that the model does not read, and for each column that does not exist."""
    reads = relations_read(project, test.model)
    for name, rows in test.given.items():
        if name not in reads:
            place, fix = test.place("given", name), nearest(name, reads) or f"it reads {', '.join(sorted(reads))}."
            yield ConfigError(f"{test.model} does not read {name}", place, fix)
            continue
        columns = column_types(project, test.model, name)
        for number, row in enumerate(rows):
            for column in row.keys() - columns.keys():
                place = test.place("given", name, number, column)
                yield ConfigError(f"{name} has no column {column}", place, nearest(column, columns))
    columns = column_types(project, test.model, test.model)
    for number, row in enumerate(test.expect):
        for column in row.keys() - columns.keys():
            place = test.place("expect", number, column)
            yield ConfigError(f"{test.model} has no column {column}", place, nearest(column, columns))


def relations_read(project: Project, model: str) -> set[str]:
    """Return the relations that a model reads when it is built: models, sources, earlier results."""
    compiled = project.models[model]
    found = compiled.refs | compiled.sources | {previous_relation(name) for name in compiled.previous}
    return found | ({previous_relation(model)} if compiled.materialized == "snapshot" else set())


def column_types(project: Project, model: str, name: str) -> dict[str, str]:
    """Return column -> type of a relation that a test of the model names."""
    own = name == previous_relation(model) and project.models[model].materialized == "snapshot"
    return project.binder.types(relation(model if own else name))
