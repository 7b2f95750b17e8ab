"""The night on the sample that the tests of golden/ run, too."""

from tests.golden.conftest import night

__all__ = ["night"]
