"""Compile: contracts, reference tables and model files become checked SQL."""
