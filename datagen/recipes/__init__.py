"""Shipped recipes: what earlier systems drew, without their faults; a YAML file each."""
