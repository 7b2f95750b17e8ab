"""Reports of a run: events, summary, status page."""
