"""``train compare``: every form of a student that lies in a run, measured beside the others."""

from collections.abc import Sequence
from pathlib import Path

from data_manifest.commands.progress import progress
from train.config.shipping import CompareConfig
from train.running.checkpoint import BEST, PRUNED, Checkpoint
from train.shipping.about import is_stale
from train.shipping.comparison import Comparison, Measured
from train.shipping.graph import EIGHT_BITS, ONNX, shipped
from train.shipping.judging_samples import dataset_of, judging_samples
from train.shipping.latency import cores, latencies, torch_threads
from train.shipping.openvino_model import XML, has_openvino, in_openvino
from train.shipping.variants import Variant, in_onnxruntime, in_torch
from train.shipping.worth import worth

COMPARISON = "comparison.json"


def compare(config: CompareConfig) -> str:
    """Measure what lies in the run's folder; gives a table, and writes comparison.json there.

    Raises UsageError where there is no such run, WeightsError where a file there can't be run.
    """
    encoding = Checkpoint.read(config.run / BEST).network.encoding
    judging = judging_samples(dataset_of(config.run, config.shards), encoding, config.limit)
    threads = config.threads or cores()
    variants = _variants(config.run, threads)
    worths = []
    with torch_threads(threads):
        times = latencies(variants)
        with progress("Measuring", len(variants), "variants", quiet=config.quiet) as advance:
            for variant in variants:
                worths.append(worth(variant, judging))
                advance(1)
    measured = [Measured(*each) for each in zip(variants, times, worths, strict=True)]
    found = Comparison(measured, threads, judging)
    found.write(config.run / COMPARISON)
    return "\n".join([str(found), *_remarks(variants, config.run)])


def _variants(run: Path, threads: int) -> list[Variant]:
    """All forms of a student in a run's folder, in every engine that runs them here."""
    found = []
    for name in (BEST, PRUNED):
        if (run / name).exists():
            checkpoint = Checkpoint.read(run / name)
            found.append(in_torch(run / name, shipped(checkpoint), checkpoint.network.size))
    exported = [run / name for name in (ONNX, EIGHT_BITS) if (run / name).exists()]
    found += [in_onnxruntime(file, threads) for file in exported]
    if has_openvino():
        its_own = [run / XML] if (run / XML).exists() else []
        found += [in_openvino(file, threads) for file in (*its_own, *exported)]
    return found


def _remarks(variants: Sequence[Variant], run: Path) -> list[str]:
    """What isn't as it seems: files of other weights than the checkpoint beside them has now."""
    stale = {
        variant.file.name: variant.words["checkpoint"]
        for variant in variants
        if variant.words and is_stale(variant.words, run)
    }
    return [
        f"{name} was made of other weights than {checkpoint} has now; export again"
        for name, checkpoint in stale.items()
    ]
