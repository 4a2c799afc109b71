"""What a shard says of itself."""

import json

from pydantic import BaseModel, ConfigDict

from data_manifest.header import Stages

H5_FORMAT = "diorama-h5"
VERSION = 1


class ShardLabel(BaseModel):
    """The dataset's fingerprint, the number of samples and the stages that this shard has."""

    model_config = ConfigDict(frozen=True)

    version: int = VERSION
    fingerprint: str
    samples: int
    stages: Stages = Stages()

    def stages_json(self) -> str:
        """The stages as JSON, as stored in the file."""
        return json.dumps(self.stages.model_dump(), sort_keys=True)
