"""Random numbers that belong to a sample, not to the moment of asking.

Draw i of a stage is word i of the Philox stream keyed by (seed, stage) (Salmon et al. 2011,
"Parallel random numbers: as easy as 1, 2, 3"), so it doesn't depend on how many draws there are,
who asks, or in which order.
"""

import hashlib

import numpy as np
import numpy.typing as npt


def uniform(seed: int, stage: str, count: int) -> npt.NDArray[np.float64]:
    """The first ``count`` draws of a stage, float64 in [0, 1), with 53 random bits each."""
    key = int.from_bytes(hashlib.sha256(stage.encode()).digest()[:8], "little")
    words = np.random.Philox(key=np.array([seed, key], np.uint64)).random_raw(count)
    return np.right_shift(words, np.uint64(11)) * 2.0**-53


def whole_number(
    draws: npt.NDArray[np.float64], count: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Uniform draws in [0, 1) as whole numbers from 0 to ``count`` - 1, both ends reachable."""
    return np.minimum((draws * count).astype(np.int64), count - 1)


def scattered(total: int, count: int, stage: str) -> npt.NDArray[np.int64]:
    """At most ``count`` of ``total`` rows, ascending: one at random in each of as many equal parts.

    Always the same. Unlike rows at even distances they don't fall in step with a grid of sources.
    """
    if count >= total:
        return np.arange(total)
    bounds = np.arange(count + 1, dtype=np.int64) * total // count
    return bounds[:-1] + whole_number(uniform(0, stage, count), np.diff(bounds))


def rank(seed: int, stage: str, digest: str) -> str:
    """A sort key that shuffles digests: the order of two doesn't depend on the others."""
    return hashlib.sha256(f"{seed}/{stage}/{digest}".encode()).hexdigest()


def permutation(seed: int, stage: str, count: int) -> npt.NDArray[np.int64]:
    """The numbers from 0 to ``count`` - 1, shuffled."""
    return np.argsort(uniform(seed, stage, count), kind="stable")
