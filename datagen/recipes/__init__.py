"""Shipped recipes: what earlier systems drew, without their faults; a YAML file each."""

from pathlib import Path

from data_manifest.commands.shipped import Shipped

RECIPES = Shipped(Path(__file__).parent, "recipe", "datagen recipes")
