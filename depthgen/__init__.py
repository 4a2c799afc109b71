"""Composites to depth: teachers, their weights, and the stage that labels a dataset."""
