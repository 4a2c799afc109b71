"""Models are built here from small configs with random weights: no hub is needed."""

import json
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file

from data_manifest.errors import UsageError, WeightsError
from data_manifest.record import Size
from data_manifest.shards.digests import file_sha256
from depthgen.teachers.card import Meaning
from depthgen.teachers.declared import Declared
from depthgen.teachers.hub import load
from depthgen.teachers.hub_files import (
    cached_folder,
    fetch,
    is_here,
    licence_of,
    pull,
    quiet,
    weight_files,
    weights_digest,
)

INVERSE = Meaning("none", "relative_inverse", "large")
FRAME = Size(128, 96)
NECK = {"neck_hidden_sizes": [8, 8, 8, 8], "fusion_hidden_size": 8}
TINY = {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2}
README = "---\nlicense: apache-2.0\ntags: [depth]\n---\n# A model\n"
Model = Callable[..., Path]


def stirred(model: Any) -> Any:
    """With weights so large that different pictures get different answers."""
    torch.manual_seed(0)
    for part in model.parameters():
        torch.nn.init.normal_(part, std=0.2)
    return model.eval()


def depth_anything(**options: Any) -> Any:
    backbone = transformers.Dinov2Config(
        **TINY, mlp_ratio=2, image_size=28, out_indices=[1, 2, 3, 4], reshape_hidden_states=False
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=16, head_hidden_size=4, **NECK, **options
    )
    return transformers.DepthAnythingForDepthEstimation(config)


def dpt() -> Any:
    config = transformers.DPTConfig(
        **TINY, **NECK, intermediate_size=32, image_size=32, backbone_out_indices=[0, 1, 2, 3]
    )
    return transformers.DPTForDepthEstimation(config)


def zoedepth(*farthest: float) -> Any:
    stages = ["stage1", "stage2", "stage3", "stage4"]
    backbone = transformers.BeitConfig(
        **TINY,
        intermediate_size=32,
        image_size=32,
        use_relative_position_bias=True,
        reshape_hidden_states=False,
        out_features=stages,
    )
    bins = [{"name": f"to{m:g}", "n_bins": 8, "min_depth": 0.001, "max_depth": m} for m in farthest]
    config = transformers.ZoeDepthConfig(
        backbone_config=backbone,
        **NECK,
        bottleneck_features=8,
        num_relative_features=8,
        bin_embedding_dim=8,
        num_attractors=[4, 4, 2, 1],
        bin_configurations=bins,
        num_patch_transformer_layers=4,
        patch_transformer_hidden_size=128,  # what its classifier takes
        patch_transformer_intermediate_size=16,
        patch_transformer_num_attention_heads=2,
    )
    return transformers.ZoeDepthForDepthEstimation(config)


def glpn() -> Any:
    config = transformers.GLPNConfig(
        hidden_sizes=[8, 8, 8, 8],
        num_attention_heads=[1, 1, 1, 1],
        depths=[1, 1, 1, 1],
        decoder_hidden_size=8,
        max_depth=80,
    )
    return transformers.GLPNForDepthEstimation(config)


def dpt_processor(**options: Any) -> Any:
    given = {"size": {"height": 70, "width": 70}, "keep_aspect_ratio": True}
    given |= {"ensure_multiple_of": 14, "image_mean": [0.4, 0.5, 0.6], "image_std": [0.1, 0.2, 0.3]}
    return transformers.DPTImageProcessor(**{**given, **options})


@pytest.fixture(scope="module")
def save(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Stores a model and its processor in a folder as their publishers do."""

    def write(model: Any, processor: Any, **options: Any) -> Path:
        folder = tmp_path_factory.mktemp("model")
        with quiet():
            model.save_pretrained(folder, **options)
            processor.save_pretrained(folder)
        (folder / "README.md").write_text(README)
        return folder

    return write


@pytest.fixture(scope="module")
def small(save: Model) -> Path:
    return save(stirred(depth_anything()), dpt_processor())


@pytest.fixture
def mine(small: Path, tmp_path: Path) -> Path:
    """A copy of it that may be spoilt."""
    return Path(shutil.copytree(small, tmp_path / "mine"))


@pytest.fixture(scope="module")
def picture(all_pictures: Path) -> Image.Image:
    with Image.open(all_pictures / "bgs" / "coffee.png") as image:
        return image.convert("RGB").resize(FRAME)


def in_unit(*pictures: Image.Image) -> torch.Tensor:
    """(B, 3, H, W) RGB in [0, 1]."""
    batch = np.stack([np.asarray(picture) for picture in pictures])
    return torch.from_numpy(batch).permute(0, 3, 1, 2).float() / 255


def test_answers_what_the_model_does_with_its_own_processor(
    small: Path, picture: Image.Image
) -> None:
    teacher = load("hub:small", str(small), FRAME, Declared())
    with quiet():
        processor = transformers.AutoImageProcessor.from_pretrained(small)
        model = transformers.AutoModelForDepthEstimation.from_pretrained(small).eval()
    squashed = picture.resize(teacher.input_size)
    pixels = processor(images=squashed, return_tensors="pt")["pixel_values"]
    assert pixels.shape[2:] == teacher.input_size.shape
    with torch.inference_mode():
        expected = model(pixel_values=pixels).predicted_depth
        depth = teacher.network(in_unit(squashed))
    assert depth.shape == (1, *teacher.input_size.shape)
    assert torch.allclose(depth, expected, atol=1e-5)
    assert depth.std() > 0.01


def test_the_teacher(small: Path) -> None:
    teacher = load("hub:small", str(small), FRAME, Declared())
    assert (teacher.name, teacher.meaning, teacher.onnx) == ("hub:small", INVERSE, None)
    assert teacher.licence == "apache-2.0"
    assert teacher.weights_sha256 == file_sha256(small / "model.safetensors")
    assert isinstance(teacher.network, torch.nn.Module)
    assert not any(module.training for module in teacher.network.modules())
    assert {part.dtype for part in teacher.network.parameters()} == {torch.float32}


@pytest.mark.parametrize("frame", [Size(128, 96), Size(96, 128), Size(640, 480), Size(70, 70)])
def test_input_size_is_the_processors(frame: Size, small: Path) -> None:
    size = load("hub:small", str(small), frame, Declared()).input_size
    with quiet():
        processor = transformers.AutoImageProcessor.from_pretrained(small)
    black = Image.new("RGB", frame)
    pixels = processor(images=black, return_tensors="pt")["pixel_values"]
    assert pixels.shape[2:] == size.shape
    assert all(side % 14 == 0 for side in size)
    assert (size.width > size.height) == (frame.width > frame.height)


def test_another_input_size_can_be_declared(small: Path) -> None:
    declared = Declared(input_size=Size(42, 28))
    teacher = load("hub:small", str(small), FRAME, declared)
    assert teacher.input_size == (42, 28)
    assert teacher.network(torch.rand(1, 3, 28, 42)).shape == (1, 28, 42)


def test_padding_is_left_out(save: Model) -> None:
    size = {"height": 64, "width": 64}
    padding = dpt_processor(
        size=size, keep_aspect_ratio=False, ensure_multiple_of=1, do_pad=True, size_divisor=48
    )
    assert load("x", str(save(dpt(), padding)), FRAME, Declared()).input_size == (64, 64)
    zoe = transformers.ZoeDepthImageProcessor(size={"height": 64, "width": 96})
    assert zoe.do_pad
    zoe.ensure_multiple_of = 32
    assert load("x", str(save(zoedepth(10), zoe)), Size(96, 64), Declared()).input_size == (96, 64)


def test_meaning_is_the_models(save: Model) -> None:
    metric = depth_anything(depth_estimation_type="metric", max_depth=20)
    teacher = load("x", str(save(metric, dpt_processor())), FRAME, Declared())
    assert teacher.meaning == Meaning("metres", "metric", "small", (0.0, 20.0))
    teacher = load("x", str(save(glpn(), transformers.GLPNImageProcessor())), FRAME, Declared())
    assert teacher.meaning == Meaning("metres", "metric", "small", (0.0, 80.0))
    assert teacher.input_size == (128, 96)
    teacher = load("x", str(save(dpt(), dpt_processor())), FRAME, Declared())
    assert teacher.meaning == INVERSE


def test_what_a_model_does_not_say_can_be_declared(save: Model, small: Path) -> None:
    folder = str(save(dpt(), dpt_processor()))
    declared = Declared(unit="metres", limits=(0.0, 10.0))
    expected = Meaning("metres", "metric", "small", (0.0, 10.0))
    assert load("x", folder, FRAME, declared).meaning == expected
    limited = load("x", str(small), FRAME, Declared(limits=(0.0, 30.0)))
    assert limited.meaning.limits == (0.0, 30.0)
    with pytest.raises(UsageError, match=r"--unit metres: x has none.*leave out --unit"):
        load("x", str(small), FRAME, Declared(unit="metres"))


def test_one_picture_is_the_same_in_any_batch(save: Model, picture: Image.Image) -> None:
    """ZoeDepth of two domains lets a batch vote on its domain; here its pictures disagree."""
    small = picture.resize((96, 64))
    rgb = in_unit(small, small.transpose(Image.Transpose.FLIP_LEFT_RIGHT), small.rotate(180))
    model = stirred(zoedepth(10, 80))
    processor = transformers.ZoeDepthImageProcessor(size={"height": 64, "width": 96})
    with torch.inference_mode():
        votes = torch.cat([model(pixel_values=rgb[[i]] * 2 - 1).domain_logits for i in range(3)])
        model.metric_head.mlp_classifier.linear2.bias -= votes.mean(dim=0)
        batch = model(pixel_values=rgb * 2 - 1).predicted_depth
        parts = [model(pixel_values=rgb[[i]] * 2 - 1).predicted_depth for i in range(3)]
    assert not torch.allclose(batch, torch.cat(parts), atol=1e-2)
    teacher = load("x", str(save(model, processor)), FRAME, Declared(input_size=Size(96, 64)))
    assert teacher.meaning.limits == (0.0, 80.0)
    with torch.inference_mode():
        assert torch.allclose(teacher.network(rgb), torch.cat(parts), atol=1e-5)


def test_half_precision_is_read_as_float32(save: Model) -> None:
    folder = save(depth_anything().half(), dpt_processor())
    teacher = load("x", str(folder), FRAME, Declared())
    assert teacher.network(torch.rand(1, 3, 56, 70)).dtype == torch.float32


def test_shards_have_one_digest(save: Model) -> None:
    folder = save(depth_anything(), dpt_processor(), max_shard_size="20KB")
    files = weight_files(folder)
    assert len(files) > 2
    teacher = load("x", str(folder), FRAME, Declared())
    assert teacher.weights_sha256 == weights_digest(files) != file_sha256(files[0])
    files[1].unlink()
    with pytest.raises(WeightsError, match=f"{files[1].name} is missing, which"):
        load("x", str(folder), FRAME, Declared())


def test_pickles_are_read_without_running_them(mine: Path) -> None:
    state = load_file(mine / "model.safetensors")
    (mine / "model.safetensors").unlink()
    torch.save(state, mine / "pytorch_model.bin")
    teacher = load("x", str(mine), FRAME, Declared())
    assert teacher.weights_sha256 == file_sha256(mine / "pytorch_model.bin")
    torch.save({"touch": _Touch(mine / "run")}, mine / "pytorch_model.bin")
    with pytest.raises(WeightsError, match="can't be loaded as a depth model"):
        load("x", str(mine), FRAME, Declared())
    assert not (mine / "run").exists()


class _Touch:
    """Unpickled by force, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_code_of_a_repository_is_not_run(mine: Path) -> None:
    config = json.loads((mine / "config.json").read_text())
    config["model_type"] = "strange"
    config["auto_map"] = {
        "AutoConfig": "strange.Strange",
        "AutoModelForDepthEstimation": "strange.Strange",
    }
    (mine / "config.json").write_text(json.dumps(config))
    (mine / "strange.py").write_text(f"open({str(mine / 'run')!r}, 'w')\nclass Strange: pass\n")
    with pytest.raises(WeightsError, match="can't be loaded as a depth model"):
        load("x", str(mine), FRAME, Declared())
    assert not (mine / "run").exists()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_truncated_file_is_a_sentence(share: float, mine: Path) -> None:
    path = mine / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(WeightsError, match=r"can't be loaded.*delete them and fetch it again"):
        load("x", str(mine), FRAME, Declared())


def test_a_missing_tensor_is_a_sentence(mine: Path) -> None:
    state = load_file(mine / "model.safetensors")
    dropped = state.pop("head.conv3.weight")
    save_file(state, mine / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsError, match=r"1 of the model's weights are missing.*head\.conv3"):
        load("x", str(mine), FRAME, Declared())
    state["head.conv3.weight"] = torch.cat([dropped, dropped])
    save_file(state, mine / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsError, match="can't be loaded as a depth model"):
        load("x", str(mine), FRAME, Declared())


def test_weights_that_are_never_used_may_be_missing(save: Model, picture: Image.Image) -> None:
    folder = save(stirred(dpt()), dpt_processor())
    rgb = in_unit(picture.resize((64, 64)))
    expected = load("x", str(folder), FRAME, Declared()).network(rgb)
    state = load_file(folder / "model.safetensors")
    kept = {name: part for name, part in state.items() if "layers.0.residual_layer1" not in name}
    assert len(kept) < len(state)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    assert torch.equal(load("x", str(folder), FRAME, Declared()).network(rgb), expected)


def test_foreign_folders_are_sentences(mine: Path, save: Model, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError, match=r"neither model\.safetensors nor pytorch_model\.bin"):
        load("x", str(tmp_path / "empty"), FRAME, Declared())
    classifier = transformers.ViTForImageClassification(transformers.ViTConfig(**TINY))
    folder = save(classifier, transformers.ViTImageProcessor())
    with pytest.raises(WeightsError, match="can't be loaded as a depth model"):
        load("x", str(folder), FRAME, Declared())
    (mine / "preprocessor_config.json").unlink()
    with pytest.raises(WeightsError, match="no image processor that can be used"):
        load("x", str(mine), FRAME, Declared())


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (README, "apache-2.0"),
        ("---\nlicense: other\nlicense_name: own\n---\n", "own"),
        ("---\nlicense: [mit]\n---\n", "unknown"),
        ("---\nlicense: {a: [\n---\n", "unknown"),
        ("---\n- a list\n---\n", "unknown"),
        ("---\nlicense: mit", "mit"),
        ("# A model, license: mit\n", "unknown"),
        ("", "unknown"),
    ],
)
def test_licence(text: str, licence: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(text)
    assert licence_of(tmp_path) == licence
    assert licence_of(tmp_path / "elsewhere") == "unknown"


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, and no network."""
    cache = tmp_path / "cache"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return cache


def put(cache: Path, hub_id: str, folder: Path) -> Path:
    """A snapshot as the hub's client lays it out."""
    repository = cache / f"models--{hub_id.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0" * 40)
    return Path(shutil.copytree(folder, repository / "snapshots" / ("0" * 40)))


def test_what_is_in_the_cache_needs_no_network(hub_cache: Path, small: Path) -> None:
    assert cached_folder("somebody/small") is None
    snapshot = put(hub_cache, "somebody/small", small)
    assert cached_folder("somebody/small") == snapshot
    assert is_here("somebody/small") and is_here(str(small))
    teacher = load("hub:somebody/small", "somebody/small", FRAME, Declared())
    assert teacher.weights_sha256 == file_sha256(small / "model.safetensors")
    assert pull("somebody/small") == (snapshot, teacher.weights_sha256)


@pytest.mark.parametrize(
    "missing", ["model.safetensors", "config.json", "preprocessor_config.json"]
)
def test_half_a_snapshot_is_not_here(missing: str, hub_cache: Path, small: Path) -> None:
    (put(hub_cache, "somebody/small", small) / missing).unlink()
    assert not is_here("somebody/small")
    with pytest.raises(WeightsError):
        load("x", "somebody/small", FRAME, Declared())


@pytest.mark.usefixtures("hub_cache")
def test_without_a_network_the_ways_out_are_named() -> None:
    with pytest.raises(WeightsError, match=r"somebody/small can't be fetched: .*Three ways out"):
        load("x", "somebody/small", FRAME, Declared())
    with pytest.raises(WeightsError, match=r"connect.*--weights.*HF_HOME"):
        fetch("somebody/small")


@pytest.mark.parametrize("source", ["/nowhere/at all", "../model", "a/b/c", "-x"])
@pytest.mark.usefixtures("hub_cache")
def test_neither_a_folder_nor_an_id(source: str) -> None:
    with pytest.raises(UsageError, match=r"There is no folder .* no id of a hub"):
        load("x", source, FRAME, Declared())
    with pytest.raises(UsageError, match="no id of a hub"):
        is_here(source)


def test_nothing_is_shown_and_nothing_stays_changed(
    small: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    logging, utils = transformers.utils.logging, huggingface_hub.utils

    def state() -> list[object]:
        return [
            logging.get_verbosity(),
            logging.is_progress_bar_enabled(),
            utils.logging.get_verbosity(),
            utils.are_progress_bars_disabled(),
            warnings.filters[:],
        ]

    before = state()
    load("x", str(small), FRAME, Declared())
    assert state() == before
    assert capfd.readouterr() == ("", "")


def test_a_missing_library_is_named(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.setitem(sys.modules, "transformers.utils.logging", None)
    with pytest.raises(ModuleNotFoundError, match="transformers"):
        load("x", str(small), FRAME, Declared())
