"""A video's answers as videos: their colours."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from data_manifest.pictures.decoding import decode_upright
from data_manifest.pictures.sheet import depth_limits, depth_tile
from train.answering.answer_video import answer_video, video_files
from train.answering.predictor import Predictor
from train.answering.video import frames_of, open_clip, publishing_video
from train.models.student import Student


class Bright(Student):
    """Says that what is bright is far away, and foreground."""

    multiple = 1

    def forward(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        assert bg.shape == fg_bg.shape
        brightness = fg_bg.mean(dim=1, keepdim=True)
        return brightness - 0.5, brightness


def test_all_frames_have_the_same_depth_colours(
    student_run: Path, pictures: Path, tmp_path: Path
) -> None:
    """Else a frame that is half as bright would look like the one before it."""
    photo = decode_upright((pictures / "bgs" / "china.jpg").read_bytes(), "RGB")
    photo = np.asarray(cv2.GaussianBlur(cv2.resize(photo, (160, 106)), (0, 0), 3), np.uint8)
    with publishing_video(tmp_path / "clip.mp4", 10) as take:
        for _ in range(3):
            take(photo // 2)
            take(photo)
    network = Predictor.load(student_run, device="cpu").network
    predictor = Predictor(network, Bright(), torch.device("cpu"))
    clip, done = open_clip(tmp_path / "clip.mp4"), []
    files = video_files(tmp_path / "out", clip.path, overwrite=False)
    (tmp_path / "out").mkdir()
    assert answer_video(predictor, clip, photo, files, None, done.append) == sum(done) == 6
    depths = [predictor(photo, frame).depth for frame in frames_of(clip)]
    limits = depth_limits(depths)
    shown = list(frames_of(open_clip(files["depth"])))
    for frame, depth in zip(shown, depths, strict=True):
        assert np.abs(frame.astype(int) - depth_tile(depth, limits, "small")).mean() < 12
    own = depth_tile(depths[0], depth_limits(depths[:1]), "small")
    assert np.abs(shown[0].astype(int) - own).mean() > 20
