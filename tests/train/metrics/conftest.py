"""Real samples and answers to them."""

from pathlib import Path

import pytest

from tests.train.losses.scene import Scene, make_scene


@pytest.fixture(scope="session")
def scene(labelled: Path) -> Scene:
    """Eight samples of 96 px, truths and answers; read only."""
    return make_scene(labelled)
