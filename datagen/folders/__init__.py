"""Folders that are written: whose they are, and what is moved beside them."""
