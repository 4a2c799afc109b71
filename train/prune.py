"""``train prune``: the smallest weights set to zero, and what that does and doesn't bring."""

from pathlib import Path

from data_manifest.errors import UsageError, WeightsError
from train.config.shipping import PruneConfig
from train.running.checkpoint import PRUNED, Checkpoint
from train.running.saving import for_use
from train.shipping.graph import shipped
from train.shipping.judging_samples import dataset_of, judging_samples
from train.shipping.sparsity import all_of, sparsities, weigh, zero_smallest
from train.shipping.variants import in_torch
from train.shipping.worth import cost, worth

SHOWN = 5
PLAINLY = (
    "masked like this, a student is no smaller and no faster: the zeros are stored and multiplied "
    "by; only what packs or skips them gains"
)


def prune(config: PruneConfig) -> str:
    """Write pruned.pt into the run's folder; gives where the zeros are, and what they cost.

    Raises UsageError where there is no such run, or something else is called pruned.pt.
    """
    source, out = config.run / f"{config.checkpoint}.pt", config.run / PRUNED
    before = for_use(Checkpoint.read(source))
    _may_write(out, overwrite=config.overwrite)
    dataset = dataset_of(config.run, config.shards)
    judging = judging_samples(dataset, before.network.encoding, config.limit)
    model = before.trained_model()
    zero_smallest(model, config.amount)
    after = before._replace(weights=model.state_dict())
    worths = [
        worth(in_torch(source, shipped(each), each.network.size), judging)
        for each in (before, after)
    ]
    after.write(out)
    layers, weights = sparsities(model), [weigh(each) for each in (before, after)]
    together = all_of(layers)
    sparsest = ", ".join(f"{layer.name} {layer.share:.0%}" for layer in layers[:SHOWN])
    return (
        f"{out}: {together.zeros:,} of {together.weights:,} convolution weights are zero, "
        f"{together.share:.1%}; all layers took part, pretrained ones too, but depthwise and last "
        "ones\n"
        f"sparsest layers: {sparsest}\n"
        f"on disk: {weights[0]} before, {weights[1]} after\n"
        f"{cost(judging, *worths)}\n"
        f"{PLAINLY}"
    )


def _may_write(out: Path, *, overwrite: bool) -> None:
    """Raises UsageError where something is called so that no run wrote."""
    if out.exists() and not overwrite:
        try:
            Checkpoint.read(out)
        except (UsageError, WeightsError) as error:
            raise UsageError(
                f"{out} isn't a checkpoint of ours; move it away, or give --overwrite."
            ) from error
