from __future__ import annotations

from pathlib import Path

import pytest
import recorded_tegrastats as recorded
from hypothesis import given
from hypothesis import strategies as st
from xavier_root import write_tool

from edge.device.tegrastats import Load, Rail, Tegrastats, parse_tegrastats, read_tegrastats
from edge.device.thermal import is_temperature

MEBIBYTE = 1 << 20
MEGAHERTZ = 1_000_000


def parsed(line: str) -> Tegrastats:
    found = parse_tegrastats(line)
    assert found is not None
    return found


def test_an_xavier_of_jetpack_4() -> None:
    assert parse_tegrastats(recorded.XAVIER_R32_ROOT) == Tegrastats(
        ram_used=721 * MEBIBYTE,
        ram_total=31927 * MEBIBYTE,
        swap_used=0,
        swap_total=15963 * MEBIBYTE,
        cores=[Load(2, 1190 * MEGAHERTZ), *[Load(0, 1190 * MEGAHERTZ)] * 3, None, None, None, None],
        memory_clock=Load(0, 665 * MEGAHERTZ),
        gpu=Load(0, 318 * MEGAHERTZ),
        temperatures={
            "AO": 37.5, "GPU": 37.5, "Tdiode": 40.0, "AUX": 36.0, "CPU": 37.5, "thermal": 36.9, "Tboard": 37.0
        },
        rails={
            "GPU": Rail(0, 0), "CPU": Rail(311, 311), "SOC": Rail(932, 932), "CV": Rail(0, 0),
            "VDDRQ": Rail(621, 621), "SYS5V": Rail(1482, 1482),
        },
    )  # fmt: skip


def test_an_xavier_whose_rails_have_units() -> None:
    found = parsed(recorded.XAVIER_UNITS)
    assert (found.ram_used, found.swap_total) == (None, None), "the line was cut in front"
    assert len(found.cores) == 8
    assert (found.memory_clock, found.gpu) == (Load(0, 1331 * MEGAHERTZ), Load(0, 114 * MEGAHERTZ))
    assert found.rails["SYS5V"] == Rail(2768, 2768)
    assert list(found.rails) == ["GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"]


def test_newer_boards() -> None:
    found = parsed(recorded.AGX_ORIN_R35)
    assert (found.memory_clock, found.gpu) == (None, Load(0, None))
    assert found.temperatures["soc2"] == 37.843
    assert found.rails["VIN_SYS_5V0"] == Rail(4442, 4442)
    assert parsed(recorded.ORIN_NX_R35).temperatures["tj"] == 48.875
    assert parsed(recorded.AGX_ORIN_R36).gpu == Load(0, 305 * MEGAHERTZ)
    assert parsed(recorded.AGX_ORIN_R36).swap_used == 4915 * MEBIBYTE
    newest = parsed(recorded.AGX_ORIN_R39)
    assert (newest.gpu, newest.cores[0]) == (Load(12, 1300 * MEGAHERTZ), Load(23, 2201 * MEGAHERTZ))
    assert newest.temperatures == {"cpu": 52.968, "soc2": 48.406, "soc0": 49.531, "gpu": 47.625}
    assert newest.rails["VDD_CPU_CV"] == Rail(3268, 3268)


@pytest.mark.parametrize("line", recorded.ALL)
def test_each_recorded_line_is_understood(line: str) -> None:
    found = parsed(line)
    assert found.cores
    assert found.gpu is not None
    assert found.temperatures
    assert found.rails
    assert not {"PMIC", "RAM", "SWAP"} & {*found.temperatures, *found.rails}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "tegrastats: command not found",
        "RAM",
        "RAM 1/2",
        "CPU [",
        "GR3D_FREQ",
        "VDD_IN 5mW/",
        "@C",
        "RAM 9/2MB",
        "\0",
    ],
)
def test_a_line_without_anything_that_is_understood_is_nothing(line: str) -> None:
    assert parse_tegrastats(line) is None


def test_what_is_absurd_is_left_out_and_the_rest_is_kept() -> None:
    found = parsed(
        "RAM 99999/15692MB (lfb 3x2MB) SWAP 1/2MB CPU [300%@1190,7%,-1%@5,off,] EMC_FREQ 999%@665 GR3D_FREQ 101% "
        "AO@-256C GPU@999999C CPU@31.5C VDD_IN 9999999mW/1mW CV 1mW/2 GPU 463/463"
    )
    assert found.ram_total is None
    assert found.swap_used == MEBIBYTE
    assert found.cores == [Load(None, 1190 * MEGAHERTZ), Load(7, None), None, None, None]
    assert (found.memory_clock, found.gpu) == (Load(None, 665 * MEGAHERTZ), None)
    assert found.temperatures == {"CPU": 31.5}
    assert found.rails == {"GPU": Rail(463, 463)}


@given(line=st.sampled_from(recorded.ALL), end=st.integers(0, 400), noise=st.text(max_size=20))
def test_lines_that_break_off(line: str, end: int, noise: str) -> None:
    whole, cut = parsed(line), parse_tegrastats(line[:end] + noise)
    if cut is not None and not noise:
        # A number may be cut within itself; what stands behind a blank is as in the whole line.
        kept = parse_tegrastats(line[:end].rpartition(" ")[0])
        assert kept is None or kept.rails.items() <= whole.rails.items()
        assert kept is None or kept.temperatures.items() <= whole.temperatures.items()


@given(st.text(alphabet="RAMSWPCUGD_EQ0123456789/%@[],. mWMBCofx-\0", max_size=200))
def test_any_text_gives_sensible_values_or_none(line: str) -> None:
    found = parse_tegrastats(line)
    if found is None:
        return
    for load in [*found.cores, found.gpu, found.memory_clock]:
        assert load is None or load.percent is None or 0 <= load.percent <= 100
    assert all(map(is_temperature, found.temperatures.values()))
    assert all(0 <= rail.now <= 1_000_000 and 0 <= rail.average <= 1_000_000 for rail in found.rails.values())
    assert found.ram_total is None or (found.ram_used or 0) <= found.ram_total


def test_the_tool_is_asked_for_one_line_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = f'trap "" TERM\nwhile echo "{recorded.AGX_ORIN_R35}"; do sleep 0.05; done\necho gone > {tmp_path}/ended'
    write_tool(tmp_path, "tegrastats", script)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert read_tegrastats() == parsed(recorded.AGX_ORIN_R35)


def test_a_tool_that_says_nothing_useful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tool(tmp_path, "tegrastats", "echo Error: cannot open /sys >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert read_tegrastats() is None
    assert read_tegrastats(lambda command: None) is None
