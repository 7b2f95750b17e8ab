"""What a run did: events, summary, status page."""
