"""The demo's pictures, or a folder with bgs/ and fgs/ given on the command line."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def picture_folder(work: Path) -> Path:
    """Where bgs/ and fgs/ are; the demo's are fetched below ``work``."""
    if len(sys.argv) > 1:
        return Path(sys.argv[1])
    script = HERE.parent / "demo" / "pictures.py"
    subprocess.run([sys.executable, str(script), str(work / "pictures")], check=True)
    return work / "pictures"
