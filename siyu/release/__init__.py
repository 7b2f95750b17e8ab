"""Releases: write, swap, expire, and the history of snapshots."""
