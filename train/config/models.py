"""The options of ``train models``."""

from pydantic import Field

from data_manifest.commands.group import CommandConfig


class ModelsConfig(CommandConfig):
    """Options of ``train models``."""

    name: str | None = Field(None, description="one student, such as timm:resnet18")
