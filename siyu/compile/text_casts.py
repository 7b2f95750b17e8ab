"""Casts over text from an export, which stop the night at the first value that does not fit, and what to write instead.

Only staging is checked: it reads texts that anybody may have typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from sqlglot import exp

from siyu.compile.portable import Finding

TEXTS = exp.DataType.TEXT_TYPES
# What a cast to a type becomes; {x} is the text.
INSTEAD = {
    "DATE": "fn_try_date({x}, '%Y-%m-%d'), with the format of the text or a list of formats",
    "TIME": "fn_try_timestamp({x}, '%Y-%m-%d %H:%M:%S'), with the format of the text or a list of formats",
    "NUMBER": "fn_try_decimal({x}, '.'), with the decimal mark of the text",
    "INTEGER": "cast(round(fn_try_decimal({x}, '.')) as bigint), with the decimal mark of the text",
    "OTHER": "try_cast({x} as …)",
}
# Functions whose result is a text if an argument is one.
KEEPS_TEXT = (
    exp.Trim, exp.Lower, exp.Upper, exp.Replace, exp.RegexpReplace, exp.RegexpExtract, exp.Substring, exp.Left,
    exp.Right, exp.SplitPart, exp.Coalesce, exp.Nullif, exp.DPipe, exp.Concat, exp.Paren, exp.Translate,
    exp.JSONExtractScalar,
)  # fmt: skip


def text_casts(tree: exp.Query, texts: Set[str]) -> Iterator[Finding]:
    """Yield the casts of text columns, given by name. A cast inside of case is guarded by its condition."""
    other = {alias.alias for alias in tree.find_all(exp.Alias) if not _is_text(alias.this, texts)}
    for cast in tree.find_all(exp.Cast):
        is_guarded = isinstance(cast, exp.TryCast) or cast.find_ancestor(exp.Case, exp.If) is not None
        # Behind a CTE, the name may stand for something else.
        columns = texts if _reads_source(cast.find_ancestor(exp.Select)) else texts - other
        if not is_guarded and cast.to.this not in TEXTS and _is_text(cast.this, columns):
            what = f"a cast of the text {cast.this.sql(dialect='duckdb')} to {cast.to.sql(dialect='duckdb').lower()}"
            yield Finding(what, 0, INSTEAD[_kind(cast.to)].format(x=cast.this.sql(dialect="duckdb")))


def _reads_source(select: exp.Select | None) -> bool:
    """Whether a select reads an export itself, and not through a CTE or subquery."""
    if select is None:
        return False
    read = [select.args.get("from_"), *(select.args.get("joins") or [])]
    return any(isinstance(part.this, exp.Table) and part.this.db == "raw" for part in read if part is not None)


def _is_text(value: exp.Expr, texts: Set[str]) -> bool:
    if isinstance(value, exp.Column):
        return value.name in texts
    if isinstance(value, exp.Case):
        branches = [*(branch.args["true"] for branch in value.args["ifs"]), value.args.get("default")]
        return any(_is_text(branch, texts) for branch in branches if branch is not None)
    is_macro = isinstance(value, exp.Anonymous) and value.name.lower() == "fn_trim"
    if is_macro or isinstance(value, KEEPS_TEXT):
        return any(_is_text(child, texts) for child in value.iter_expressions())
    return False


def _kind(to: exp.DataType) -> str:
    if to.this in (exp.DataType.Type.DATE, exp.DataType.Type.DATE32):
        return "DATE"
    if to.this in exp.DataType.TEMPORAL_TYPES:
        return "TIME"
    if to.this in exp.DataType.INTEGER_TYPES:
        return "INTEGER"
    return "NUMBER" if to.this in exp.DataType.NUMERIC_TYPES else "OTHER"


def text_columns(read: Mapping[str, Mapping[str, str]], sources: Set[str]) -> set[str]:
    """Return the text columns of the sources among the relations that a model reads (relation -> column -> type). A
    name that another relation has, too, is left out."""
    found = {
        name
        for relation in sources
        for name, kind in read.get(relation, {}).items()
        if kind.lower() == "varchar" and name != "_file"
    }
    return found - {name for relation, columns in read.items() if relation not in sources for name in columns}
