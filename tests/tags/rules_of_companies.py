"""Classes 07 to 09: companies, how they buy, and what they own."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal

from tests.tags.choices import listed, province_of
from tests.tags.rules_of_files import buying_role
from tests.tags.world import World

# 07 firmographics


def industry(world: World, account_id: str) -> str | None:
    return listed(world.reference("industries"), "industry", world.companies[account_id]["industry"])


def company_size(world: World, account_id: str) -> str | None:
    return listed(world.reference("company_sizes"), "company_size", world.companies[account_id]["size"])


def account_province(world: World, account_id: str) -> str | None:
    return province_of(world, world.companies[account_id]["province"])


# 08 account_relationship


def partner_kind(world: World, account_id: str) -> str:
    kinds = {row["account_type"].strip().lower(): row["partner_kind"] for row in world.reference("partner_kinds")}
    return str(kinds.get((world.companies[account_id]["account_type"] or "").strip().lower(), "none"))


def procurement_path(world: World, account_id: str) -> str | None:
    rows = [row for row in world.reference("tag_values") if row["tag_code"] == "procurement_path"]
    order = {row["tag_value"]: int(row["value_order"]) for row in rows}
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for line in world.purchases(account_id):
        amounts[line.path if line.path and line.path in order else "direct"] += max(line.amount, Decimal(0))
    return min(amounts, key=lambda path: (-amounts[path], order[path]), default=None)


def account_stage(world: World, account_id: str) -> str | None:
    return world.stages_of_companies.get(account_id)


def buying_group_coverage(world: World, account_id: str) -> set[str]:
    roles = {buying_role(world, row["one_id"]) for row in world.members.get(account_id, [])}
    return {role for role in roles if role}


# 09 installed_base


def owned_product_lines(world: World, account_id: str) -> dict[str, int]:
    products = [device["product_id"] for device in world.devices.get(account_id, [])]
    products += [line.product_id for line in world.purchases(account_id)]
    return dict(Counter(line for line in map(world.line_of_product, products) if line))


def device_count_band(world: World, account_id: str) -> str | None:
    return world.band("device_count_band", len(world.devices.get(account_id, [])))


def warranty_status(world: World, account_id: str) -> str:
    devices = world.devices.get(account_id, [])
    ends = [device["warranty_until"] for device in devices if device["warranty_until"]]
    soon = world.as_of + timedelta(days=world.number("renewal_days"))
    if not devices:
        return "none"
    if any(world.as_of <= end < soon for end in ends):
        return "expiring"
    if any(end >= soon for end in ends):
        return "active"
    return "expired" if ends else "unknown"


COMPANIES = {
    rule.__name__: rule
    for rule in (
        industry, company_size, account_province, partner_kind, procurement_path, account_stage,
        buying_group_coverage, owned_product_lines, device_count_band, warranty_status,
    )
}  # fmt: skip
