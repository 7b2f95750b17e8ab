"""Build: models become tables in a private database."""
