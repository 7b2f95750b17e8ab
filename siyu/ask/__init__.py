"""Questions about a release: explain, journey, and the decisions of people."""
