"""The run key identifies a run: fingerprints of everything that the run reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from siyu.compile.cache import digest
from siyu.compile.project import Project
from siyu.landing.channel_status import ChannelStatus
from siyu.warehouse.ledger import LandedFile


def input_fingerprint(
    project: Project, files: Sequence[LandedFile], statuses: Sequence[ChannelStatus], landings: Mapping[int, date]
) -> str:
    """Return a digest of the files that landed, the landings, the reference tables, and which channels are stale."""
    landed = [
        (f.channel, f.export, f.identity, f.contract, f.landed_seq)
        for f in files
        if f.landed and f.channel in project.channels
    ]
    references = [(r.name, r.sha256) for r in project.references.values()]
    stale = [(s.channel, s.is_stale, s.reason) for s in statuses]
    return digest(landed, references, stale, sorted(landings.items()))
