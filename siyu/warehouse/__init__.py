"""The warehouse folder: ledger, files, lock."""
