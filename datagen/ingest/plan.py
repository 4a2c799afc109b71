"""Header and plan of an import, from what its files turned out to be."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from data_manifest.depth_stage import DepthEncoding, DepthStage, Stages
from data_manifest.header import IMPORTED, Header, Source
from data_manifest.plan import Plan
from data_manifest.plan_columns import SCHEMA, words_column
from data_manifest.record import SPLITS
from datagen.ingest.check import Usable
from datagen.ingest.config import ImportConfig
from datagen.planning.fingerprint import digest
from datagen.planning.split import Candidates, split_samples
from datagen.sources.rejects import Reject

_PRECISION = {8: (1 / 255, "none", "relative"), 16: (0.001, "metres", "metric")}


class Usables(NamedTuple):
    """The samples that can be used, their backgrounds in order, and what is left out."""

    samples: list[Usable]
    backgrounds: list[Source]
    rejects: list[Reject]


def header_and_plan(config: ImportConfig, usables: Usables) -> tuple[Header, Plan]:
    """Header and plan of an import."""
    samples, size = usables.samples, usables.samples[0].size
    fgs = sorted({sample.found.fg_name for sample in samples})
    how = config if fgs != [""] or config.split_by != "source" else _by_background(config)
    positions = {source.id: number for number, source in enumerate(usables.backgrounds)}
    bg = np.array([positions[sample.found.bg_name] for sample in samples])
    fg = np.array([fgs.index(sample.found.fg_name) for sample in samples])
    candidates = (Candidates.of(usables.backgrounds), Candidates(fgs, np.arange(len(fgs))))
    splits = split_samples(how, config.seed, candidates, (bg, fg))
    boxes = np.array([sample.box for sample in samples])
    index = np.arange(len(samples))
    columns = {
        "index": index,
        "key": [sample.found.key for sample in samples],
        "bg": words_column(bg, [source.id for source in usables.backgrounds]),
        "fg": words_column(fg, [name or "unknown" for name in fgs]),
        "flip": np.zeros(len(samples), bool),
        "scale": boxes[:, 2:].max(axis=1) / size.shorter,
        "angle": np.zeros(len(samples)),
        **{name: boxes[:, place] for place, name in enumerate(("x", "y", "width", "height"))},
        "blend": words_column(np.zeros(len(samples), np.int64), ["imported"]),
        "split": words_column(splits.codes, list(SPLITS)),
        "shard": index // config.shard_size,
        "row": index % config.shard_size,
    }
    arrays = [pa.array(columns[field.name]).cast(field.type) for field in SCHEMA]
    plan = Plan(pa.Table.from_arrays(arrays, schema=SCHEMA))
    return _header(config, usables, plan, splits.notes), plan


def _by_background(config: ImportConfig) -> ImportConfig:
    """Files that don't say which foreground they show can only be split by background."""
    return config.model_copy(update={"split_by": "bg"})


def _header(config: ImportConfig, usables: Usables, plan: Plan, notes: list[str]) -> Header:
    recipe = {
        IMPORTED: config.layout if config.list is None else "list",
        **config.model_dump(
            mode="json",
            include={"mask_threshold", "seed", "hold_out", "split_by", "shard_size", "size"},
        ),
    }
    content = [recipe, [[s.found.key, sorted(s.sha256.items())] for s in usables.samples]]
    unknown = {sample.found.fg_name for sample in usables.samples} == {""}
    if unknown:
        notes = [*notes, "The files don't say which foreground they show, so none is held out."]
    return Header(
        fingerprint=digest(content),
        samples=len(plan),
        shards=plan.shard_count,
        format="folder",
        codec="jpeg",
        maps=False,
        size=usables.samples[0].size,
        made_by="datagen import",
        recipe=recipe,
        backgrounds=usables.backgrounds,
        foregrounds=[_named(name) for name in sorted(set(plan.words("fg")))],
        software={},
        notes=notes,
        stages=Stages(depth=_depth_stage(config, usables.samples)),
    )


def _named(name: str) -> Source:
    """A foreground of which only the name is known; its hash is like that of no other."""
    dhash = hashlib.sha256(name.encode()).hexdigest()[:16]
    return Source(id=name, file="", sha256="", dhash=dhash, size=(0, 0), box=(0, 0, 0, 0))


def _depth_stage(config: ImportConfig, samples: Sequence[Usable]) -> DepthStage | None:
    """What the depth pictures are, as far as their bits and the user say."""
    bits = samples[0].depth_bits
    if not bits:
        return None
    scale, unit, kind = _PRECISION[bits]
    most = max(sample.depth_most for sample in samples)
    scale = config.depth_scale or scale
    encoding = DepthEncoding.model_validate(
        {
            "scale": scale,
            "offset": 0.0,
            "unit": config.depth_unit or unit,
            "kind": "metric" if (config.depth_unit or unit) == "metres" else kind,
            "near_is": config.depth_near,
            "target_scale": 1 / (max(most, 1) * scale),
            "target_offset": 0.0,
        }
    )
    return DepthStage(
        teacher="imported",
        weights_sha256="",
        licence="unknown",
        input_size=samples[0].size.shape,
        encoding=encoding,
    )
