"""Imports flow cli -> stage -> rooms -> data_manifest, from room to room one way; help is fast."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STAGES = {
    "datagen": {
        "overlay",
        "stats",
        "preview",
        "dedupe",
        "verify",
        "list_recipes",
        "prepare",
        "cutout",
        "pack",
        "import_dataset",
    },
    "depthgen": {"run", "evaluate", "list_teachers"},
    "train": {
        "fit",
        "evaluate",
        "predict",
        "list_models",
        "find_lr",
        "prune",
        "quantize",
        "export",
        "compare",
    },
}
MAY_IMPORT = {
    "data_manifest": {"data_manifest"},
    **{stage: {stage, "data_manifest"} for stage in STAGES},
}
ROOMS = {
    "data_manifest": (
        "errors",
        "bounded_cache",
        "picks",
        "record",
        "files",
        "weights",
        "commands",
        "pictures",
        "plan_columns",
        "plan",
        "depth_stage",
        "header",
        "quality",
        "condition",
        "shards",
        "locate",
        "dataset",
    ),
    "datagen": (
        "planning",
        "recipes",
        "config",
        "sources",
        "folders",
        "drawing",
        "cutting",
        "checking",
        "ingest",
        "report",
        "export",
    ),
    "depthgen": ("config", "teachers", "engine", "quality", "labels", "judging"),
    "train": (
        "choices",
        "data",
        "losses",
        "metrics",
        "models",
        "schedules",
        "presets",
        "config",
        "panels",
        "running",
        "answering",
        "judging",
        "shipping",
    ),
}
"""Rooms, a sub-package or a module beside them each: one may import those that stand before it."""
PURE = {"PIL", "cv2", "h5py", "joblib", "concurrent", "multiprocessing", "threading", "torch"}
NO_TORCH = ("data_manifest", "datagen")
TORCH_FAMILY = {"torch", "torchvision", "kornia", "accelerate", "timm", "transformers"}


def imported(path: Path) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            modules.add(node.module or "")
    return modules


def sources(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_themselves_and_the_contract(package: str) -> None:
    ours = set(MAY_IMPORT)
    for path in sources(package):
        roots = {module.split(".")[0] for module in imported(path)}
        assert roots & ours <= MAY_IMPORT[package], path


def backward(package: Path) -> list[str]:
    """Imports from one room of a package to another that doesn't stand before it."""
    rooms, found = ROOMS[package.name], []
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).with_suffix("").parts[0]
        if room not in rooms:
            continue
        for module in imported(path):
            parts = module.split(".")
            if parts[0] != package.name or parts[1:2] == [room]:
                continue
            if len(parts) < 2 or parts[1] not in rooms[: rooms.index(room)]:
                found.append(f"{path.relative_to(package.parent)} imports {module}")
    return found


@pytest.mark.parametrize("package", ROOMS)
def test_rooms_import_only_those_before_them(package: str) -> None:
    assert backward(ROOT / package) == []


@pytest.mark.parametrize("package", ROOMS)
def test_every_folder_is_a_room(package: str) -> None:
    folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    assert folders <= set(ROOMS[package])


@pytest.mark.parametrize(
    ("planted", "module"),
    [
        ("datagen/planning/place.py", "datagen.sources.scan"),
        ("datagen/sources/scan.py", "datagen.drawing.painter"),
        ("datagen/drawing/painter.py", "datagen.pack"),
        ("data_manifest/files/publish.py", "data_manifest.shards.codec"),
        ("data_manifest/pictures/sheet.py", "data_manifest.dataset"),
    ],
)
def test_a_planted_backward_import_is_found(planted: str, module: str, tmp_path: Path) -> None:
    package = planted.split("/")[0]
    shutil.copytree(ROOT / package, tmp_path / package)
    with (tmp_path / planted).open("a") as file:
        file.write(f"\nfrom {module} import anything\n")
    assert backward(tmp_path / package) == [f"{planted} imports {module}"]


def test_planning_reads_no_pictures_and_starts_no_threads() -> None:
    script = (
        "import importlib, pkgutil, sys\n"
        "import datagen.planning as room\n"
        "for module in pkgutil.iter_modules(room.__path__, 'datagen.planning.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    for path in sources("datagen/planning"):
        assert not {module.split(".")[0] for module in imported(path)} & PURE, path
    assert not set(done.stdout.split()) & {"PIL", "cv2", "h5py", "joblib", "torch"}


def test_importing_the_contract_changes_nothing_global() -> None:
    script = """
import os, pkgutil, importlib, logging, signal, sys, threading, warnings
import PIL.Image, PIL.ImageFile, cv2
PIL.Image.init()
def state():
    return (
        PIL.Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES, len(PIL.Image.ID),
        cv2.getNumThreads(), cv2.utils.logging.getLogLevel(), cv2.ocl.useOpenCL(),
        warnings.filters[:], threading.active_count(), signal.getsignal(signal.SIGINT),
        logging.getLogger().handlers[:], logging.getLogger("PIL").level, dict(os.environ),
    )
before = state()
import data_manifest
for module in pkgutil.walk_packages(data_manifest.__path__, "data_manifest."):
    importlib.import_module(module.name)
after = state()
print([n for n, (a, b) in enumerate(zip(before, after)) if a != b])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("package", NO_TORCH)
def test_no_torch_in(package: str) -> None:
    for path in sources(package):
        roots = {module.split(".")[0] for module in imported(path)}
        assert not roots & TORCH_FAMILY, path


@pytest.mark.parametrize("package", STAGES)
def test_only_the_command_line_imports_a_stage_and_nothing_the_command_line(package: str) -> None:
    stages = {f"{package}.{stage}" for stage in STAGES[package]}
    for path in sources(package):
        modules = imported(path)
        assert f"{package}.cli" not in modules, path
        if path.name != "cli.py":
            assert not modules & stages, path


@pytest.mark.parametrize("command", sorted(STAGES))
@pytest.mark.parametrize("words", [["--help"], None])
def test_help_imports_no_torch(command: str, words: list[str] | None) -> None:
    words = words or {"datagen": ["overlay"], "depthgen": ["run"], "train": ["fit"]}[command] + [
        "--help"
    ]
    script = (
        "import sys\n"
        f"from {command}.cli import main\n"
        f"main({words!r}, standalone_mode=False)\n"
        "print('heavy:', sorted({'torch', 'cv2', 'onnx', 'matplotlib'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    heavy = done.stdout.rsplit("heavy:", 1)[1]
    assert "torch" not in heavy
    assert "onnx" not in heavy


def test_every_package_is_installed() -> None:
    import configparser

    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = set(setup["options"]["packages"].split())
    present = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for package in MAY_IMPORT
        for path in (ROOT / package).rglob("__init__.py")
    }
    assert listed == present


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_every_public_thing_is_described(package: str) -> None:
    for path in sources(package):
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        for node in tree.body:
            named = isinstance(node, ast.FunctionDef | ast.ClassDef)
            if named and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path}: {node.name}"
