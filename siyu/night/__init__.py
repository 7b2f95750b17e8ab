"""One night: open, land, build, check, publish."""
