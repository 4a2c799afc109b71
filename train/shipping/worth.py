"""What a form of a student is worth on real samples."""

import numpy as np
import torch

from data_manifest.header import DepthEncoding
from train.data.loader import Loader, as_stored
from train.data.samples import Samples
from train.metrics.meter import Meter
from train.shipping.variants import Variant, pictures_of

BATCH = 8
MASK_FROM = 0.5


def worth(variant: Variant, samples: Samples, encoding: DepthEncoding) -> dict[str, float]:
    """The metrics of ``train evaluate`` by name; ``encoding`` is the samples'."""
    meter = Meter(encoding)
    draws = as_stored(np.arange(len(samples)), BATCH, variant.size)
    for batch in Loader(samples, 0).batches(draws):
        mask, depth = map(torch.from_numpy, variant.answer(*pictures_of(batch)))
        meter.add(mask > MASK_FROM, encoding.to_target(depth), batch.as_float())
    return meter.result()
