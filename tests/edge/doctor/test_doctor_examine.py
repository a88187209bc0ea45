"""Whole examinations: of an Xavier in a folder with fake tools, of machines that lack this or that, of this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, NoReturn, Optional, Sequence, Tuple

import msgspec
import numpy as np
import pytest
import xavier_root
from fake_gpu import FakeGpu, install
from xavier_root import write_files, write_tool, write_tools

from edge.device.files import Files
from edge.device.needed import Missing
from edge.doctor import examine as examination
from edge.doctor.examine import examine
from edge.doctor.findings import Finding
from edge.doctor.probe import Probe, tiny_probe
from edge.doctor.providers import Check, check_provider, open_session
from edge.doctor.report import Report, report_sections
from edge.errors import ProviderError
from edge.runtime.session import PROVIDERS

ALL = list(PROVIDERS.values())
CARD = "NVIDIA H200, 9.0, 570.86.15, 143771\n"


class Right:
    """A session that computes what is expected."""

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        return [tiny_probe().expected]


class Wrong:
    """A session whose inference fails: from the `first` one on, which is that of its warm-up."""

    def __init__(self, message: str, first: int = 0) -> None:
        self.message = message
        self.first = first


def tried(**answers: Any) -> Check:
    """A check of providers; an answer is a session, or the message of onnxruntime's that creating it ends in.

    Failures go the whole way: from an onnxruntime with a GPU that is not there, through a session of oddline's.
    """

    def opened(probe: Probe, provider: str) -> Any:
        answer = answers.get(provider, Right())
        if isinstance(answer, Right):
            return answer
        broken = {PROVIDERS[provider]: answer} if isinstance(answer, str) else {}
        runtime = FakeGpu(ALL, broken)

        def failing(name: str, rows: int) -> Optional[Exception]:
            wrong = isinstance(answer, Wrong) and len(runtime.runs) > answer.first
            return RuntimeError(answer.message) if wrong else None

        runtime.failing = failing
        with pytest.MonkeyPatch.context() as patch:
            install(patch, runtime)
            return open_session(probe, provider)

    return lambda name, probe: check_provider(name, probe, opened, missing=lambda provider: [])


def silent(command: Sequence[str]) -> Optional[str]:
    return None


def card(command: Sequence[str]) -> Optional[str]:
    return CARD if command[0] == "nvidia-smi" and "compute_cap" in command[1] else None


def look(root: Path, **options: Any) -> Report:
    given: Dict[str, Any] = {
        "files": Files(str(root)),
        "run": silent,
        "lookup": {"onnxruntime-gpu": "1.16.3"}.get,
        "environment": {"ODDLINE_CACHE_DIR": str(root / "cache")},
        "list_built": lambda: ALL,
        "check": tried(),
    }
    target = options.pop("target", None)
    given.update(options)
    return examine(tiny_probe(), target, **given)


def levels(report: Report) -> List[Tuple[str, str]]:
    return [(finding.level, finding.what) for finding in report.findings]


def lines(report: Report) -> List[str]:
    return ["|".join(row) for _, rows in report_sections(report) for row in rows]


@pytest.fixture
def xavier(tmp_path: Path) -> Path:
    write_files(tmp_path, xavier_root.files())
    return tmp_path


def test_an_xavier_on_which_everything_works(xavier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.device.command import run_command

    write_tools(xavier / "bin")
    monkeypatch.setenv("PATH", str(xavier / "bin"), prepend=":")
    report = look(xavier, run=run_command, target="xavier-jp5")
    assert report.healthy
    assert [finding.level for finding in report.findings] == ["advice"], "the power mode"
    told = lines(report)
    for line in (
        "board|Jetson-AGX",
        "L4T|35.4.1 (JetPack 5.1.2)",
        "supported|yes, for xavier-jp5: L4T R35.4.1 (JetPack 5.1.2), CUDA 11.4 and TensorRT 8.5",
        "GPU|Xavier, compute capability 7.2",
        "power mode|MODE_30W_ALL (number 3)",
        "clocks|cpu0 2,266 MHz, cpu1 2,189 MHz, cpu2 2,112 MHz, cpu3 2,035 MHz, cpu4 to cpu7 off, gpu 1,377 MHz, "
        "emc 2,133 MHz",
        "jetson_clocks|not in force",
        "throttling|none seen",
        "memory|24,414 MiB available",
    ):
        assert line in told
    assert any(line.startswith("CUDA|11.4.19, ") for line in told)
    assert any(line.startswith("cuDNN|8.6.0, ") for line in told)
    assert any(line.startswith("TensorRT|8.5.2, ") for line in told)
    assert any(line.startswith("temperatures|CPU-therm 43.0 °C, ") for line in told)
    assert any("can be written" in line for line in told)
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


def test_an_xavier_without_nvpmodel(xavier: Path) -> None:
    (xavier / "var/lib/nvpmodel/status").unlink()
    report = look(xavier)
    assert report.healthy
    assert report.device.power_mode is None
    assert "power mode|unknown, nvpmodel does not answer" in lines(report)
    assert report.findings == []


@pytest.mark.parametrize(
    ("release", "name"), [("32 (release), REVISION: 7.1", "R32"), ("36 (release), REVISION: 4.3", "R36")]
)
def test_another_jetpack_is_a_problem_for_the_bundles_target(xavier: Path, release: str, name: str) -> None:
    write_files(xavier, {"/etc/nv_tegra_release": f"# R{release}, GCID: 1, BOARD: t186ref\n"})
    report = look(xavier, target="xavier-jp5")
    assert not report.healthy
    assert report.findings[0].what.startswith(f"not supported for xavier-jp5: L4T {name}")
    assert report.findings[0].mend
    assert "NOT for xavier-jp5" in "\n".join(lines(report))


def test_a_wrong_cuda_library_on_a_jetson(xavier: Path) -> None:
    absent = "libcublasLt.so.12: cannot open shared object file: No such file or directory"
    report = look(xavier, check=tried(cuda=absent))
    assert not report.healthy, "it works on the CPU, but this is a Jetson"
    (finding,) = [finding for finding in report.findings if finding.level == "problem"]
    assert finding.what == "the provider cuda does not work: missing libcublasLt.so.12"
    assert finding.mend.startswith("it was built for CUDA 12, and CUDA 11.4.19 is here: install NVIDIA's")
    assert report.providers[1].missing == [Missing("libcublasLt.so.12", absent)]
    told = "no session could be created (cuda: libcublasLt.so.12 is missing)"
    assert f"cuda|does not work: {told}; missing: libcublasLt.so.12" in lines(report)


def test_a_missing_library_on_a_jetson(xavier: Path) -> None:
    failing = "no session could be created (libnvinfer.so.8: cannot open shared object file: No such file or directory)"
    for library in (xavier / "usr/lib/aarch64-linux-gnu").glob("libnvinfer*"):
        library.unlink()
    report = look(xavier, check=tried(tensorrt=failing))
    assert not report.healthy, "TensorRT is part of JetPack"
    assert report.findings[0].mend == "sudo apt install nvidia-jetpack"


def test_a_missing_library_that_pip_has_brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "package_folders", lambda files, site: ["/site/nvidia/cudnn/lib"])
    write_files(tmp_path, {"/site/nvidia/cudnn/lib/libcudnn.so.9": ""})
    failing = "libcudnn.so.9: cannot open shared object file: No such file or directory"
    report = look(tmp_path, run=card, check=tried(cuda=failing))
    assert report.findings[0].mend.startswith(
        "some lie where the loader does not look: add /site/nvidia/cudnn/lib to LD_LIBRARY_PATH"
    )
    assert "cuDNN|9, /site/nvidia/cudnn/lib/libcudnn.so.9 (found by its folder)" in lines(report)


def test_a_toolkit_that_the_loader_does_not_search(xavier: Path) -> None:
    write_files(xavier, {"/usr/local/cuda-11.4/lib64/libcublasLt.so.11": ""})
    report = look(xavier, check=tried(cuda="libcublasLt.so.11: cannot open shared object file"))
    assert report.findings[0].mend == (
        "some lie where the loader does not look: add /usr/local/cuda-11.4/lib64 to LD_LIBRARY_PATH; "
        "else sudo apt install nvidia-jetpack"
    )


def test_a_card_whose_capability_is_unknown(tmp_path: Path) -> None:
    old = "Tesla T4, 450.51.06, 15109\n"
    report = look(
        tmp_path,
        run=lambda command: old if command[0] == "nvidia-smi" and "compute_cap" not in command[1] else None,
        check=tried(cuda=Wrong("no kernel image is available for execution on the device")),
    )
    assert report.findings[0].what.startswith("the provider cuda does not work: it has no code for Tesla T4 (")
    assert report.findings[0].mend == "install a build of onnxruntime-gpu that was made for this GPU"


@pytest.mark.parametrize(
    "failure",
    [
        "CUDA error cudaErrorNoKernelImageForDevice:no kernel image is available for execution on the device",
        Wrong("CUDA failure 209: no kernel image is available for execution on the device ; GPU=0"),
        Wrong("CUBLAS failure 8: CUBLAS_STATUS_ARCH_MISMATCH ; GPU=0 ; hostname=xavier"),
        Wrong("CUBLAS failure 8: CUBLAS_STATUS_ARCH_MISMATCH ; GPU=0 ; hostname=xavier", first=1),
    ],
)
def test_a_wheel_for_another_compute_capability(xavier: Path, failure: Any) -> None:
    """As a session is created, in its warm-up, and in the inference that is compared."""
    report = look(xavier, check=tried(cuda=failure))
    (finding,) = [finding for finding in report.findings if finding.level == "problem"]
    assert "has no code for Xavier, whose compute capability is 7.2" in finding.what
    assert finding.mend == "install NVIDIA's onnxruntime-gpu wheel for this JetPack that was made for sm_72"


@pytest.mark.parametrize(
    ("message", "kind", "mend"),
    [
        (
            "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version",
            "driver",
            "update NVIDIA's driver",
        ),
        ("CUDA failure 2: out of memory ; GPU=0", "memory", "free memory of the GPU"),
        ("CUDA failure 100: no CUDA-capable device is detected", "device", "see that the GPU can be used here"),
        ("something else", "other", "install what it asks for"),
    ],
)
@pytest.mark.parametrize("where", ["created", "warmed up", "run"])
def test_other_reasons_have_their_mends(tmp_path: Path, message: str, kind: str, mend: str, where: str) -> None:
    failure = message if where == "created" else Wrong(message, first=where == "run")
    report = look(tmp_path, run=card, check=tried(cuda=failure))
    (finding,) = report.findings
    assert finding.level == "problem"
    assert finding.what.startswith("the provider cuda does not work: ")
    assert finding.mend.startswith(mend)
    assert [check.kind for check in report.providers] == [None, kind, None]


def test_a_library_that_is_missed_in_the_warm_up_is_named(tmp_path: Path) -> None:
    """cuDNN loads its parts when they are first used; the file of the provider does not name them."""
    message = "libcudnn_ops.so.9: cannot open shared object file: No such file or directory"
    report = look(tmp_path, run=card, check=tried(cuda=Wrong(message)))
    assert [one.name for one in report.providers[1].missing] == ["libcudnn_ops.so.9"]
    assert report.findings[0].what == "the provider cuda does not work: missing libcudnn_ops.so.9"


def test_a_build_for_the_gpu_on_a_machine_without_one_is_fine(tmp_path: Path) -> None:
    report = look(tmp_path, check=tried(cuda="no", tensorrt="no"))
    assert report.healthy
    (finding,) = report.findings
    assert finding.level == "advice"
    assert "built with tensorrt and cuda, but no NVIDIA GPU with a driver is found here" in finding.what
    assert "install the package onnxruntime in place of onnxruntime-gpu" in finding.mend


def test_the_same_build_where_nvidia_smi_shows_a_gpu_is_a_problem(tmp_path: Path) -> None:
    report = look(tmp_path, run=card, check=tried(cuda="no", tensorrt="no"))
    assert [level for level, _ in levels(report)] == ["problem", "problem"]
    assert "GPU|NVIDIA H200, compute capability 9.0, driver 570.86.15, 143,771 MiB" in lines(report)


def test_tensorrt_is_an_extra_on_a_pc_and_part_of_a_jetson(tmp_path: Path, xavier: Path) -> None:
    assert levels(look(tmp_path / "pc", run=card, check=tried(tensorrt="no"))) == [
        ("advice", "the provider tensorrt does not work: no session could be created (tensorrt: no)")
    ]
    assert levels(look(xavier, check=tried(tensorrt="no")))[0] == (
        "problem",
        "the provider tensorrt does not work: no session could be created (tensorrt: no)",
    )


def test_a_build_without_cuda_beside_a_gpu_is_advised_against(tmp_path: Path, xavier: Path) -> None:
    cpu = [PROVIDERS["cpu"]]
    report = look(xavier, list_built=lambda: cpu)
    assert report.healthy
    assert "built without CUDA and TensorRT; Xavier stands idle" in report.findings[0].what
    assert "NVIDIA's onnxruntime-gpu wheel for JetPack 5.1.2" in report.findings[0].mend
    assert "onnxruntime-gpu in place of" in look(tmp_path / "pc", run=card, list_built=lambda: cpu).findings[0].mend


def test_both_builds_of_onnxruntime_are_one_problem(tmp_path: Path) -> None:
    both = {"onnxruntime": "1.16.3", "onnxruntime-gpu": "1.16.3"}.get
    report = look(tmp_path, lookup=both, check=tried(cuda="no", tensorrt="no", cpu="no"))
    assert report.findings == [
        Finding(
            "problem",
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other",
            "pip uninstall onnxruntime onnxruntime-gpu, then install one of them again",
        )
    ]


def test_an_onnxruntime_that_is_too_old(tmp_path: Path) -> None:
    old = {"onnxruntime": "1.12.1"}.get
    assert levels(look(tmp_path, lookup=old))[0][1].startswith("onnxruntime 1.12.1 is older than 1.15")


def test_nothing_works_without_onnxruntime_or_its_cpu(tmp_path: Path) -> None:
    def absent() -> List[str]:
        raise ProviderError("onnxruntime cannot be imported (no module)")

    report = look(tmp_path, list_built=absent)
    assert levels(report) == [("problem", "onnxruntime cannot be imported (no module)")]
    assert "none|onnxruntime cannot be imported (no module)" in lines(report)
    nothing = look(tmp_path, list_built=lambda: [PROVIDERS["cpu"]], check=tried(cpu="no"))
    assert levels(nothing) == [("problem", "no execution provider works on this machine")]
    broken = look(tmp_path, run=card, check=tried(cpu=Wrong("bad", first=1)))
    assert levels(broken) == [("problem", "the provider cpu does not work: the inference failed (bad)")]


def test_a_cache_that_cannot_be_written_matters_for_tensorrt_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    environment = {"ODDLINE_CACHE_DIR": str(tmp_path / "file" / "cache")}
    report = look(tmp_path, environment=environment, run=card)
    (finding,) = report.findings
    assert finding.level == "problem"
    assert f"cache folder {tmp_path}/file/cache ({tmp_path}/file: Not a directory)" in finding.what
    assert "set ODDLINE_CACHE_DIR" in finding.mend
    assert any("cannot be written: " in line for line in lines(report))
    without = look(tmp_path, environment=environment, list_built=lambda: [PROVIDERS["cpu"]])
    assert [level for level, _ in levels(without)] == ["advice"]


def test_no_room_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.doctor.storage import read_storage

    monkeypatch.setattr(examination, "read_storage", lambda given: read_storage(given, free=lambda folder: 5 << 20))
    (finding,) = look(tmp_path, run=card).findings
    assert finding.level == "problem"
    assert finding.what.startswith("only 5 MiB are free where the cache folder ")
    assert finding.what.endswith("and an engine may need 64 MiB"), "as a build asks for"


def test_a_user_without_a_home_gets_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> NoReturn:
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    (finding,) = look(tmp_path, run=card, environment={}).findings
    assert finding.level == "problem"
    assert finding.what.startswith("nothing can be written to the cache folder (the cache folder cannot be told: HOME")
    assert "set ODDLINE_CACHE_DIR" in finding.mend


def test_the_state_of_the_board_gives_advice(xavier: Path) -> None:
    write_files(xavier, {
        "/sys/class/thermal/thermal_zone0/temp": "90000", "/proc/meminfo": "MemAvailable: 1024 kB\n",
    })  # fmt: skip
    report = look(xavier)
    assert report.healthy
    told = [what for _, what in levels(report)]
    assert "the machine is slowed down now: CPU-therm is at 90 °C, its passive limit is 86 °C" in told
    assert "the power mode MODE_30W_ALL (number 3) limits cores and clocks" in told
    assert "only 1 MiB of memory are available" in told
    write_files(xavier, {"/var/lib/nvpmodel/status": "pmode:0000"})
    assert not any("power mode" in what for _, what in levels(look(xavier)))


def test_over_current_is_shown(tmp_path: Path) -> None:
    write_files(tmp_path, {
        "/sys/class/hwmon/hwmon3/name": "soctherm_oc", "/sys/class/hwmon/hwmon3/oc3_event_cnt": "37",
    })  # fmt: skip
    assert "over-current|times since the start: oc3 37" in lines(look(tmp_path))


def test_this_machine_with_absurd_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in ("nvpmodel", "jetson_clocks", "tegrastats", "nvidia-smi", "ldconfig"):
        write_tool(tmp_path, tool, "head -c 2000 /dev/urandom; echo; echo 'NV Power Mode:'; echo 'GPU MinFreq=x'")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    report = examine(tiny_probe(), environment={"ODDLINE_CACHE_DIR": str(tmp_path)})
    assert report.device.power_mode is None
    assert report.gpus == []
    assert any(check.works for check in report.providers)
