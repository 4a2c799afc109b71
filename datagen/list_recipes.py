"""``datagen recipes``: the recipes that are shipped, or one of them in full."""

from datagen.config import RecipesConfig
from datagen.recipes.files import find_recipe, shipped_recipes, title


def list_recipes(config: RecipesConfig) -> str:
    """A line per recipe, or the YAML of one. Raises UsageError where there is no such recipe."""
    if config.name:
        return find_recipe(config.name).read_text(encoding="utf-8").rstrip()
    lines = [f"{name:10}  {title(path)}" for name, path in shipped_recipes().items()]
    return "\n".join([*lines, "datagen recipes NAME shows one; --recipe NAME uses it"])
