"""All files here use the engines of the model tests. Those stand in test_models.py, which layers copy."""

from tests.models.test_models import engines

__all__ = ["engines"]
