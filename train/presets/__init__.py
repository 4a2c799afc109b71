"""Shipped presets: how earlier systems trained, without their faults; a YAML file each."""

from pathlib import Path

from data_manifest.commands.shipped import Shipped

PRESETS = Shipped(Path(__file__).parent, "preset", "train models")
