"""What can be chosen by a word, apart from what carries it out, which needs torch."""

from typing import Literal

Augment = Literal["full", "plain", "none"]
OptimizerName = Literal["adamw", "adam", "sgd"]
Precision = Literal["fp32", "bf16", "fp16"]
ScheduleName = Literal["one-cycle", "cosine", "step", "plateau", "cyclic", "constant"]
