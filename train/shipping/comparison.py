"""What was measured of a student's variants, as a table and as JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from data_manifest.files.publish import publish_text
from train.shipping.judging_samples import Judging
from train.shipping.variants import Variant
from train.shipping.worth import Worth


class Measured(NamedTuple):
    """A variant, what an answer takes here in milliseconds, and what it is worth."""

    variant: Variant
    milliseconds: float
    worth: Worth


class Comparison(NamedTuple):
    """Variants, measured with so many threads on the same samples."""

    measured: Sequence[Measured]
    threads: int
    judging: Judging

    def write(self, path: Path) -> None:
        """Publish as JSON."""
        content: dict[str, Any] = {
            "threads": self.threads,
            "split": self.judging.split,
            "samples": len(self.judging.samples),
            "unit": self.judging.encoding.unit,
            "variants": [
                {
                    "file": variant.file.name,
                    "engine": variant.engine,
                    "size": list(variant.size),
                    "bytes": variant.file_bytes,
                    "milliseconds": milliseconds,
                    **worth._asdict(),
                }
                for variant, milliseconds, worth in self.measured
            ],
        }
        publish_text(path, json.dumps(content, indent=2) + "\n")

    def __str__(self) -> str:
        unit = f" [{self.judging.encoding.suffix.strip()}]" if self.judging.encoding.suffix else ""
        rows = [("file", "engine", "size", "MB", "ms a pair", "mask IoU", f"depth RMSE{unit}")]
        rows += [
            (
                variant.file.name,
                variant.engine,
                f"{variant.size:x}",
                f"{variant.file_bytes / 1e6:.2f}",
                f"{milliseconds:.1f}",
                f"{worth.mask_iou:.4f}",
                f"{worth.depth_rmse:.4f}",
            )
            for variant, milliseconds, worth in self.measured
        ]
        lines = [
            f"{file:17}{engine:13}{size:>9}{mega:>8}{time:>11}{iou:>10}{rmse:>16}"
            for file, engine, size, mega, time, iou, rmse in rows
        ]
        how = f"on {self.judging}; one pair at a time on the CPU, threads: {self.threads}"
        return "\n".join([*lines, how])
