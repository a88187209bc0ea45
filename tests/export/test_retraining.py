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
    """For each case the hashes of two models: one made in this process, one in a process of its own."""
    commands: Dict[str, List[List[str]]] = {"here": [], "there": []}
    folders = {case: tmp_path_factory.mktemp("case") for case in CASES}
    for case, (detector, preset, make) in CASES.items():
        folder = folders[case]
        log, options = make(oddline, folder)
        for where, todo in commands.items():
            todo.append(["train", detector, str(log), "--preset", preset, *options, "-o", str(folder / where / "run")])
            todo.append(["export", str(folder / where / "run"), "-o", str(folder / where / "bundle")])
    for command in commands["here"]:
        ended = oddline(*command)
        assert ended.status == 0, ended.err
    in_a_process_of_its_own(commands["there"])
    return {case: [hash_of(folders[case] / where) for where in commands] for case in CASES}


@pytest.mark.parametrize("case", [case for case in CASES if case != ANOTHER_SEED])
def test_equal_seeds_give_equal_models(models: Dict[str, List[str]], case: str) -> None:
    here, there = models[case]
    assert here == there


def test_another_seed_gives_another_model(models: Dict[str, List[str]]) -> None:
    assert models[ANOTHER_SEED][0] not in models["flow default"]


def hash_of(folder: Path) -> str:
    return hashlib.sha256((folder / "bundle" / MODEL_NAME).read_bytes()).hexdigest()


def in_a_process_of_its_own(commands: List[List[str]]) -> None:
    code = """
import json, sys
from edge.cli import main
for command in json.loads(sys.argv[1]):
    try:
        main(command)
    except SystemExit as ended:
        if ended.code:
            sys.exit(f"{command}: {ended.code}")
"""
    # Hashes of texts differ between processes, and with them the order of sets.
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    run = [sys.executable, "-c", code, json.dumps(commands)]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
