"""Existing files as a dataset: which belong together, and what they turn out to be."""
