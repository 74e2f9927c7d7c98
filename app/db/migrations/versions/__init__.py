"""One file a revision, named after its number."""
