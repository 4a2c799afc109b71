"""Panels: what a student says beside what it was asked, for a person to look at."""
