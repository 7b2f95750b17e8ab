"""What a release does not have because the setting families left it out."""

from __future__ import annotations

from siyu.errors import WrongQuestion
from siyu.release.releases import Release
from siyu.settings import FAMILIES


def lacks_family(release: Release, schema: str) -> bool:
    """Whether a schema is a family that the settings left out. The release may still have what other families read."""
    return schema in FAMILIES and schema not in release.families


def require_family(release: Release, schema: str, further: str = "") -> None:
    """Raise WrongQuestion if the settings left out a schema. `further` ends the sentence."""
    if lacks_family(release, schema):
        raise WrongQuestion(
            f"the release was built without the family {schema}{further}",
            f"the release {release.name}; the setting families named {', '.join(release.families)}",
            f"add {schema} to families in siyu.toml or SIYU_FAMILIES; the next siyu run builds it.",
        )
