"""The Chinese names of columns in schema bi: the comment of a column begins with one, as in `-- 阶段. Stage now.`"""

from __future__ import annotations

import re
from collections.abc import Sequence

from siyu.compile.model_files import BUSINESS
from siyu.compile.project import Column, CompiledModel
from siyu.compile.semantics import check_columns
from siyu.errors import ConfigError, raise_all

NAMED = re.compile(r"([^.]*[\u4e00-\u9fff][^.]*)\. (.+)", re.DOTALL)


def chinese_name(description: str) -> str:
    """Return the Chinese name in front of a description; '' without one."""
    found = NAMED.match(description)
    return found[1].strip() if found else ""


def check_business(model: CompiledModel) -> None:
    """Raise ConfigError if a bound model says something wrong about its columns in config(), or lacks Chinese names."""
    check_columns(model.model, model.config, {column.name: column.type for column in model.columns})
    if model.model.schema == BUSINESS:
        check_names(model.name, model.model.file, model.columns)


def check_names(model: str, file: str, columns: Sequence[Column]) -> None:
    """Raise ConfigError for columns without a Chinese name."""
    raise_all([
        ConfigError(
            f"{column.name} of {model} has no Chinese name: tables of schema {BUSINESS} have one for each column",
            file,
            "begin the comment with the name and a full stop: -- 阶段. Stage now.",
        )
        for column in columns
        if not chinese_name(column.description)
    ])  # fmt: skip
