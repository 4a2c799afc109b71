"""Datasets in foreign formats: one module each, and the card and metadata that all of them get."""
