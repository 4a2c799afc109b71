import zlib
from pathlib import Path

import numpy as np
import pytest

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError
from data_manifest.record import Sample, StoredDepth
from data_manifest.shards.depth_values import decode_values, encode_values, laid_in


@pytest.fixture(scope="module")
def samples(labelled: Path) -> list[Sample]:
    return Dataset(labelled)[::7]


def stored(sample: Sample) -> StoredDepth:
    """A sample's depth in millimetres, (H, W)."""
    assert sample.depth is not None
    return np.rint(sample.depth * 1000).astype(np.uint16)


def test_real_depth_within_real_masks_is_kept_to_the_bit(samples: list[Sample]) -> None:
    for sample in samples:
        values = stored(sample)[sample.mask]
        data = encode_values(values)
        back = decode_values(data)
        assert back.dtype == np.uint16
        assert np.array_equal(back, values)
        assert len(data) < values.nbytes


@pytest.mark.parametrize(
    "values",
    [
        [],
        [0],
        [65535],
        [0, 65535, 0, 65535, 65535, 0],
        [65535, 0],
        [32767, 32768, 32767],
        [127, 255, 0, 128, 65408],
        range(0, 65536, 97),
        range(65535, -1, -1),
        [7] * 5000,
    ],
    ids=lambda values: f"{len(values)} values, {list(values)[:3]}",
)
def test_extremes_are_kept(values: list[int]) -> None:
    given = np.array(values, np.uint16)
    back = decode_values(encode_values(given))
    assert back.dtype == np.uint16 and back.tolist() == list(values)


def test_any_values_are_kept() -> None:
    draw = np.random.default_rng(0)
    for count in (1, 2, 3, 255, 4097):
        values = draw.integers(0, 65536, count, dtype=np.uint16)
        assert np.array_equal(decode_values(encode_values(values)), values)


def test_equal_values_are_equal_bytes_however_they_lie(samples: list[Sample]) -> None:
    values = stored(samples[0])[samples[0].mask]
    apart = np.repeat(values, 3)[1::3]
    assert not apart.flags.contiguous
    assert encode_values(values) == encode_values(apart) == encode_values(values.copy())
    assert encode_values(values) != encode_values(values[::-1])


def test_the_bytes_are_what_the_description_says() -> None:
    planes = zlib.decompress(encode_values(np.array([300, 301, 44, 44], np.uint16)))
    differences = [300 + 128, 1 + 128, (44 - 301 + 128) % 65536, 128]
    assert list(planes[:4]) == [one // 256 for one in differences]
    assert list(planes[4:]) == [one % 256 for one in differences]


@pytest.mark.parametrize(
    "data", [b"", b"no zlib", b"\x78\x9c", b"\0" * 40, zlib.compress(b"odd"), zlib.compress(b"1")]
)
def test_other_bytes_are_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode_values(data)


def test_what_is_cut_short_is_a_value_error(samples: list[Sample]) -> None:
    data = encode_values(stored(samples[0])[samples[0].mask])
    for length in range(0, len(data), 11):
        with pytest.raises(ValueError):
            decode_values(data[:length])


def test_a_flipped_bit_is_a_value_error_or_changes_nothing(samples: list[Sample]) -> None:
    values = stored(samples[0])[samples[0].mask][:200]
    data, refused = encode_values(values), 0
    for place in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        try:
            assert np.array_equal(decode_values(bytes(flipped)), values)
        except ValueError:
            refused += 1
    assert refused > 8 * len(data) - 8  # the last bits before the sum may mean nothing


def test_what_is_laid_in_lies_within_the_mask_alone(samples: list[Sample]) -> None:
    ground = stored(samples[0])
    for sample in samples[1:4]:
        depth, before = stored(sample), ground.copy()
        whole = laid_in(ground, depth[sample.mask], sample.mask)
        assert np.array_equal(whole, np.where(sample.mask, depth, ground))
        assert whole.dtype == np.uint16 and whole.flags.writeable
        assert np.array_equal(ground, before)
        metres = laid_in(ground / np.float32(1000), sample.depth[sample.mask], sample.mask)
        assert metres.dtype == np.float32


def test_nothing_and_everything_can_be_laid_in(samples: list[Sample]) -> None:
    ground, depth = stored(samples[0]), stored(samples[1])
    nothing = np.zeros(ground.shape, bool)
    assert np.array_equal(laid_in(ground, depth[nothing], nothing), ground)
    assert np.array_equal(laid_in(ground, depth[~nothing], ~nothing), depth)


@pytest.mark.parametrize("off", [-1, 1])
def test_other_counts_than_the_mask_has_are_refused(samples: list[Sample], off: int) -> None:
    sample = samples[0]
    values = np.ones(np.count_nonzero(sample.mask) + off, np.uint16)
    with pytest.raises(DatasetError, match="Depth within a mask doesn't fit it"):
        laid_in(stored(sample), values, sample.mask)


@pytest.mark.parametrize(("pixels", "count"), [(2, 1), (0, 1), (1, 0), (9216, 1)])
def test_one_value_is_not_spread_over_many_pixels(pixels: int, count: int) -> None:
    mask = np.zeros(9216, bool)
    mask[:pixels] = True
    with pytest.raises(DatasetError, match="doesn't fit it"):
        laid_in(np.zeros((96, 96), np.uint16), np.ones(count, np.uint16), mask.reshape(96, 96))


def test_a_mask_of_another_size_is_refused(samples: list[Sample]) -> None:
    mask = np.ones((95, 96), bool)
    with pytest.raises(DatasetError, match="doesn't fit it"):
        laid_in(stored(samples[0]), np.ones(95 * 96, np.uint16), mask)
