"""The night on the sample that the tests of golden/ run, too, and the engines of the model tests."""

from tests.golden.conftest import night
from tests.models.test_models import engines

__all__ = ["engines", "night"]
