"""What goes wrong gives one sentence and the right exit code; nothing a user made is harmed."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Command


def assert_sentence(done: object, code: int, *parts: str) -> None:
    stderr, returncode = done.stderr, done.returncode  # type: ignore[attr-defined]
    assert returncode == code, stderr
    assert "Traceback" not in stderr
    for part in parts:
        assert part in stderr


def small(pictures: Path, **options: object) -> list[object]:
    words: list[object] = ["datagen", "overlay", "--n", 1, "--size", 64, "--workers", 1, "--quiet"]
    for name, value in {"bg": pictures / "bgs", "fg": pictures / "fgs", **options}.items():
        words += [f"--{name}", value]
    return words


def test_an_empty_folder(command: Command, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = command(*small(pictures, bg="empty"))
    assert_sentence(done, 2, "Error: empty holds no pictures; expected files such as .jpg")
    assert not (tmp_path / "data").exists()


def test_a_missing_folder(command: Command, pictures: Path) -> None:
    done = command(*small(pictures, fg="nowhere"))
    assert_sentence(done, 2, "Error: There is no folder nowhere")


def test_a_required_option_left_out(command: Command) -> None:
    assert_sentence(command("datagen", "overlay", "--fg", "x"), 2, "--bg is missing")


def test_a_text_file_named_png_and_a_truncated_jpeg(
    command: Command, pictures: Path, tmp_path: Path
) -> None:
    mine = Path(shutil.copytree(pictures, tmp_path / "pictures"))
    (mine / "bgs" / "text.png").write_text("I am a text")
    whole = (mine / "bgs" / "china.jpg").read_bytes()
    (mine / "bgs" / "china.jpg").write_bytes(whole[: len(whole) // 3])
    done = command(*small(mine), "--no-quiet")
    assert_sentence(
        done,
        0,
        "text.png: it is not a picture that can be decoded.",
        "china.jpg: it can't be decoded: image file is truncated",
    )
    rejects = (tmp_path / "data" / "rejects.jsonl").read_text()
    assert rejects.count("\n") == 2
    assert_sentence(command(*small(mine, out="strict"), "--strict"), 1, "can't be used")


def test_a_cutout_bigger_than_the_background(command: Command, pictures: Path) -> None:
    done = command(*small(pictures, scale="0.5:1.2"))
    assert_sentence(done, 2, "cut-outs bigger than the background", "give at most 1")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(command: Command, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    done = command(*small(pictures, out="locked/data"))
    assert_sentence(done, 1, "can't be written: you may not write there")


def test_a_read_only_output(command: Command, pictures: Path) -> None:
    done = command(*small(pictures, out="/proc/diorama"))
    assert_sentence(done, 1, "/proc/diorama", "can't be")


def test_an_output_that_is_a_file(command: Command, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    done = command(*small(pictures))
    assert_sentence(done, 1, "data can't be written: a file of that name is in the way")
    assert (tmp_path / "data").read_text() == "mine"


def test_a_wrong_key_in_the_config(command: Command, tmp_path: Path) -> None:
    (tmp_path / "fit.yaml").write_text("epoch: 3\n")
    done = command("train", "fit", "--config", "fit.yaml")
    assert_sentence(done, 2, "fit.yaml: unknown key 'epoch'; did you mean 'epochs'?")


def test_a_missing_config(command: Command) -> None:
    done = command("train", "fit", "--config", "none.yaml")
    assert_sentence(done, 2, "The configuration none.yaml can't be read")


def test_a_missing_weights_file(command: Command, dataset: Path) -> None:
    done = command("depthgen", "run", dataset, "--weights", "none.onnx")
    assert_sentence(done, 2, "There is no weights file none.onnx")


def test_weights_that_are_no_network(command: Command, dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_text("no network")
    done = command("depthgen", "run", dataset, "--weights", "bad.onnx")
    assert_sentence(done, 1, "not an ONNX file")


def test_no_npm(command: Command, dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    env = {"PATH": str(tmp_path / "bin"), "DIORAMA_CACHE": str(tmp_path / "cache")}
    done = command("depthgen", "run", dataset, env=env)
    assert_sentence(done, 1, "there is no `npm`", "Three ways out")


def test_no_dataset(command: Command) -> None:
    for words in (["datagen", "stats"], ["depthgen", "run"], ["datagen", "preview"]):
        assert_sentence(command(*words), 2, "There is no dataset data; give")
    assert_sentence(command("train", "fit"), 2, "There is no dataset data")
    assert_sentence(command("train", "fit", "--shards", "x/*.h5"), 2, "There is no shard x/*.h5")


def test_no_depth(command: Command, dataset: Path) -> None:
    done = command("train", "fit", "--shards", dataset)
    assert_sentence(done, 1, "has no depth yet; run `depthgen run` first")


def test_datasets_of_mixed_sizes(
    command: Command, labelled: Path, make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    """Two datasets of other sizes given together, and a shard of the other among a dataset's."""
    other = make_dataset(tmp_path / "other", size=64, limit=40)
    done = command("train", "fit", "--shards", labelled / "*.h5", "--shards", other / "*.h5")
    assert_sentence(done, 2, "The shards lie in 2 folders, expected one dataset")
    mixed = Path(shutil.copytree(labelled, tmp_path / "mixed"))
    shards = sorted(mixed.glob("*.h5"))
    shutil.copy(sorted(other.glob("*.h5"))[0], shards[0])
    done = command("train", "fit", "--shards", mixed, "--model", "mdeas")
    assert_sentence(done, 1, shards[0].name)


def test_a_typo_in_the_options_of_a_training(
    command: Command, labelled: Path, tmp_path: Path
) -> None:
    (tmp_path / "fit.yaml").write_text("epocs: 3\n")
    done = command("train", "fit", "--shards", labelled, "--config", "fit.yaml")
    assert_sentence(done, 2, "fit.yaml", "epocs", "epochs")
    done = command("train", "fit", "--shards", labelled, "--mask-loss", "bce + 2*dise")
    assert_sentence(done, 2, "dise", "dice")


def test_nothing_to_validate_on(
    command: Command, make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    data = make_dataset(tmp_path / "data", hold_out=0, limit=24, size=64)
    command("depthgen", "run", data, "--quiet")
    done = command("train", "fit", "--shards", data, "--model", "mdeas", "--epochs", 1)
    assert done.returncode == 0
    assert "epoch 1 has the lowest training loss: no split is held out" in done.stdout
    assert "next: train predict --fg-bg PHOTO --bg EMPTY --run runs/mdeas" in done.stdout
    done = command("train", "evaluate", "--run", "runs/mdeas")
    assert_sentence(done, 1, "has no validation samples; its --hold-out is 0")


def test_a_size_that_the_student_cant_take(command: Command, labelled: Path) -> None:
    done = command("train", "fit", "--shards", labelled, "--size", 50)
    assert_sentence(done, 2, "--size 50: twin needs sides that are multiples of 8, such as 48x48")


def test_no_checkpoint(command: Command, labelled: Path) -> None:
    done = command("train", "evaluate", "--run", "nothing")
    assert_sentence(done, 2, "There is no checkpoint nothing/best.pt")
    done = command("train", "predict", "--run", "nothing", "--shards", labelled)
    assert_sentence(done, 2, "There is no checkpoint nothing/best.pt")


def test_a_damaged_checkpoint(command: Command, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "best.pt").write_text("half a checkpoint")
    done = command("train", "evaluate", "--run", "run")
    assert_sentence(done, 1, "is not a whole checkpoint")


def test_debug_shows_the_traceback(command: Command) -> None:
    done = command("datagen", "stats", "--debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr and "Error: There is no dataset data" in done.stderr


def test_unknown_options_and_commands(command: Command) -> None:
    assert_sentence(command("datagen", "overly"), 2, "No such command 'overly'")
    assert_sentence(command("train", "fit", "--epoch", 3), 2, "No such option", "--epochs")


def test_debug_in_yaml_shows_the_traceback(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("debug: true\nbg: nowhere\nfg: nowhere\n")
    assert "Traceback" in command("datagen", "overlay", "--config", "mine.yaml").stderr
    done = command("datagen", "overlay", "--config", "mine.yaml", "--no-debug")
    assert_sentence(done, 2, "There is no folder nowhere")


def test_a_flag_wins_over_yaml_either_way(command: Command, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("dry_run: true\nquiet: true\n")
    words = [word for word in small(pictures) if word != "--quiet"] + ["--config", "mine.yaml"]
    assert command(*words, "--limit", 4).stdout == ""
    assert not (tmp_path / "data").exists()
    done = command(*words, "--limit", 4, "--no-dry-run", "--no-quiet")
    assert "drew 4 of them" in done.stdout
    assert (tmp_path / "data" / "00000.h5").exists()


def test_what_cant_be_read_is_not_said_to_be_unwritable(
    command: Command, dataset: Path, tmp_path: Path
) -> None:
    mine = Path(shutil.copytree(dataset, tmp_path / "data"))
    (mine / "manifest.parquet").unlink()
    (mine / "manifest.parquet").mkdir()
    done = command("datagen", "stats", mine)
    assert_sentence(done, 1, "manifest.parquet")
    assert "can't be written" not in done.stderr
