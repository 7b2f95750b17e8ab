"""What a model says about itself for the semantic manifest of a release, in its config().

    config(entities={'person': 'person_id', 'account': 'account_id'}, time='revenue_date',
           measures={'*': 'count', 'revenue_amount': 'sum by revenue_date', 'lead_score': 'average',
                     'stage_rank': 'none'})

An entity is what tables are joined by: name -> column. A measure is a column and the way in which its rows become one
figure; 'none' means that they never do; '*' counts rows. `time` is the date by which they count; a measure that counts
by another one names it. In schema bi each numeric column has such a word, so that no
tool adds up what does not add up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from siyu.compile.model_files import BUSINESS, Model
from siyu.errors import ConfigError, nearest, raise_all

ENTITIES, MEASURES, TIME = SEMANTIC_KEYS = ("entities", "measures", "time")
NONE, COUNT, ROWS, BY = "none", "count", "*", " by "
AGGREGATIONS = ("sum", "average", "min", "max", "median", "count_distinct", COUNT, NONE)
NUMERIC = re.compile(r"(BIGINT|INTEGER|HUGEINT|SMALLINT|TINYINT|DOUBLE|FLOAT|DECIMAL.*)")
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def measures(config: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return column -> its aggregation, and the date by which it counts: '' if that is `time`."""
    found = {column: text.partition(BY) for column, text in config.get(MEASURES, {}).items()}
    return {column: (agg, date) for column, (agg, _, date) in found.items()}


def check_semantics(model: str, values: Mapping[str, Any]) -> None:
    """Raise ConfigError if the values of config() are not of the form above."""
    for key in (ENTITIES, MEASURES):
        found = values.get(key, {})
        if not isinstance(found, dict) or not all(isinstance(text, str) for pair in found.items() for text in pair):
            raise ConfigError(f"{key} of {model} is not a dictionary of texts", "", f"write {key}={{'…': '…'}}.")
    if not isinstance(values.get(TIME, ""), str):
        raise ConfigError(f"time of {model} is {values[TIME]!r}", "", "write the name of a column with dates.")
    raise_all([
        *(ConfigError(f"unknown aggregation {agg!r} of {column} in {model}", "", nearest(agg, AGGREGATIONS))
          for column, (agg, _) in measures(values).items() if agg not in AGGREGATIONS),
        *(ConfigError(f"the entity {name!r} of {model} is not a name", "", "use lower case, digits and single _.")
          for name in values.get(ENTITIES, {}) if not NAME.fullmatch(name)),
    ])  # fmt: skip


def check_columns(model: Model, config: Mapping[str, Any], types: Mapping[str, str]) -> None:
    """Raise ConfigError for a column that the model does not have, and for a numeric one of schema bi without a word.

    Publishing adds <name>_date to <name>_at.
    """
    found = measures(config)
    named = [*config.get(ENTITIES, {}).values(), *(name for name in found if name != ROWS)]
    named += [date for date in (config.get(TIME), *(date for _, date in found.values())) if date]
    errors = [
        ConfigError(f"config() of {model.name} names {name}, which it does not yield", model.file, nearest(name, types))
        for name in named
        if name not in types and f"{name.removesuffix('_date')}_at" not in types
    ]
    if model.schema == BUSINESS:
        errors += [
            ConfigError(
                f"{name} of {model.name} is a number, and nothing says whether it adds up",
                model.file,
                f"add '{name}' to measures in config(): {', '.join(AGGREGATIONS)}.",
            )
            for name, kind in types.items()
            if NUMERIC.fullmatch(kind) and name not in named
        ]
    raise_all(errors)
