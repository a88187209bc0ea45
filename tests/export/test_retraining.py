"""Training again with the same seed gives the same model, byte for byte: each detector and preset."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Callable, Dict, List, Tuple

import pytest
from workstation import Ended

from edge.bundle.manifest import MODEL_NAME

Oddline = Callable[..., Ended]


def line_log(oddline: Oddline, folder: Path) -> Tuple[Path, List[str]]:
    assert oddline("simulate", "line", "-o", folder / "log", "--days", 1, "--lines-per-day", 800).status == 0
    return folder / "log" / "train.log", ["--target-fpr", "0.02", "--epochs", "1"]


def access_log(oddline: Oddline, folder: Path) -> Tuple[Path, List[str]]:
    assert oddline("simulate", "access", "-o", folder / "log", "--days", 1, "--lines-per-day", 800).status == 0
    return folder / "log" / "train.log", ["--target-fpr", "0.02", "--epochs", "1"]


def flow_table(oddline: Oddline, folder: Path) -> Tuple[Path, List[str]]:
    assert oddline("simulate", "flow", "-o", folder / "log", "--days", 1, "--lines-per-day", 900).status == 0
    return folder / "log" / "train.csv", ["--epochs", "2"]


def another_seed(oddline: Oddline, folder: Path) -> Tuple[Path, List[str]]:
    log, options = flow_table(oddline, folder)
    return log, [*options, "--seed", "1"]


def labelled_sessions(oddline: Oddline, folder: Path) -> Tuple[Path, List[str]]:
    random = Random(3)
    lines = ["Sequence,Label"]
    for _ in range(120):
        ids = [str(random.randint(1, 4)) for _ in range(random.randint(2, 6))]
        odd = random.random() < 0.4
        lines.append(f"{' '.join([*ids, '9'] if odd else ids)},{'Broken' if odd else 'Normal'}")
    path = folder / "sessions.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path, ["--label-column", "Label", "--epochs", "1"]


def access_windows(oddline: Oddline, folder: Path) -> Tuple[Path, List[str]]:
    assert oddline("simulate", "access", "-o", folder / "log", "--days", 2, "--lines-per-day", 800).status == 0
    labels = ["--format", "access", "--window", "20,4", "--labels", str(folder / "log" / "labelled.jsonl")]
    return folder / "log" / "labelled.log", [*labels, "--epochs", "1"]


def sessions(oddline: Oddline, folder: Path) -> Tuple[Path, List[str]]:
    random = Random(4)
    lines = [" ".join(str(random.randint(1, 4)) for _ in range(random.randint(2, 6))) for _ in range(120)]
    path = folder / "sessions.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path, ["--target-fpr", "0.05", "--epochs", "1"]


ANOTHER_SEED = "flow default, another seed"
CASES = {
    "line default": ("line", "default", line_log),
    "line seed": ("line", "seed", line_log),
    "access default": ("access", "default", access_log),
    "access seed": ("access", "seed", access_log),
    "flow default": ("flow", "default", flow_table),
    "flow seed": ("flow", "seed", flow_table),
    ANOTHER_SEED: ("flow", "default", another_seed),
    "sequence default": ("sequence", "default", sessions),
    "sequence default, labelled": ("sequence", "default", labelled_sessions),
    "sequence seed": ("sequence", "seed", labelled_sessions),
    "sequence default, windows of access lines": ("sequence", "default", access_windows),
    "sequence seed, windows of access lines": ("sequence", "seed", access_windows),
}


@pytest.fixture(scope="module")
def models(tensorflow: None, oddline: Oddline, tmp_path_factory: pytest.TempPathFactory) -> Dict[str, List[str]]:
    """For each case the hashes of two models, each made in a process of its own."""
    folders = {case: tmp_path_factory.mktemp("case") for case in CASES}
    commands: Dict[str, List[List[str]]] = {"one": [], "other": []}
    for case, (detector, preset, make) in CASES.items():
        log, options = make(oddline, folders[case])
        for name, todo in commands.items():
            folder = folders[case] / name
            todo.append(["train", detector, str(log), "--preset", preset, *options, "-o", str(folder / "run")])
            todo.append(["export", str(folder / "run"), "-o", str(folder / "bundle")])
    # Hashes of texts differ between processes, and with them the order of sets.
    begun = [begin(todo, hash_seed) for todo, hash_seed in zip(commands.values(), ("1", "7"))]
    for process in begun:
        _, err = process.communicate()
        assert process.returncode == 0, err
    return {case: [hash_of(folders[case] / name) for name in commands] for case in CASES}


@pytest.mark.parametrize("case", [case for case in CASES if case != ANOTHER_SEED])
def test_equal_seeds_give_equal_models(models: Dict[str, List[str]], case: str) -> None:
    one, other = models[case]
    assert one == other


def test_another_seed_gives_another_model(models: Dict[str, List[str]]) -> None:
    assert models[ANOTHER_SEED][0] not in models["flow default"]


def hash_of(folder: Path) -> str:
    return hashlib.sha256((folder / "bundle" / MODEL_NAME).read_bytes()).hexdigest()


def begin(commands: List[List[str]], hash_seed: str) -> subprocess.Popen[str]:
    code = """
import json, sys
from edge.cli import main
from export.parity import sample
sample.LEAST_INPUTS, sample._LEAST_ALTERED = 500, 100
for command in json.loads(sys.argv[1]):
    try:
        main(command)
    except SystemExit as ended:
        if ended.code:
            sys.exit(f"{command}: {ended.code}")
"""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    run = [sys.executable, "-c", code, json.dumps(commands)]
    return subprocess.Popen(run, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
