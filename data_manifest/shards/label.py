"""What a shard says of itself."""

import json

from pydantic import BaseModel, ConfigDict, field_validator

from data_manifest.depth_stage import DepthStage, Stages

H5_FORMAT = "diorama-h5"
FIRST_VERSION, DEPTH_VERSION = 1, 2
"""Of shards without depth, or with depth of earlier versions, and of shards with depth."""
VERSIONS = (FIRST_VERSION, DEPTH_VERSION)


class ShardLabel(BaseModel):
    """The dataset's fingerprint, the number of samples and the stages that this shard has."""

    model_config = ConfigDict(frozen=True)

    version: int = FIRST_VERSION
    fingerprint: str
    samples: int
    stages: Stages = Stages()

    @field_validator("version")
    @classmethod
    def _is_known(cls, version: int) -> int:
        if version not in VERSIONS:
            raise ValueError(f"version {version} isn't one of {VERSIONS}, which are known here")
        return version

    def with_depth(self, stage: DepthStage) -> "ShardLabel":
        """The label of the same shard with depth."""
        return self.model_copy(update={"version": DEPTH_VERSION, "stages": Stages(depth=stage)})

    def stages_json(self) -> str:
        """The stages as JSON, as stored in the file."""
        return json.dumps(self.stages.model_dump(), sort_keys=True)
