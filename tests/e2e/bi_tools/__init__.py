"""BI tools, each installed in an environment of its own, on a release and on the one after it."""
