"""The options that decide the pixels of a dataset."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from data_manifest.commands.options import Config, FrameSize, Numbers, Range, parse_weights
from data_manifest.header import LARGEST_SHARD, Codec
from data_manifest.record import MASK_FROM, MOST_OBJECTS, Size
from datagen.planning.key import DEFAULT_KEY, check_template

Fit = Literal["crop", "squash", "pad"]
FIT_TEXT = "how a background gets the frame's shape: cut, squashed, or shrunk to fit and padded"
PAD_TEXT = "what --fit pad pads with: its own edge, or a colour such as '#808080'"
MOST_WEIGHT = 1_000_000
DrawnFormat = Literal["h5", "zip"]
Flip = Literal["both", "twin", "random", "none"]
ScaleBy = Literal["longer", "height", "width"]
ScalePer = Literal["sample", "foreground"]
Blend = Literal["alpha", "hard", "feather", "poisson"]
SplitBy = Literal["source", "bg", "fg", "sample"]


def _check_pad(value: str) -> str:
    if value != "edge" and not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ValueError("give edge, or a colour such as '#808080'")
    return value.lower()


Pad = Annotated[str, AfterValidator(_check_pad)]
_BlendWeights = Annotated[dict[Blend, float], BeforeValidator(parse_weights)]


class PairingOptions(Config):
    """Which background and which foreground a sample is made of."""

    n: int = Field(
        20, ge=1, le=1_000_000, description="placements per background, foreground and flip"
    )
    samples: int | None = Field(
        None,
        ge=1,
        description="draw so many samples, every source equally often, instead of all pairs",
    )
    limit: int | None = Field(None, ge=1, description="at most so many samples, spread evenly")
    seed: int = Field(0, ge=0, lt=2**63, description="decides every random draw")
    flip: Flip = Field(
        "both",
        description="mirror foregrounds: each plain and mirrored, mirrored at the same place "
        "(twin), at random, or never",
    )
    key: str = Field(
        DEFAULT_KEY,
        description="a sample's name, of {index}, {bg}, {fg}, {bg_number}, {fg_number}, {flip} "
        "and {number}",
    )


class PlacementOptions(Config):
    """Where a foreground lies, how large and how turned."""

    size: FrameSize = Field(
        Size(224, 224), description="frame of every picture in pixels: 224, or 640x480"
    )
    fit: Fit = Field("crop", description=FIT_TEXT)
    pad: Pad = Field("edge", description=PAD_TEXT)
    scale: Range = Field(
        (0.4, 0.6),
        description="side of the foreground, LOW:HIGH as fractions of the frame's shorter side",
    )
    scale_steps: Numbers = Field(
        (), description="fixed scales instead, taken in turn, such as 1,0.8,0.6,0.4"
    )
    scale_by: ScaleBy = Field("longer", description="which side of the foreground --scale means")
    scale_per: ScalePer = Field("sample", description="draw a scale per sample or per foreground")
    angle: Range = Field((0, 0), description="turn, LOW:HIGH in degrees counter-clockwise")
    shear: Range = Field((0, 0), description="slant, LOW:HIGH in degrees to the right")
    visible: float = Field(
        1, ge=0.01, le=1, description="least share of a foreground's box that lies within the frame"
    )
    ground: Range | None = Field(
        None, description="foregrounds stand on this band, LOW:HIGH of the height, 1 is the bottom"
    )
    objects: Range = Field((1, 1), description="labelled foregrounds per sample, LOW:HIGH")
    occlusion: float = Field(
        0.5, ge=0, lt=1, description="most of a foreground that others may hide"
    )
    distractors: Range = Field(
        (0, 0), description="further foregrounds that are drawn but not labelled, LOW:HIGH"
    )


class BlendingOptions(Config):
    """How a foreground is joined to the background."""

    blend: _BlendWeights = Field(
        {"alpha": 1}, description="alpha, hard, feather or poisson, or weights: alpha:3,poisson:1"
    )
    blend_variants: bool = Field(
        False, description="draw every placement once with each blend of --blend"
    )
    feather: float = Field(2, gt=0, le=64, description="width of feathered edges in pixels")
    shadow: float = Field(0, ge=0, le=1, description="darkness of a soft contact shadow")
    jitter: float = Field(
        0, ge=0, le=0.9, description="random brightness and tint of the foreground, plus or minus"
    )
    mask_threshold: int = Field(
        MASK_FROM, ge=1, le=255, description="alpha from which a pixel is mask"
    )


class StorageOptions(Config):
    """How samples are encoded and packed."""

    quality: int = Field(90, ge=1, le=100, description="JPEG quality of fg_bg")
    bg_quality: int | None = Field(
        None, ge=1, le=100, description="JPEG quality of bg  [default: --quality]"
    )
    format: DrawnFormat = Field("h5", description="shard format")
    codec: Codec = Field("jpeg", description="raw stores plain arrays instead of JPEG and PNG (h5)")
    shard_size: int = Field(1000, ge=1, description="samples per shard")


class SplitOptions(Config):
    """What is held out."""

    hold_out: float = Field(
        0.15, ge=0, lt=1, description="share of backgrounds and of foregrounds never trained on"
    )
    split_by: SplitBy = Field(
        "source",
        description="what is held out: backgrounds and foregrounds, one of them, "
        "or single samples (leaky: every source is trained on)",
    )


class Recipe(PairingOptions, PlacementOptions, BlendingOptions, StorageOptions, SplitOptions):
    """The options of ``datagen overlay`` that decide what is stored."""

    @classmethod
    def of(cls, config: "Recipe") -> "Recipe":
        """The part of ``config`` that decides what is stored."""
        return cls.model_validate(config.model_dump(include=set(cls.model_fields)))

    def described(self) -> dict[str, Any]:
        """The options as JSON values."""
        return self.model_dump(mode="json")

    @property
    def multi(self) -> bool:
        """Whether samples may hold more than one foreground, and so have instance maps."""
        return self.objects[1] > 1 or self.distractors[1] > 0

    def smallest_and_largest(self) -> tuple[int, int]:
        """Bounds of a foreground's longer side in pixels."""
        low, high = min(self.scale_steps or self.scale), max(self.scale_steps or self.scale)
        turned = self.angle != (0, 0) or self.shear != (0, 0)
        smallest = round((low / 2 if turned else low) * self.size.shorter)
        largest = round(high * self.size.shorter) if self.scale_by == "longer" else max(self.size)
        return max(smallest, 1), max(largest, 1)

    @model_validator(mode="after")
    def _check(self) -> "Recipe":
        self._check_scale()
        self._check_counts()
        if self.ground:
            _check_range("ground", self.ground, 0, 1)
        _check_range("angle", self.angle, -360, 360)
        _check_range("shear", self.shear, -60, 60)
        if not self.blend or not all(0 < weight < MOST_WEIGHT for weight in self.blend.values()):
            raise ValueError(
                f"--blend needs names with weights above 0 and below {MOST_WEIGHT:,}, such as "
                "alpha:3,poisson:1"
            )
        if self.flip == "twin" and self.samples:
            raise ValueError("--flip twin belongs to the grid of all pairs; leave out --samples")
        if self.format == "zip" and self.codec == "raw":
            raise ValueError("--codec raw needs --format h5")
        most = LARGEST_SHARD[self.format]
        if self.shard_size > most:
            raise ValueError(
                f"--shard-size {self.shard_size} is too many for {self.format}; at most {most}"
            )
        check_template(self.key)
        return self

    def _check_scale(self) -> None:
        low, high = self.scale
        if not 0 < low <= high:
            raise ValueError(f"--scale {low:g}:{high:g} must be LOW:HIGH with 0 < LOW <= HIGH")
        for value in (high, *self.scale_steps):
            if not value > 0:
                raise ValueError(f"--scale-steps: {value:g} is not above 0")
            if value > 1:
                raise ValueError(
                    f"--scale {value:g} makes cut-outs bigger than the background; give at most 1"
                )

    def _check_counts(self) -> None:
        for name, (low, high), least in (
            ("objects", self.objects, 1),
            ("distractors", self.distractors, 0),
        ):
            if low != int(low) or high != int(high) or not least <= low <= high <= MOST_OBJECTS:
                raise ValueError(
                    f"--{name} {low:g}:{high:g} must be whole numbers LOW:HIGH from {least} "
                    f"to {MOST_OBJECTS}"
                )


def _check_range(name: str, value: tuple[float, float], least: float, most: float) -> None:
    low, high = value
    if not least <= low <= high <= most:
        raise ValueError(f"--{name} {low:g}:{high:g} must be LOW:HIGH from {least:g} to {most:g}")
