"""A user's picture files: found, decoded upright to eight bits, and shown to a person."""
