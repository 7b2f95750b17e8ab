"""Splink 5, an outside matcher: train a model on the rows of a release, and predict pairs. Nothing else imports it.

The model is that of Fellegi and Sunter: u, how often two different people agree, from a random sample with a seed; m,
how often one person agrees with itself. The rules have joined records of one person by identifiers, so the m of names,
companies, places and titles is counted on those. Where people are rarely doubled, expectation maximisation would learn
it from strangers. The m of identifiers, and of the parts of a layer's composites, cannot be counted so, because they
have joined the records: expectation maximisation within blocks estimates it. No labels are needed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from siyu.ask.match_rows import ROWS, SAME, Blocking, Field, Rule
from siyu.engines.sql import quote_name
from siyu.errors import ConfigError

PAIRS = "match_pair"  # left_key, right_key, probability
SEED = 7
U_PAIRS = 2_000_000  # pairs of the random sample
EM_PAIRS = 1_000_000  # pairs of a block from which m is estimated
ALIKE, SIMILAR = 0.92, 0.8  # Jaro-Winkler
COUNTED = ("full_name", "company", "city", "title", "core", "region")  # fields whose m is counted on joined records
LEAST_COUNTED = 50  # pairs of joined records that both have the field
EDITS = 2  # a swap of two neighbouring digits is two edits
DIGITS = 6  # of a probability: the last digits of a sum depend on the order of its terms


@dataclass(frozen=True)
class Trained:
    """A model as Splink writes it, and the fields of which it could not learn how often one person agrees."""

    settings: dict[str, Any]
    untrained: tuple[str, ...]


def splink_version() -> str:
    """Return the version of Splink. Raises ConfigError if it is not installed."""
    try:
        import pyarrow  # noqa: F401 - Splink fails in the middle of the training without it
        import splink
    except ImportError as error:
        fix = 'install it beside siyu: pip install "siyu[splink]" -c constraints.txt.'
        raise ConfigError(f"Splink is not installed: {error}", "siyu match", fix) from error
    return str(splink.__version__)


def versions() -> dict[str, str]:
    """Return the versions that a model depends on."""
    return {name: version(name) for name in ("splink", "duckdb", "siyu")}


def trained(
    connection: Any, fields: Sequence[Field], blocking: Blocking, lessons: Sequence[Rule], prior: float
) -> Trained:
    """Train a model on the table ROWS, within the blocks of `lessons`. `prior`: the probability that two rows are one.

    The connection must have one thread: the order of the rows decides the last digits of the sums.
    """
    settings = _counted(connection, _settings(fields, blocking, prior).create_settings_dict("duckdb"))
    linker = _linker(connection, settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=U_PAIRS, seed=SEED)
    for rule in lessons:
        if rule.pair_count:
            _learn(linker, rule)
    settings = linker.misc.save_model_to_json()
    linker.table_management.delete_tables_created_by_splink_from_db()
    return Trained(_rounded(settings), _untrained(settings))


def predict(connection: Any, settings: dict[str, Any], blocking: Blocking, least: float) -> None:
    """Write the table PAIRS: the pairs of ROWS with at least this probability."""
    from splink import block_on

    rules = [block_on(*rule.parts).create_blocking_rule_dict("duckdb") for rule in blocking.used]
    if not rules:
        _write_pairs(connection, "select 0 as key_l, 0 as key_r, 0.0 as match_probability where false", least)
        return
    linker = _linker(connection, settings | {"blocking_rules_to_generate_predictions": rules})
    found = linker.inference.predict(threshold_match_probability=max(least - 0.001, 0.0), warning_mode="never")
    _write_pairs(connection, f"select key_l, key_r, match_probability from {found.physical_name}", least)
    linker.table_management.delete_tables_created_by_splink_from_db()


def scores(connection: Any, settings: dict[str, Any], sides: str) -> list[tuple[int, float]]:
    """Return (pair_no, probability) of pairs of rows in another table, with the frequencies of values of ROWS.

    Each pair_no of the table has two rows.
    """
    from splink import DuckDBAPI, Linker, block_on

    rule = block_on("pair_no").create_blocking_rule_dict("duckdb")
    whole = _linker(connection, settings | {"blocking_rules_to_generate_predictions": [rule]})
    api = DuckDBAPI(connection)
    own = settings | {"blocking_rules_to_generate_predictions": [rule], "additional_columns_to_retain": ["pair_no"]}
    linker = Linker(api.register(sides), own, log_level=None)
    for name in _frequent(settings):
        table = whole.table_management.compute_tf_table(name)
        linker.table_management.register_term_frequency_lookup(api.register(table.physical_name), name)
    found = linker.inference.predict(warning_mode="never")
    query = f"select pair_no_l, match_probability from {found.physical_name} order by pair_no_l"
    return [(int(number), round(float(p), DIGITS)) for number, p in connection.execute(query).fetchall()]


def _linker(connection: Any, settings: Any) -> Any:
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection)
    return Linker(api.register(ROWS), settings, log_level=None)


def _settings(fields: Sequence[Field], blocking: Blocking, prior: float) -> Any:
    from splink import SettingsCreator, block_on

    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="key",
        probability_two_random_records_match=prior,
        comparisons=[_comparison(field) for field in fields],
        blocking_rules_to_generate_predictions=[block_on(*rule.parts) for rule in blocking.used],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
        linker_uid="siyu",
    )


def _counted(connection: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with the m of the fields in COUNTED, by the table SAME. No level is impossible."""
    for comparison in settings["comparisons"]:
        name = comparison["output_column_name"]
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        both = f"{quote_name(f'{name}_l')} is not null and {quote_name(f'{name}_r')} is not null"
        cases = " ".join(f"when {level['sql_condition']} then {place}" for place, level in enumerate(levels[:-1]))
        query = f"select case {cases} else {len(levels) - 1} end, count(*) from {SAME} where {both} group by 1"
        found = dict(connection.execute(query).fetchall()) if name in COUNTED else {}
        total = sum(found.values())
        if total < LEAST_COUNTED:
            continue
        for place, level in enumerate(levels):
            level["m_probability"] = (found.get(place, 0) + 0.5) / (total + 0.5 * len(levels))
            level["fix_m_probability"] = True
    return settings


def _comparison(field: Field) -> Any:
    from splink import comparison_level_library as level
    from splink.comparison_library import CustomComparison

    left, right = quote_name(f"{field.name}_l"), quote_name(f"{field.name}_r")
    likeness = f"jaro_winkler_similarity({left}, {right})"
    box = [f"split_part({side}, '@', 1)" for side in (left, right)]
    between = {
        "label": [],
        "text": [f"{likeness} >= {ALIKE}", f"{likeness} >= {SIMILAR}"],
        "code": [f"{likeness} >= {SIMILAR} and levenshtein({left}, {right}) <= {EDITS}"],
        "mail": [f"{box[0]} = {box[1]}", f"{likeness} >= {ALIKE}"],
    }[field.how]
    levels = [
        level.NullLevel(field.name),
        level.ExactMatchLevel(field.name, term_frequency_adjustments=True),
        *(level.CustomLevel(condition) for condition in between),
        level.ElseLevel(),
    ]  # fmt: skip
    return CustomComparison([*levels], output_column_name=field.name)


def _learn(linker: Any, rule: Rule) -> None:
    from splink import block_on
    from splink.internals.exceptions import EMTrainingException

    sampled = {"max_pairs": EM_PAIRS} if rule.pair_count > EM_PAIRS else {}
    try:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule.parts), **sampled)
    except EMTrainingException:
        return  # nothing to compare within the block: what stays unknown is in Trained.untrained


def _untrained(settings: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        comparison["output_column_name"]
        for comparison in settings["comparisons"]
        if not any("m_probability" in level for level in comparison["comparison_levels"])
    )


def _frequent(settings: dict[str, Any]) -> list[str]:
    levels = [level for comparison in settings["comparisons"] for level in comparison["comparison_levels"]]
    return [level["tf_adjustment_column"] for level in levels if level.get("tf_adjustment_column")]


def _rounded(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with nine digits of each probability, so that the file does not depend on the machine."""

    def tidy(value: Any) -> Any:
        if isinstance(value, float):
            return float(f"{value:.9g}")
        if isinstance(value, dict):
            return {key: tidy(one) for key, one in value.items()}
        return [tidy(one) for one in value] if isinstance(value, list) else value

    tidied: dict[str, Any] = tidy(settings)
    return tidied


def _write_pairs(connection: Any, query: str, least: float) -> None:
    connection.execute(
        f"create or replace table {PAIRS} as select cast(least(key_l, key_r) as bigint) as left_key,"
        f" cast(greatest(key_l, key_r) as bigint) as right_key, max(round(match_probability, {DIGITS})) as probability"
        f" from ({query}) group by all having max(round(match_probability, {DIGITS})) >= {least}"
    )
