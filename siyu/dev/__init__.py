"""Tools for people who work on models: build and check a selection, dry run, docs, init."""
