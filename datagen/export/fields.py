"""What the parts of a sample are called and mean, in words and in Croissant's types."""

from typing import NamedTuple

from data_manifest.depth_stage import DepthEncoding
from data_manifest.header import Header
from data_manifest.plan import Plan
from datagen.export.pictures import endings


class Field(NamedTuple):
    """A Croissant data type and a description."""

    kind: str
    text: str


_PICTURES = {
    "bg": "the background alone, RGB",
    "fg_bg": "the composite, RGB",
    "mask": "1-bit, white where a labelled foreground is visible",
    "instance": "8-bit, number of the foreground seen, from 1 in drawing order, 0 for none",
    "amodal": "8-bit, bit k - 1 is set where foreground k would be seen if nothing hid it",
}
_RECORD = {
    "index": Field("sc:Integer", "number of the sample in the plan of the dataset"),
    "key": Field("sc:Text", "name of the sample, unique"),
    "bg": Field("sc:Text", "which background"),
    "fg": Field("sc:Text", "which foreground, the first if there are several"),
    "flip": Field("sc:Boolean", "whether the foreground is mirrored left to right"),
    "scale": Field("sc:Float", "side of the foreground as a fraction of the frame's shorter side"),
    "angle": Field("sc:Float", "turn of the foreground in degrees counter-clockwise"),
    "x": Field("sc:Integer", "left of the foreground's box in pixels"),
    "y": Field("sc:Integer", "top of the foreground's box in pixels"),
    "width": Field("sc:Integer", "width of the foreground's box in pixels"),
    "height": Field("sc:Integer", "height of the foreground's box in pixels"),
    "blend": Field("sc:Text", "how the foreground was blended"),
    "split": Field("sc:Text", "train, val, val_bg or val_fg"),
    "shear": Field("sc:Float", "slant of the foreground in degrees to the right"),
    **{c: Field("sc:Float", f"gain of the foreground's {c}") for c in ("red", "green", "blue")},
}


def pictures(header: Header) -> dict[str, Field]:
    """The pictures that every sample of a dataset has."""
    return {
        name: Field("sc:ImageObject", _depth(header) if name == "depth" else _PICTURES[name])
        for name in endings(header)
    }


def record_fields(plan: Plan) -> dict[str, Field]:
    """The columns of a plan that say what a sample is, in their order."""
    return {name: _RECORD[name] for name in plan.table.column_names if name in _RECORD}


def _depth(header: Header) -> str:
    if header.stages.depth is None:
        raise ValueError("A dataset without a depth stage has no depth.")
    return f"16-bit, the teacher's depth: {depth_formula(header.stages.depth.encoding)}"


def depth_formula(encoding: DepthEncoding) -> str:
    """How a stored number becomes depth."""
    unit = "metres" if encoding.unit == "metres" else "no unit"
    plus = f" + {encoding.offset}" if encoding.offset else ""
    return f"value * {encoding.scale}{plus}, in {unit}"
