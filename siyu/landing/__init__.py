"""Landing: export files become Parquet, checked against their contracts."""
