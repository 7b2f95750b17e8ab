"""The site of a release: static pages that need no server and no network."""
