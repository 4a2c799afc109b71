"""Options that are shipped as YAML files, or a user's own such file: recipes, presets."""

from pathlib import Path
from typing import NamedTuple

from data_manifest.errors import UsageError


class Shipped(NamedTuple):
    """The YAML files of a folder by name; ``what`` is the option that takes one.

    ``listed_by`` is the command that shows them.
    """

    folder: Path
    what: str
    listed_by: str

    @property
    def files(self) -> dict[str, Path]:
        """The shipped files by name."""
        return {path.stem: path for path in sorted(self.folder.glob("*.yaml"))}

    def find(self, name: str) -> Path:
        """The shipped file, or the file called ``name``. Raises UsageError."""
        files = self.files
        if name in files:
            return files[name]
        if not Path(name).is_file():
            raise UsageError(
                f"There is no {self.what} {name}; give a YAML file, or one of {', '.join(files)}."
            )
        return Path(name)


def title(path: Path) -> str:
    """What a shipped file says of itself in its first line."""
    return path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
