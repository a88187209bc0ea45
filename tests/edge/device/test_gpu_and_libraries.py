from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import pytest
import xavier_root
from hypothesis import given
from hypothesis import strategies as st
from xavier_root import write_files, write_tool

from edge.device.files import Files
from edge.device.gpu import Gpu, parse_gpus, read_gpus
from edge.device.graphics_card import GraphicsCards, parse_graphics_cards
from edge.device.libraries import Library, find_libraries, package_folders
from edge.device.needed import Missing, Needed, missing_libraries, read_needed


def silent(command: Sequence[str]) -> Optional[str]:
    return None


@pytest.mark.parametrize(
    ("compatible", "gpu"),
    [
        ("nvidia,p2972-0000\0nvidia,tegra194\0", Gpu("Xavier", "7.2", None, None)),
        ("nvidia,p3768-0000+p3767-0005\0nvidia,p3767-0005\0nvidia,tegra234\0", Gpu("Orin", "8.7", None, None)),
        ("nvidia,jetson-nano\0nvidia,tegra210\0", Gpu("NVIDIA Tegra X1", "5.3", None, None)),
        ("raspberrypi,4-model-b\0brcm,bcm2711\0", None),
        ("", None),
    ],
)
def test_a_jetsons_gpu_is_told_by_its_chip(tmp_path: Path, compatible: str, gpu: Optional[Gpu]) -> None:
    write_files(tmp_path, {"/proc/device-tree/compatible": compatible})
    assert read_gpus(Files(str(tmp_path)), silent) == ([gpu] if gpu else [])


def test_a_card_of_a_pc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'case "$1" in *compute_cap*) echo "NVIDIA H200, 9.0, 570.86.15, 143771" ;; esac'
    write_tool(tmp_path / "bin", "nvidia-smi", script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    assert read_gpus(Files(str(tmp_path))) == [Gpu("NVIDIA H200", "9.0", "570.86.15", 143771 << 20)]
    assert str(read_gpus(Files(str(tmp_path)))[0]) == (
        "NVIDIA H200, compute capability 9.0, driver 570.86.15, 143,771 MiB"
    )


def test_a_driver_that_knows_no_compute_capability(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        'case "$1" in *compute_cap*) echo \'Field "compute_cap" is not a valid field to query.\'; exit 2 ;; '
        '*) echo "Tesla T4, 450.51.06, 15109" ;; esac'
    )
    write_tool(tmp_path / "bin", "nvidia-smi", script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    assert read_gpus(Files(str(tmp_path))) == [Gpu("Tesla T4", None, "450.51.06", 15109 << 20)]


def test_rows_of_nvidia_smi() -> None:
    assert parse_gpus("A, 8.6, 535.1.2, 100\nB, [N/A], 535.1.2, [N/A]\n") == [
        Gpu("A", "8.6", "535.1.2", 100 << 20),
        Gpu("B", None, "535.1.2", None),
    ]
    message = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver, a, b, c\nNo devices\n"
    assert parse_gpus(message) == []
    assert parse_graphics_cards("[N/A], 40, [N/A]\nrubbish\n") == GraphicsCards({}, {"gpu": 40.0}, [])


@given(st.text(max_size=200))
def test_any_answer_of_nvidia_smi_raises_nothing(text: str) -> None:
    assert isinstance(parse_gpus(text), list)
    assert isinstance(parse_graphics_cards(text), GraphicsCards)


def test_the_libraries_of_an_xavier(tmp_path: Path) -> None:
    write_files(tmp_path, xavier_root.files())
    arm = "/usr/lib/aarch64-linux-gnu"
    assert find_libraries(Files(str(tmp_path)), silent, {}) == [
        Library("CUDA", "11.4.19", "/usr/local/cuda-11.4/lib64/libcudart.so.11.4.298", False),
        Library("cuDNN", "8.6.0", f"{arm}/libcudnn.so.8.6.0", True),
        Library("TensorRT", "8.5.2", f"{arm}/libnvinfer.so.8.5.2", True),
        Library("CUDA driver", None, f"{arm}/tegra/libcuda.so.1.1", True),
    ]


def test_what_the_loader_searches_is_told_apart(tmp_path: Path) -> None:
    site = "/venv/site-packages"
    write_files(tmp_path, {
        "/usr/local/cuda-12.2/version.txt": "CUDA Version 12.2.140\n", "/usr/local/cuda-12.2/lib64/libcudart.so.12": "",
        "/opt/mine/libcudnn.so.8": "", f"{site}/nvidia/cudnn/lib/libcudnn.so.9": "",
        f"{site}/tensorrt_libs/libnvinfer.so.10": "", "/opt/cached/libcuda.so.1": "", "/opt/cached/libnvinfer.so": "",
    })  # fmt: skip
    files = Files(str(tmp_path))
    cache = (
        "1 lib found\n\tlibcuda.so.1 (libc6,x86-64) => /opt/cached/libcuda.so.1\n\tlibz.so.1 (libc6) => /z/libz.so.1\n"
    )
    found = find_libraries(
        files,
        lambda command: cache if command[0] == "ldconfig" else None,
        {"LD_LIBRARY_PATH": "/opt/mine:relative:"},
        package_folders(files, site),
    )
    assert [(library.kind, library.version, library.searched) for library in found] == [
        ("CUDA", "12.2.140", False),
        ("cuDNN", "8", True),
        ("cuDNN", "9", False),
        ("TensorRT", None, True),
        ("TensorRT", "10", False),
        ("CUDA driver", None, True),
    ]
    assert find_libraries(Files(str(tmp_path / "none")), silent, {}) == []


@pytest.mark.parametrize(
    ("installed", "version"),
    [
        ({"tensorrt-cu12-libs": "10.3.0"}, "10.3.0"),
        ({"tensorrt-libs": "10.0.1", "tensorrt": "10.0.1"}, "10.0.1"),
        ({"tensorrt": "10.0.0b6.post1"}, "10.0.0b6"),
        ({"tensorrt-cu12-libs": "10.3.0", "tensorrt-cu13-libs": "10.9.0"}, "10"),
        ({"tensorrt": "8.6.1"}, "10"),
        ({}, "10"),
    ],
)
@pytest.mark.parametrize("path", ["", "{site}/tensorrt_libs", "{site}/tensorrt_libs/"])
def test_the_version_of_pips_tensorrt_is_its_packages(
    tmp_path: Path, installed: Dict[str, str], version: str, path: str
) -> None:
    """Its file is libnvinfer.so.10 from 10.0 to the last of them, whose engines are not alike."""
    files = Files(str(tmp_path))
    write_files(tmp_path, {"/site/tensorrt_libs/libnvinfer.so.10": "", "/usr/lib64/libnvinfer.so.9": ""})
    environment = {"LD_LIBRARY_PATH": path.format(site="/site")}
    found = find_libraries(files, silent, environment, package_folders(files, "/site"), installed.get)
    assert sorted((library.version, library.searched) for library in found) == sorted(
        [(version, bool(path)), ("9", True)], key=str
    )


def elf(names: List[str], runpath: str = "") -> bytes:
    """A 64-bit little-endian ELF file with nothing but a dynamic section."""
    strings = b"\0"
    entries = []
    for tag, text in [*[(1, name) for name in names], *([(29, runpath)] if runpath else [])]:
        entries.append((tag, len(strings)))
        strings += text.encode() + b"\0"
    base, dynamic = 0x10000, 64 + 2 * 56
    table = dynamic + (len(entries) + 2) * 16
    body = b"".join(struct.pack("<qQ", *entry) for entry in [*entries, (5, base + table), (0, 0)]) + strings
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    length = table + len(strings)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, length, length, 4096)
    section = struct.pack("<IIQQQQQQ", 2, 6, dynamic, base + dynamic, 0, len(body), len(body), 8)
    return head + load + section + body


def test_what_a_library_needs(tmp_path: Path) -> None:
    path = tmp_path / "a.so"
    path.write_bytes(elf(["libcublasLt.so.11", "libc.so.6"], "$ORIGIN:${ORIGIN}/../lib:/opt/x"))
    here = str(tmp_path)
    assert read_needed(str(path)) == Needed(["libcublasLt.so.11", "libc.so.6"], [here, f"{here}/../lib", "/opt/x"])


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF", b"\x7fELF\x02\x01" + b"\xff" * 200, b"text", b"\x7fELF\x01\x01" + bytes(99)]
)
def test_what_is_no_library_needs_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.so"
    path.write_bytes(content)
    assert read_needed(str(path)) is None
    assert missing_libraries(str(path)) == []
    assert missing_libraries(str(tmp_path / "none.so")) == []


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_library_raises_nothing(tmp_path_factory: pytest.TempPathFactory, place: int, value: int) -> None:
    data = bytearray(elf(["liba.so.1", "libb.so.2"], "$ORIGIN"))
    data[place % len(data)] = value
    path = tmp_path_factory.getbasetemp() / "damaged.so"
    path.write_bytes(bytes(data))
    found = read_needed(str(path))
    assert found is None or isinstance(found, Needed)


def test_each_missing_library_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "libonnxruntime_providers_cuda.so"
    path.write_bytes(
        elf(
            ["libcublasLt.so.11", "libcudnn.so.8", "libonnxruntime_providers_shared.so", "libold.so", "libc.so.6"],
            "$ORIGIN",
        )
    )
    (tmp_path / "libonnxruntime_providers_shared.so").write_bytes(b"")
    absent = "{}: cannot open shared object file: No such file or directory"
    messages: Dict[str, str] = {
        "libcublasLt.so.11": absent.format("libcublasLt.so.11"),
        "libcudnn.so.8": absent.format("libcublasLt.so.11"),
        "libold.so": "/lib/libc.so.6: version `GLIBC_2.38' not found (required by libold.so)",
    }

    def load(name: str) -> None:
        if name in messages:
            raise OSError(messages[name])

    assert missing_libraries(str(path), load) == [
        Missing("libcublasLt.so.11", messages["libcublasLt.so.11"]),
        Missing("libold.so", messages["libold.so"]),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="reads this interpreter's own libraries")
def test_the_libraries_of_this_interpreter_are_all_there() -> None:
    import _ctypes

    needed = read_needed(_ctypes.__file__)
    assert needed is not None
    assert any(name.startswith("libc.") for name in needed.names)
    assert missing_libraries(_ctypes.__file__) == []


def test_a_library_that_is_really_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.so"
    path.write_bytes(elf(["libno-such-library-of-oddline.so.7", "libc.so.6"]))
    (missing,) = missing_libraries(str(path))
    assert missing.name == "libno-such-library-of-oddline.so.7"
