"""Shards as lists of picture files that lie in folders."""
