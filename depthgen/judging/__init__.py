"""A depth prediction judged against measured depth; no networks, and nothing is written."""
