"""What is decided before the first picture is labelled: teacher, engine, kind, range, stage."""

from contextlib import closing
from typing import NamedTuple

from data_manifest.commands.remark import remark
from data_manifest.dataset import Dataset
from data_manifest.depth_stage import DepthEncoding, DepthStage, LabelKind, Labels, Runtime
from data_manifest.errors import UsageError
from data_manifest.record import Picture, Size
from data_manifest.shards import open_shard, read_label
from data_manifest.shards.backgrounds import BackgroundCache
from depthgen.config import RunConfig, TeacherConfig
from depthgen.engine.agreement import in_agreement
from depthgen.engine.batches import BatchCheck, settle_batch
from depthgen.engine.choose import make_network
from depthgen.engine.predict import Predictor
from depthgen.engine.ranks import from_first
from depthgen.engine.timing import Stopwatch
from depthgen.labels.grounds import GroundDepths, first_uses, surveyed_limits
from depthgen.labels.label_shard import ANCHORING, LAYERING, Labelling
from depthgen.teachers import load_teacher
from depthgen.teachers.card import Meaning
from depthgen.teachers.declared import Declared
from depthgen.teachers.space import Space

DEFAULT: LabelKind = "anchored"
_LEVELS = 65535
_CHECKED = 2
_METRES = (0.001, 0.002, 0.005, 0.01)
"""Steps of stored metric depth, the first whose range suffices: millimetres up to 65 m."""


class Settled(NamedTuple):
    """How a dataset is labelled, what its shards will say of that, and what was checked before."""

    labelling: Labelling
    stage: DepthStage
    checks: dict[str, float | str]


def settle(config: RunConfig, dataset: Dataset) -> Settled:
    """Load the teacher and decide everything. Raises what ``run`` does before it writes."""
    kind, frame = _kind(config, dataset), dataset.header.size
    before = labelled_before(dataset)
    predictor, checked = _checked(config, dataset, before)
    views = 0 if kind == "composite" else config.views
    grounds = GroundDepths(predictor, frame, max(views, 1))
    teacher = predictor.teacher
    limits = teacher.meaning.limits or surveyed_limits(dataset, grounds)
    stage = _stage(config, kind, views, predictor, encoding_of(teacher.meaning, limits))
    labelling = Labelling(
        kind=kind,
        predictor=predictor,
        pictures=BackgroundCache(dataset.header),
        grounds=grounds,
        space=space_of(teacher.meaning),
        encoding=stage.encoding,
        frame=frame,
        maps=dataset.header.maps,
        held=config.batch,
        mirror=config.mirror and kind != "layered",
        other=load_second(config.second, config, frame),
        watch=Stopwatch(),
    )
    return Settled(labelling, stage, checked.as_numbers())


def load_predictor(
    config: TeacherConfig, frame: Size, *, name: str | None = None, compiled: bool = False
) -> Predictor:
    """The wanted teacher, or the one called ``name`` with nothing declared, at work."""
    if name is None:
        declared = Declared(
            config.unit, config.kind, config.near_is, config.limits, config.input_size
        )
        teacher = load_teacher(config.teacher, frame, config.weights, declared)
    else:
        teacher = load_teacher(name, frame, None, Declared())
    network = make_network(teacher, config.device, config.engine, compiled=compiled)
    return Predictor(teacher, network)


def space_of(meaning: Meaning) -> Space:
    """The space in which a teacher's answers are compared."""
    return Space(meaning.kind == "metric", meaning.near_is == "small")


def encoding_of(meaning: Meaning, limits: tuple[float, float]) -> DepthEncoding:
    """How depth within ``limits`` is stored: metres in millimetres, all else by one affine."""
    metric = meaning.kind == "metric"
    low, high = (max(limits[0], 0.0), limits[1]) if metric else limits
    scale = (high - low) / _LEVELS
    if metric:
        scale = next((step for step in _METRES if step * _LEVELS >= high), scale)
    return DepthEncoding(
        scale=scale,
        offset=0.0 if metric else low,
        unit=meaning.unit,
        kind=meaning.kind,
        near_is=meaning.near_is,
        target_scale=1 / (high - low),
        target_offset=low,
    )


def _kind(config: RunConfig, dataset: Dataset) -> LabelKind:
    """Raises UsageError where distractors, which no mask tells of, would get the wrong depth."""
    distractors = has_distractors(dataset)
    if distractors and config.labels in ("anchored", "layered"):
        raise UsageError(
            f"--labels {config.labels} needs to know where everything was pasted, and this dataset "
            "has distractors that no mask tells of; use --labels composite."
        )
    if config.labels is None and distractors:
        remark(
            "Labels are the teacher's answers to the composites: there are distractors, which no "
            "mask tells of.",
            quiet=config.quiet,
        )
    return config.labels or ("composite" if distractors else DEFAULT)


def has_distractors(dataset: Dataset) -> bool:
    """Whether things were pasted that masks don't tell of."""
    return any(dataset.header.recipe.get("distractors") or ())


def labelled_before(dataset: Dataset) -> DepthStage | None:
    """The depth of the first shard that has any."""
    paths = (dataset.folder / name for name in dataset.header.shard_names())
    return next((stage for path in paths if (stage := read_label(path).stages.depth)), None)


def _checked(
    config: RunConfig, dataset: Dataset, before: DepthStage | None
) -> tuple[Predictor, BatchCheck]:
    """The teacher at work, and what it says of some composites alone and among others.

    It takes as many pictures at a time as it did before, on all GPUs as on the first.
    """
    frame, pictures = dataset.header.size, _some_composites(dataset)
    loaded = load_predictor(config, frame, compiled=config.compile)
    predictor = in_agreement(loaded, pictures, frame, insist=config.engine != "auto")
    if predictor is not loaded:
        remark(
            f"{predictor.teacher.name} answers otherwise in {loaded.network.engine} than in torch, "
            "which runs it.",
            quiet=config.quiet,
        )
    network = predictor.network
    known = before.runtime.batch if before and not config.overwrite else 0
    checked = settle_batch(predictor, pictures, frame, known)
    network.batch = from_first(network.batch)
    if checked.one_by_one:
        remark(
            f"{predictor.teacher.name} answers a picture differently among others, by "
            f"{checked.share:.1%} of its range, so it is asked one by one.",
            quiet=config.quiet,
        )
    return predictor, checked


def _some_composites(dataset: Dataset) -> list[Picture]:
    pictures = []
    for record in first_uses(dataset, _CHECKED):
        path = dataset.folder / dataset.header.shard_name(record.shard)
        with closing(open_shard(path)) as shard:
            pictures.append(shard.picture("fg_bg", record))
    return pictures


def load_second(name: str | None, config: TeacherConfig, frame: Size) -> Predictor | None:
    """The second teacher at work, where one is wanted."""
    return load_predictor(config, frame, name=name) if name else None


def _stage(
    config: RunConfig, kind: LabelKind, views: int, predictor: Predictor, encoding: DepthEncoding
) -> DepthStage:
    teacher, network = predictor.teacher, predictor.network
    mirrored = {"mirror": 1.0} if config.mirror and kind != "layered" else {}
    numbers = {
        "composite": {},
        "anchored": ANCHORING._asdict(),
        "layered": LAYERING._asdict(),
    }[kind]
    return DepthStage(
        teacher=teacher.name,
        weights_sha256=teacher.weights_sha256,
        licence=teacher.licence,
        input_size=(teacher.input_size.width, teacher.input_size.height),
        encoding=encoding,
        labels=Labels(kind=kind, views=views, numbers=numbers | mirrored),
        runtime=Runtime(engine=network.engine, precision=network.precision, batch=network.batch),
    )
