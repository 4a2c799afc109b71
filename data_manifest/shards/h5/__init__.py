"""Shards in one HDF5 file."""
