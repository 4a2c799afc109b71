from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from data_manifest.dataset import Dataset
from data_manifest.record import SPLITS, Mask, Sample
from datagen.export.rle import bounding_box, run_lengths
from tests.datagen.expected import packed

# pycocotools' compiled part predates NumPy 2's copy keyword.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def masks(sample: Sample) -> list[tuple[str, Mask, float]]:
    """Foreground, visible mask and visible share of every labelled foreground that is seen."""
    labelled = [placement.fg for placement in sample.record.placements if placement.labelled]
    if sample.instance is None or sample.amodal is None:
        return [(labelled[0], sample.mask, 1.0)] if sample.mask.any() else []
    return [
        (fg, sample.instance == number, np.count_nonzero(sample.instance == number) / whole.sum())
        for number, (fg, whole) in enumerate(zip(labelled, sample.amodal, strict=True), 1)
        if (sample.instance == number).any()
    ]


@pytest.mark.parametrize("name", ["dataset", "crowded"])
def test_masks_bit_for_bit(name: str, request: pytest.FixtureRequest) -> None:
    data: Path = request.getfixturevalue(name)
    folder = packed(data, "coco")
    seen = 0
    for split in SPLITS:
        dataset = Dataset(data, split=split)
        coco = COCO(str(folder / "annotations" / f"instances_{split}.json"))
        images = coco.loadImgs(coco.getImgIds())
        assert len({image["id"] for image in images}) == len(images) == len(dataset)
        for image, sample in zip(images, dataset, strict=True):
            assert image["id"] == sample.record.index
            with Image.open(folder / "images" / split / image["file_name"]) as picture:
                assert picture.size == (image["width"], image["height"])
                assert np.array_equal(np.asarray(picture), sample.fg_bg)
            seen += assert_annotations(coco, coco.imgToAnns[image["id"]], sample)
    assert seen >= len(Dataset(data)) * 0.9


def assert_annotations(coco: COCO, annotations: list[dict[str, object]], sample: Sample) -> int:
    """They are the sample's masks, with boxes and areas as pycocotools measures them."""
    for annotation, (fg, mask, share) in zip(annotations, masks(sample), strict=True):
        assert np.array_equal(coco.annToMask(annotation).astype(bool), mask)
        encoded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
        assert annotation["area"] == coco_mask.area(encoded)
        assert annotation["bbox"] == coco_mask.toBbox(encoded).tolist()
        assert annotation["iscrowd"] == 0 and annotation["id"]
        category = coco.loadCats(annotation["category_id"])[0]["name"]
        assert category == (fg.split("/")[0] if "/" in fg else "foreground")
        attributes = annotation["attributes"]
        assert isinstance(attributes, dict)
        assert (attributes["fg"], attributes["bg"]) == (fg, sample.record.bg)
        assert attributes["key"] == sample.record.key
        assert attributes["visible_share"] == pytest.approx(share, abs=1e-4)
    return len(annotations)


def test_categories_and_ids_agree_over_splits(crowded: Path) -> None:
    folder = packed(crowded, "coco")
    files = sorted(folder.glob("annotations/*"))
    assert [path.name for path in files] == [f"instances_{split}.json" for split in sorted(SPLITS)]
    loaded = [COCO(str(path)) for path in files]
    names = [[(c["id"], c["name"]) for c in coco.dataset["categories"]] for coco in loaded]
    assert names == [[(1, "living"), (2, "thing")]] * 4
    ids = [annotation for coco in loaded for annotation in coco.anns]
    assert len(ids) == len(set(ids)) > 40


@pytest.mark.parametrize("kind", ["full", "corner", "checks", "noise"])
def test_run_lengths_of_any_mask(kind: str) -> None:
    mask = np.zeros((7, 5), bool)
    match kind:
        case "full":
            mask[:] = True
        case "corner":
            mask[6, 4] = True
        case "checks":
            mask[::2, ::2] = True
        case "noise":
            mask = np.random.default_rng(0).random((7, 5)) < 0.5
    runs = run_lengths(mask)
    assert sum(runs["counts"]) == mask.size
    decoded = coco_mask.decode(coco_mask.frPyObjects(runs, *mask.shape))
    assert np.array_equal(decoded.astype(bool), mask)
    assert bounding_box(mask) == coco_mask.toBbox(coco_mask.frPyObjects(runs, 7, 5)).tolist()
