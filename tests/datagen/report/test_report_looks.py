"""The report in a real browser: light, dark, and not wider than its window."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datagen.config import PreviewConfig
from datagen.preview import preview

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
DARK, LIGHT = 0, 1  # Chromium's PreferredColorScheme

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")


@pytest.fixture(scope="module")
def page(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    preview(PreviewConfig(data=labelled, out=path, quiet=True))
    return path


def browse(page: Path, folder: Path, *options: str) -> str:
    """Open ``page`` without a window; gives what is printed."""
    command = [str(BROWSER), "--headless=new", "--no-sandbox", "--disable-gpu"]
    command += [f"--user-data-dir={folder / 'profile'}", "--hide-scrollbars"]
    done = subprocess.run(
        [*command, *options, page.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def screenshot(page: Path, folder: Path, scheme: int) -> np.ndarray:
    path = folder / f"{scheme}.png"
    theme = f"--blink-settings=preferredColorScheme={scheme}"
    browse(page, folder, theme, "--window-size=1200,1600", f"--screenshot={path}")
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_is_light_or_dark_as_the_reader_likes(page: Path, tmp_path: Path) -> None:
    light, dark = (screenshot(page, tmp_path, scheme) for scheme in (LIGHT, DARK))
    assert light.shape == dark.shape == (1600, 1200, 3)
    assert np.median(light) > 240
    assert np.median(dark) < 40
    for pixels in (light, dark):
        grey = pixels.mean(axis=2)
        assert np.count_nonzero(np.abs(grey - np.median(grey)) > 100) > 0.005 * grey.size  # text
        assert np.count_nonzero(np.ptp(pixels, axis=2) > 60) > 0.005 * grey.size  # colour


def test_is_never_wider_than_its_window(page: Path, tmp_path: Path) -> None:
    whole = page.read_text(encoding="utf-8")
    wide = whole.replace("<h1>", '<h1 style="width:9999px">')
    widths = (320, 375, 768, 1200)
    frames = [(width, whole) for width in widths] + [(375, wide)]
    body = "".join(
        f'<iframe style="width:{width}px;height:800px;border:0" srcdoc="{html.escape(text)}">'
        "</iframe>"
        for width, text in frames
    )
    script = """<script>addEventListener("load", () => {
      const found = [...document.querySelectorAll("iframe")].map(frame => {
        const root = frame.contentDocument.documentElement;
        return [root.clientWidth, root.scrollWidth, root.scrollHeight];
      });
      document.body.textContent = "found " + JSON.stringify(found) + " end";
    })</script>"""
    (tmp_path / "frames.html").write_text(f"<!DOCTYPE html><body>{body}{script}", encoding="utf-8")
    shown = browse(tmp_path / "frames.html", tmp_path, "--dump-dom")
    match = re.search(r"found (\[.*\]) end", shown)
    assert match, shown[-500:]
    *fitting, control = json.loads(match[1])
    assert [inner for inner, _, _ in fitting] == list(widths)
    assert [content for _, content, _ in fitting] == list(widths)
    assert all(height > 2000 for _, _, height in fitting)
    assert control[1] > 9000
