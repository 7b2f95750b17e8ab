"""Analyse rendered SQL with sqlglot: what it reads, its columns and their comments, other dialects."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from siyu.compile.outside import reach_findings
from siyu.compile.portable import Finding, shape_findings
from siyu.compile.template import Rendered
from siyu.errors import ConfigError, SiyuError, nearest, raise_all

PII, PUBLIC = "[pii]", "[public]"


@dataclass(frozen=True)
class ColumnDoc:
    """A column of the final select and its comment. `pii` and `public` are true if the comment has that mark."""

    name: str
    description: str
    pii: bool
    public: bool = False


@dataclass(frozen=True)
class Parsed:
    """The syntax tree of a model, and what in it is outside the portable subset."""

    tree: exp.Query
    findings: tuple[Finding, ...]


@lru_cache(maxsize=512)
def _read(sql: str) -> tuple[exp.Expr, tuple[Finding, ...]] | None:
    """Return the syntax tree of a text and its findings, or None if the text is not exactly one query.

    Parsing takes half of the time of a compilation. The result is cached because a process that runs several nights
    compiles the same texts again. Copy a tree before you change it.
    """
    dialect = sqlglot.Dialect.get_or_raise("duckdb")
    tokens = dialect.tokenize(sql)
    trees = [tree for tree in dialect.parser().parse(tokens, sql) if tree is not None]
    if len(trees) != 1:
        return None
    return trees[0], (*shape_findings(tokens, trees[0]), *reach_findings(tokens, trees[0]))


def parse(rendered: Rendered) -> Parsed:
    """Parse the one query expression of a model. Raises ConfigError with the rendered line."""
    try:
        read = _read(rendered.sql)
    except SqlglotError as error:
        details = getattr(error, "errors", None) or [{}]
        line = details[0].get("line") or 0
        what = details[0].get("description") or str(error).splitlines()[0]
        raise ConfigError(
            f"the SQL of {rendered.model.name} cannot be parsed: {what}", where(rendered, line), "fix the query."
        ) from error
    if read is None or not isinstance(read[0], exp.Query):
        raise ConfigError(
            f"{rendered.model.name} is not one query expression",
            rendered.model.file,
            "write one select or union; config(materialized=…) says how the result is stored.",
        )
    return Parsed(read[0], read[1])


def rule_version(sql: str) -> str:
    """Return a hash of a query. Comments, line breaks and indentation do not count."""
    text = "\n".join(f"{token.token_type.name} {token.text}" for token in sqlglot.tokenize(sql, read="duckdb"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def where(rendered: Rendered, line: int) -> str:
    """Return the file and, if it is known, the rendered line with its text."""
    lines = rendered.sql.splitlines()
    if 0 < line <= len(lines):
        return f"{rendered.model.file} (rendered line {line}: {lines[line - 1].strip()[:120]})"
    return rendered.model.file


def check(rendered: Rendered, parsed: Parsed) -> None:
    """Raise ConfigError if a model reads tables without ref() or leaves the portable subset.

    The error lists every such problem.
    """
    errors = _direct(rendered, tables(parsed.tree))
    for finding in parsed.findings:
        errors.append(
            ConfigError(
                f"{finding.what} is outside the portable subset",
                where(rendered, finding.line),
                f"write {finding.instead}.",
            )
        )
    raise_all(errors)


def check_tables(rendered: Rendered, read: set[str]) -> None:
    """Raise ConfigError if a model reads tables without ref()."""
    raise_all(_direct(rendered, read))


def _direct(rendered: Rendered, read: set[str]) -> list[SiyuError]:
    fix = "name tables only through ref(), source() or previous()."
    return [
        ConfigError(
            f"{rendered.model.name} reads {table} directly",
            rendered.model.file,
            f"{fix} {nearest(table, rendered.relations)}".strip(),
        )
        for table in sorted(read - rendered.relations - {rendered.model.name})
    ]


def tables(tree: exp.Query) -> set[str]:
    """Return the relations that a query reads, without its own CTEs."""
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    found = set()
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and not (not table.db and table.name in ctes):
            found.add(f"{table.db}.{table.name}" if table.db else table.name)
    return found


def final_select(tree: exp.Expr) -> exp.Select:
    """Return the select that defines the columns of the model. In a union, this is the leftmost one."""
    found: Any = tree
    while isinstance(found, exp.SetOperation | exp.Subquery):
        found = found.this
    return found if isinstance(found, exp.Select) else exp.Select()


def column_docs(rendered: Rendered, tree: exp.Query) -> tuple[ColumnDoc, ...]:
    """Return each column with its comment.

    Raises ConfigError for a column without a name, with a repeated name or, outside staging, without a comment.
    """
    errors: list[SiyuError] = []
    docs: list[ColumnDoc] = []
    for item in final_select(tree).selects:
        text = " ".join(" ".join(comment.split()) for comment in item.comments or [])
        if not item.alias_or_name:
            errors.append(
                ConfigError(
                    f"a column of {rendered.model.name} has no name: {item.sql()[:60]}",
                    rendered.model.file,
                    "add as <name>.",
                )
            )
        elif not text and rendered.model.schema != "staging":
            errors.append(
                ConfigError(
                    f"the column {item.alias_or_name} of {rendered.model.name} has no comment",
                    rendered.model.file,
                    "add a trailing -- comment that says what it is, with [pii] for personal data.",
                )
            )
        if any(doc.name.lower() == item.alias_or_name.lower() for doc in docs):
            errors.append(
                ConfigError(
                    f"{rendered.model.name} has two columns called {item.alias_or_name}",
                    rendered.model.file,
                    "rename one.",
                )
            )
        docs.append(ColumnDoc(item.alias_or_name, *_marks(text)))
    raise_all(errors)
    return tuple(docs)


def _marks(text: str) -> tuple[str, bool, bool]:
    return text.replace(PII, "").replace(PUBLIC, "").strip(), PII in text, PUBLIC in text


def typed_columns(rendered: Rendered, tree: exp.Query) -> dict[str, str]:
    """Return the column types that the casts of the final select state, for a model that reads its own previous result.

    Raises ConfigError for a column without a cast.
    """
    found = {}
    for item in final_select(tree).selects:
        value = item.this if isinstance(item, exp.Alias) else item
        if not isinstance(value, exp.Cast):
            raise ConfigError(
                f"previous('{rendered.model.name}') needs the type of {item.alias_or_name}, which is not stated",
                rendered.model.file,
                "cast the column in the final select.",
            )
        found[item.alias_or_name] = value.to.sql(dialect="duckdb")
    return found


def to_dialect(tree: exp.Query, dialect: str) -> str:
    """Return the query in another dialect, as sqlglot prints it."""
    return tree.sql(dialect=dialect, pretty=True, normalize_functions=False)
