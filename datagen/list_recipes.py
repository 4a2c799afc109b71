"""``datagen recipes``: the recipes that are shipped, or one of them in full."""

from data_manifest.commands.shipped import title
from datagen.config import RecipesConfig
from datagen.recipes import RECIPES


def list_recipes(config: RecipesConfig) -> str:
    """A line per recipe, or the YAML of one. Raises UsageError where there is no such recipe."""
    if config.name:
        return RECIPES.find(config.name).read_text(encoding="utf-8").rstrip()
    lines = [f"{name:10}  {title(path)}" for name, path in RECIPES.files.items()]
    return "\n".join([*lines, "datagen recipes NAME shows one; --recipe NAME uses it"])
