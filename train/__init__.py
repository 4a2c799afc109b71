"""Shards to a student: data, models, losses, metrics, fit, evaluate and predict."""
