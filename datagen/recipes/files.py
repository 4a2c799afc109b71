"""Recipes as files: those that are shipped by name, and a user's own."""

from pathlib import Path

from data_manifest.errors import UsageError

_FOLDER = Path(__file__).parent


def shipped_recipes() -> dict[str, Path]:
    """The shipped recipes by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.yaml"))}


def find_recipe(name: str) -> Path:
    """The file of a shipped recipe, or the file called ``name``. Raises UsageError."""
    shipped = shipped_recipes()
    if name in shipped:
        return shipped[name]
    if not Path(name).is_file():
        raise UsageError(
            f"There is no recipe {name}; give a YAML file, or one of {', '.join(shipped)}."
        )
    return Path(name)


def title(path: Path) -> str:
    """What a recipe says of itself in its first line."""
    return path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
