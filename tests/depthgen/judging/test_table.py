import json

from depthgen.judging.crops import CAPS
from depthgen.judging.metrics import NAMES, Metrics
from depthgen.judging.table import Judged, Rules, as_json, as_text

RULES = Rules("median", "nyu", CAPS["nyu"])
METRICS = Metrics(0.0625, 0.5, 0.03125, 0.75, 0.875, 1.0, 0.9375, None)


def test_rows_of_json_say_by_which_rules() -> None:
    given = [Judged("fastdepth", "desk", RULES, 1234, METRICS)]
    other = Rules("affine_disparity", "none", CAPS["kitti"], 1e-3)
    given.append(Judged("other", "mean", other, 9, None))
    first, second = json.loads(as_json(given))
    assert first == {
        "teacher": "fastdepth", "picture": "desk", "alignment": "median", "crop": "nyu",
        "cap_low_m": 0.001, "cap_high_m": 10.0, "clamp": "cap", "pixels": 1234,
        "absrel": 0.0625, "rmse_m": 0.5, "log10": 0.03125, "delta1": 0.75, "delta2": 0.875,
        "delta3": 1.0, "rank": 0.9375, "boundary_f1": None,
    }  # fmt: skip
    assert [second[name] for name in NAMES] == [None] * len(NAMES)
    assert (second["crop"], second["cap_high_m"]) == ("none", 80)
    assert second["clamp"] == "cap, disparity >= 0.001/m"


def test_every_line_has_its_rules_and_a_dash_where_there_is_no_number() -> None:
    given = [Judged("fastdepth", "desk", RULES, 1234, METRICS)]
    given.append(Judged("a longer name", "pooled", RULES._replace(alignment="none"), 9, None))
    head, first, second = as_text(given).splitlines()
    assert len(head) == len(first) == len(second)
    assert head.split()[:4] == ["teacher", "picture", "alignment", "crop"]
    assert "rmse [m]" in head
    assert first.split() == [
        "fastdepth", "desk", "median", "nyu", "0.001", "to", "10", "cap", "1,234", "0.0625",
        "0.5000", "0.0312", "0.7500", "0.8750", "1.0000", "0.9375", "-",
    ]  # fmt: skip
    assert second.split()[-8:] == ["-"] * 8
    assert second.split()[3:6] == ["pooled", "none", "nyu"]
    assert as_text([]).split()[0] == "teacher"


def test_the_clamp_of_disparity_is_said() -> None:
    rules = RULES._replace(alignment="affine_disparity")
    assert rules.clamp == "cap, disparity >= 1/farthest"
    assert rules._replace(disparity_floor=1e-3).clamp == "cap, disparity >= 0.001/m"
    assert RULES._replace(disparity_floor=1e-3).clamp == "cap"
