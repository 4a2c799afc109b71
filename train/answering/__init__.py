"""Answers to a user's own pictures, and panels to look at."""
