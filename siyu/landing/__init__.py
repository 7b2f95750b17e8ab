"""Landing: check export files against their contracts and store them as Parquet."""
