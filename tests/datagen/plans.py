"""Plans of made-up source descriptions; a plan needs nothing else of a picture."""

import hashlib

from data_manifest.header import Source
from data_manifest.plan import Plan
from datagen.config import OverlayConfig
from datagen.planning.make_plan import make_plan
from datagen.planning.recipe import Recipe


def far_hash(number: int) -> str:
    """Perceptual hashes that lie about 32 bits from each other."""
    return hashlib.sha256(str(number).encode()).hexdigest()[:16]


def sources(kind: str, count: int) -> list[Source]:
    """Descriptions of pictures with boxes of every aspect; the plan needs nothing else of them."""
    boxes = [(0, 0, 40 + 37 * (i % 7), 60 + 29 * (i % 5)) for i in range(count)]
    return [
        Source(
            id=f"{kind}{i}",
            file=f"{kind}{i}.png",
            sha256=f"{kind}{i:04}",
            dhash=far_hash(i),
            size=(400, 300),
            box=box,
        )
        for i, box in enumerate(boxes)
    ]


def recipe(**options: object) -> Recipe:
    return Recipe.of(OverlayConfig.model_validate({"bg": "b", "fg": "f", **options}))


def described(**options: object) -> dict[str, object]:
    return recipe(**options).described()


def plan_of(bgs: int, fgs: int, **options: object) -> tuple[Plan, list[str]]:
    return make_plan(recipe(**options), sources("b", bgs), sources("f", fgs))
