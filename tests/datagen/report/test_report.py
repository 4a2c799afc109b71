import html
import io
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data_manifest import Dataset
from data_manifest.errors import UsageError
from datagen.config import OverlayConfig, PreviewConfig, StatsConfig
from datagen.overlay import overlay
from datagen.planning.random_draws import scattered
from datagen.preview import preview
from datagen.report.facts import gather
from datagen.report.sources import sources
from datagen.report.usage import Usage
from datagen.stats import stats

Command = Callable[..., subprocess.CompletedProcess[str]]
SPLITS = ("train", "val", "val_bg", "val_fg")


def report(data: Path, out: Path, **options: object) -> str:
    preview(PreviewConfig.model_validate({"data": data, "out": out, "quiet": True, **options}))
    return out.read_text(encoding="utf-8")


def words(markup: str) -> str:
    """What a reader sees of a piece of HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def table(page: str, caption: str) -> list[list[str]]:
    """The body of the table of that caption."""
    body = next(t for t in re.findall(r"<table>.*?</table>", page, re.S) if caption in words(t))
    rows = re.findall(r"<tr>(.*?)</tr>", body.split("<tbody>")[1], re.S)
    return [[words(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


def bar_numbers(page: str, title: str) -> list[float]:
    """What the bars of the chart of that title say."""
    charts = re.findall(r"<figure>.*?</figure>", page, re.S)
    chart = next(c for c in charts if f"<strong>{title}</strong>" in c)
    said = [words(text).rsplit(": ", 1)[1] for text in re.findall(r"<title>.*?</title>", chart)]
    return [float(text.split()[0].replace(",", "").rstrip("%")) for text in said]


def part(page: str, title: str) -> str:
    """The HTML from the heading of that title to the next heading."""
    return re.split(r"<h[23]", page.split(f">{title}</h")[1])[0]


def keys(markup: str) -> list[str]:
    return re.findall(r"<code>(\d{8})</code>", markup)


def plan_rows(data: Path) -> list[dict[str, object]]:
    return pq.read_table(data / "manifest.parquet").to_pylist()


def stored_masks(data: Path) -> np.ndarray:
    """Masks in the plan's order, read as FORMAT.md says, without the project's own reader."""
    masks = {}
    for path in sorted(data.glob("*.h5")):
        with h5py.File(path) as file:
            offsets = file["mask/offsets"][:]
            for number, index in enumerate(file["index"][:]):
                content = file["mask/data"][offsets[number] : offsets[number + 1]].tobytes()
                masks[int(index)] = np.asarray(Image.open(io.BytesIO(content))) > 0
    return np.stack([masks[index] for index in sorted(masks)])


@pytest.fixture(scope="module")
def crowded(make_dataset: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two or three foregrounds a sample and a distractor at times."""
    options = {"objects": "2:3", "distractors": "0:1", "occlusion": 0.9, "angle": "-30:30"}
    return make_dataset(tmp_path_factory.mktemp("crowded") / "data", **options)


def test_counts_equal_the_plan(dataset: Path, tmp_path: Path) -> None:
    page, rows = report(dataset, tmp_path / "report.html"), plan_rows(dataset)
    found = {row[0]: row[1:] for row in table(page, "Samples and distinct sources per split")}
    assert set(found) == {"all", *SPLITS}
    for split, (samples, share, bgs, fgs) in found.items():
        mine = [row for row in rows if split in ("all", row["split"])]
        assert int(samples) == len(mine)
        assert share == f"{len(mine) / len(rows):.1%}"
        assert (int(bgs), int(fgs)) == tuple(len({row[k] for row in mine}) for k in ("bg", "fg"))
    shown = re.findall(r"<h3>(\w+) <small>6 of (\d+)", page)
    assert {split: int(count) for split, count in shown} == Counter(row["split"] for row in rows)
    assert "140 samples" in words(page)


def test_masks_equal_brute_force(dataset: Path, tmp_path: Path) -> None:
    page, masks = report(dataset, tmp_path / "report.html"), stored_masks(dataset)
    area = masks.mean(axis=(1, 2))
    assert bar_numbers(page, "Mask area") == np.histogram(area, 24)[0].tolist()
    for which, value in (("Smallest", area), ("Largest", -area)):
        order = np.argsort(value, kind="stable")[:6]
        found = part(page, f"{which} masks")
        assert keys(found) == [f"{row:08}" for row in order]
        assert [f"the mask covers {area[row]:.2%}" in found for row in order] == [True] * 6
    scale = [row["scale"] for row in plan_rows(dataset)]
    assert bar_numbers(page, "Scale") == np.histogram(scale, 24)[0].tolist()
    assert "<strong>Angle</strong>" not in page


def test_uses_equal_brute_force(crowded: Path, tmp_path: Path) -> None:
    page, rows = report(crowded, tmp_path / "report.html"), plan_rows(crowded)
    drawn = [(o["fg"], row["split"]) for row in rows for o in ({"fg": row["fg"]}, *row["others"])]
    for name, uses in (
        ("Backgrounds", [(row["bg"], row["split"]) for row in rows]),
        ("Foregrounds", drawn),
    ):
        total, per_split = Counter(source for source, _ in uses), Counter(uses)
        found = table(page, f"{name}, the most used first")
        assert {row[0]: int(row[1]) for row in found} == total
        for source, _, *counts in found:
            assert list(map(int, counts)) == [per_split[source, split] for split in SPLITS]
        assert bar_numbers(page, f"{name}: uses per source") == sorted(total.values())[::-1]
    labelled = [1 + sum(other["labelled"] for other in row["others"]) for row in rows]
    assert sum(bar_numbers(page, "Scale")) == sum(bar_numbers(page, "Angle")) == sum(labelled)


def test_most_occluded_equals_brute_force(crowded: Path, tmp_path: Path) -> None:
    hidden = []
    for sample in Dataset(crowded):
        shares = [
            1 - (sample.instance[whole] == number).sum() / whole.sum()
            for number, whole in enumerate(sample.amodal, start=1)
        ]
        hidden.append(max(shares))
    found = part(report(crowded, tmp_path / "report.html"), "Most occluded")
    order = np.argsort(-np.array(hidden), kind="stable")
    assert keys(found) == [f"{row:08}" for row in order[:6]]
    assert f"{hidden[order[0]]:.0%} of a foreground is hidden" in found
    assert found.count("seen and hidden parts of") == 6


def test_colours_are_measured_or_exact(dataset: Path, tmp_path: Path) -> None:
    data = shutil.copytree(dataset, tmp_path / "data")
    measured = report(data, tmp_path / "measured.html")
    assert "datagen stats measures every pixel" in part(measured, "Colours")
    stats(StatsConfig(data=data, workers=1, quiet=True))
    exact = report(data, tmp_path / "exact.html")
    assert "Exact, from stats.json" in part(exact, "Colours")
    caption = "Mean ± standard deviation"
    assert table(measured, caption) == table(exact, caption)
    train = np.stack([sample.fg_bg for sample in Dataset(data, split="train")]) / 255
    whole = zip(train.mean(axis=(0, 1, 2)), train.std(axis=(0, 1, 2)), strict=True)
    row = next(row for row in table(measured, caption) if row[:2] == ["train", "fg_bg"])
    assert row[3:] == [f"{mean:.3f} ± {std:.3f}" for mean, std in whole]
    foreign = json.loads((data / "stats.json").read_text())
    foreign["all"]["samples"] += 1
    (data / "stats.json").write_text(json.dumps(foreign))
    assert "Exact" not in part(report(data, tmp_path / "foreign.html"), "Colours")


def test_depth_is_shown_where_a_teacher_has_run(
    dataset: Path, labelled: Path, tmp_path: Path
) -> None:
    without = report(dataset, tmp_path / "without.html")
    assert 'id="depth"' not in without and "none has run yet" in without
    page = report(labelled, tmp_path / "with.html")
    assert "fastdepth, anchored labels, metric, unit metres, near is small" in page
    depth = np.stack([sample.depth for sample in Dataset(labelled)])
    low, high = np.percentile(depth, [0.1, 99.9])
    edges = np.linspace(low, high, 25)
    share = np.histogram(depth, edges)[0] / depth.size * 100
    assert bar_numbers(page, "Depth") == pytest.approx(share, abs=0.2)
    assert sum(bar_numbers(page, "Depth")) == pytest.approx(99.8, abs=0.2)
    assert "of depth" not in without and page.count(' title="depth"') == len(keys(page))


def test_pixels_are_measured_on_a_spread_sample(dataset: Path, tmp_path: Path) -> None:
    page = report(dataset, tmp_path / "report.html", sampled=20, samples=4)
    assert "20 of 140 samples, spread evenly" in words(page)
    assert sum(bar_numbers(page, "Mask area")) == 20
    assert sum(bar_numbers(page, "Scale")) == 140
    assert page == report(dataset, tmp_path / "again.html", sampled=20, samples=4)
    rows = scattered(140, 20, "report")
    assert (rows // 7).tolist() == list(range(20))
    assert set(rows % 7) != {0}
    assert scattered(5, 9, "report").tolist() == list(range(5))


def save(folder: Path, name: str, picture: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    Image.fromarray(picture.astype(np.uint8)).save(folder / name)


def test_says_why_samples_are_suspicious(tmp_path: Path) -> None:
    grey, faint = np.full((200, 200, 3), 128), np.full((100, 100, 4), 133)
    ramp = np.linspace(90, 160, 200)[:, None, None] + np.zeros((200, 200, 3))
    bright, thin = np.full((100, 100, 4), 250), np.full((400, 400, 4), 255)
    for cutout in (faint, bright):
        cutout[..., 3] = np.hypot(*np.mgrid[-50:50, -50:50]) < 49
        cutout[..., 3] *= 255
    thin[..., 3] = np.eye(400) * 255
    save(tmp_path / "bgs", "grey.png", grey)
    save(tmp_path / "bgs", "ramp.png", ramp)
    for name, cutout in (("faint", faint), ("bright", bright), ("thin", thin)):
        save(tmp_path / "fgs", f"{name}.png", cutout)
    given = {"n": 4, "size": 96, "workers": 1, "quiet": True, "visible": 0.2, "hold_out": 0}
    folders = {"bg": tmp_path / "bgs", "fg": tmp_path / "fgs", "out": tmp_path / "data"}
    overlay(OverlayConfig.model_validate({**given, **folders}))
    page = report(tmp_path / "data", tmp_path / "report.html")
    empty = part(page, "An empty mask")
    assert "16 of 48 measured samples" in words(empty) and words(empty).count("+ thin") == 6
    hardly = part(page, "A foreground that can hardly be seen")
    assert re.search(r"hardly seen: differs from bg by \d\.\d of 255", hardly)
    assert set(re.findall(r"\+ (\w+)<", hardly)) == {"faint"}
    cut = part(page, "A foreground with more than half of its box out of the frame")
    outside = {}
    for row in plan_rows(tmp_path / "data"):
        inside = [
            max(0, min(row[at] + row[side], 96) - max(row[at], 0)) / row[side]
            for at, side in (("x", "width"), ("y", "height"))
        ]
        outside[f"{row['index']:08}"] = 1 - inside[0] * inside[1]
    worst = sorted(outside, key=lambda key: -outside[key])
    count = sum(share > 0.5 for share in outside.values())
    assert count and f"{count} of all 48 samples" in words(cut)
    assert keys(cut)[0] == worst[0] and f"{outside[worst[0]]:.0%} of the box" in cut
    assert "16 of 48 measured samples have an empty mask" in words(part(page, "What stands out"))


class Strict(HTMLParser):
    """Fails on tags that aren't closed in order; collects tags, links and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: Counter[str] = Counter()
        self.links: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag == "img":
            assert dict(attrs)["alt"]
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_evil_names_are_only_text(pictures: Path, tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>&amp;\"'$name{}"
    folder = shutil.copytree(pictures, tmp_path / "pictures")
    (folder / "bgs" / "china.jpg").rename(folder / "bgs" / f"{evil}.jpg")
    (folder / "fgs" / "owl.webp").rename(folder / "fgs" / f"{evil}.webp")
    (folder / "bgs" / f"{evil}<script>.png").write_text("no picture")
    out = tmp_path / f"{evil}<script>"
    given = {"bg": folder / "bgs", "fg": folder / "fgs", "out": out, "n": 1, "size": 64}
    overlay(OverlayConfig.model_validate({**given, "workers": 1, "quiet": True}))
    page = report(out, tmp_path / "report.html", samples=70)
    strict = Strict(page)
    assert not strict.seen["script"]
    assert any(text == out.name for text in strict.text)
    assert sum(evil in text for text in strict.text) > 10
    assert table(page, "What was left out")[0][:2] == ["bg", f"{evil}<script>.png"]


def test_needs_no_other_file(labelled: Path, tmp_path: Path) -> None:
    page = report(labelled, tmp_path / "report.html")
    strict = Strict(page)
    kinds = Counter(link.split(",")[0].split("#")[0] for link in strict.links)
    assert set(kinds) == {"data:image/jpeg;base64", "data:image/png;base64", ""}
    anchors = {link[1:] for link in strict.links if link.startswith("#")}
    assert anchors <= set(re.findall(r' id="([^"]+)"', page)) and len(anchors) >= 10
    assert not re.search(r"https?:|url\(|@import|<script|<link", page)
    assert 100_000 < len(page) < 3_000_000
    assert not re.search(r"\bnan\b", words(page))


def test_rejects_and_near_duplicates(dataset: Path, pictures: Path, tmp_path: Path) -> None:
    data = shutil.copytree(dataset, tmp_path / "data")
    assert "Nothing was left out" in report(data, tmp_path / "none.html")
    lines = [{"kind": "fg", "file": f"{n}.png", "reason": "it is opaque"} for n in range(150)]
    text = "not JSON\n" + "".join(json.dumps(line) + "\n" for line in lines)
    (data / "rejects.jsonl").write_text(text)
    page = report(data, tmp_path / "many.html")
    assert "151 left out, listed in rejects.jsonl; the first 100 are shown" in words(page)
    rows = table(page, "What was left out")
    assert len(rows) == 100
    assert rows[:2] == [["", "", "not JSON"], ["fg", "0.png", "it is opaque"]]
    (data / "rejects.jsonl").unlink()
    assert "Nothing was left out" in report(data, tmp_path / "gone.html")

    folder = shutil.copytree(pictures, tmp_path / "pictures")
    with Image.open(folder / "bgs" / "china.jpg") as photo:
        photo.resize((300, 200)).save(folder / "bgs" / "small-china.png")
    given = {"bg": folder / "bgs", "fg": folder / "fgs", "out": tmp_path / "twins", "n": 1}
    overlay(OverlayConfig.model_validate({**given, "size": 64, "workers": 1, "quiet": True}))
    page = report(tmp_path / "twins", tmp_path / "twins.html")
    assert "china = small-china" in words(part(page, "Backgrounds"))
    assert "No two look the same" in part(page, "Foregrounds")


def test_stays_small_with_many_sources(dataset: Path) -> None:
    facts = gather(Dataset(dataset), 10, quiet=True)
    uses = np.arange(40_000).reshape(10_000, 4) % 7
    usage = Usage(
        [f"folder/picture{n:05}" for n in range(10_000)], uses, [[n, 9] for n in range(9)]
    )
    shown = sources(facts._replace(backgrounds=usage))
    assert len(shown) < len(sources(facts)) + 30_000
    assert sum(bar_numbers(shown, "Backgrounds: uses per source")) / 60 == pytest.approx(
        uses.sum() / 10_000, rel=0.01
    )


def test_replaces_nothing_and_takes_two_endings(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(UsageError, match="give --overwrite"):
        report(dataset, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text() == "mine"
    assert "<html" in report(dataset, tmp_path / "report.html", overwrite=True, sampled=5)
    with pytest.raises(UsageError, match=r"must end with \.png .* or \.html"):
        report(dataset, tmp_path / "report.pdf")


def test_command_says_where_the_report_is(dataset: Path, tmp_path: Path, command: Command) -> None:
    done = command("datagen", "preview", dataset, "--out", "new/report.html", "--sampled", 30)
    size = (tmp_path / "new" / "report.html").stat().st_size
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        f"the report of {dataset} is new/report.html, {size / 1e6:.1f} MB; "
        "pixels were measured on 30 of 140 samples, spread evenly\n"
    )
    (tmp_path / "new" / "mine.html").write_text("mine")
    refused = command("datagen", "preview", dataset, "--out", "new/mine.html")
    assert refused.returncode == 2 and "give --overwrite" in refused.stderr
