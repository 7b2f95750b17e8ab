"""Questions about a release (explain, journey), and the decisions that people write down."""
