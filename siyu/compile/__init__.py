"""Compile contracts, reference tables and model files to checked SQL."""
