"""Check the reference tables that rules are written in, all of them before anything is compiled."""

from __future__ import annotations

from collections.abc import Mapping

from siyu.errors import raise_all
from siyu.seeds.address_words import ADDRESS_TABLES
from siyu.seeds.alias_tables import ALIAS_TABLES
from siyu.seeds.audience_tables import AUDIENCE_TABLES, audience_errors
from siyu.seeds.candidate_tables import CANDIDATE_TABLES
from siyu.seeds.decisions import rule_errors
from siyu.seeds.evidence_tables import EVIDENCE_TABLES, evidence_errors
from siyu.seeds.fit_tables import FIT_TABLES, fit_errors
from siyu.seeds.handoff_tables import HANDOFF_TABLES, handoff_errors
from siyu.seeds.identifier_types import IdentifierTypes, load_identifier_types
from siyu.seeds.invite_tables import INVITE_TABLES, invite_errors
from siyu.seeds.kpi_tables import KPI_TABLES, kpi_table_errors
from siyu.seeds.matcher_tables import MATCHER_TABLES
from siyu.seeds.money_tables import currency_errors, exchange_rate_errors
from siyu.seeds.neighbour_limits import neighbour_limit_errors
from siyu.seeds.number_fields import number_field_errors
from siyu.seeds.placeholders import load_placeholders
from siyu.seeds.references import Reference, reference_rows
from siyu.seeds.rule_tables import TABLES
from siyu.seeds.table_checks import errors_of
from siyu.seeds.tag_tables import TAG_TABLES, tag_errors

ALL_TABLES = (
    TABLES | TAG_TABLES | ALIAS_TABLES | ADDRESS_TABLES | HANDOFF_TABLES | INVITE_TABLES | AUDIENCE_TABLES | KPI_TABLES
    | FIT_TABLES | MATCHER_TABLES | CANDIDATE_TABLES | EVIDENCE_TABLES
)  # fmt: skip


def checked_identifiers(tables: Mapping[str, Reference]) -> IdentifierTypes:
    """Return the identifier types. Raises ConfigError with every problem of all rule tables."""
    types, words = tables["identifier_types"], tables["placeholder_words"]
    placeholders = load_placeholders(reference_rows(words), words.edited, words.place)
    identifiers = load_identifier_types(reference_rows(types), types.edited, placeholders, types.place)
    rules, limits = tables["identity_rules"], tables["neighbour_limits"]
    rates, currencies = tables["exchange_rates"], tables["currencies"]
    raise_all(
        [
            *rule_errors(reference_rows(rules), identifiers, rules.edited),
            *neighbour_limit_errors(reference_rows(limits), limits.edited, limits.place),
            *exchange_rate_errors(reference_rows(rates), rates.place),
            *currency_errors(reference_rows(currencies), currencies.place),
            *number_field_errors(tables),
            *errors_of(tables, ALL_TABLES, identifiers),
            *tag_errors(tables),
            *handoff_errors(tables),
            *invite_errors(tables),
            *audience_errors(tables),
            *kpi_table_errors(tables),
            *fit_errors(tables),
            *evidence_errors(tables),
        ]
    )
    return identifiers
