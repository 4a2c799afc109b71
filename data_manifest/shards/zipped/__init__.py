"""Shards in one stored zip."""
