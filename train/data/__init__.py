"""Samples as tensors: which, in which order, and how each is varied, by seed, epoch and number."""
