"""Imports flow cli -> stage -> pure functions -> data_manifest, and help is fast."""

import ast
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
    "depthgen": {"run"},
    "train": {"fit", "evaluate", "predict"},
}
MAY_IMPORT = {
    "data_manifest": {"data_manifest"},
    **{stage: {stage, "data_manifest"} for stage in STAGES},
}
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
