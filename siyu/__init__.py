"""siyu (私域): a nightly customer-data pipeline for companies that sell through channels they own."""

__version__ = "0.1.0"
