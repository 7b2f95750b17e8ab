"""Checks: suites run by Great Expectations."""
