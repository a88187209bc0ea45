"""The sample for the detector `sequence`."""

from __future__ import annotations

import re
from pathlib import Path

from edge.formats import detect_format
from export.labelled import read_sidecar
from export.simulate.sequence.jobs import EVENT_IDS, KINDS, STEPS
from export.simulate.sequence.samples import SESSION_KEY, write


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_equal_seeds_give_equal_files(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        said = write(tmp_path / name, seed=seed, days=1, per_day=2000)
        assert f"next: oddline train sequence {tmp_path / name / 'train.events'} -o runs/jobs" in said
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == [
        *("anomalous.events", "normal.events", "test.csv", "test.jsonl", "test.log", "train.events", "train.log"),
    ]
    one, same, other = ([(tmp_path / name / file).read_bytes() for file in names] for name in ("one", "same", "other"))
    assert one == same
    assert all(ours != theirs for ours, theirs in zip(one, other, strict=True))


def test_lines_and_ready_sessions_say_the_same(tmp_path: Path) -> None:
    write(tmp_path, seed=3, days=1, per_day=3000)
    for log, sessions in (("train.log", lines(tmp_path / "train.events")), ("test.log", lines(tmp_path / "test.csv"))):
        found: dict[str, list[str]] = {}
        for line in lines(tmp_path / log):
            match = re.search(SESSION_KEY, line)
            assert match is not None
            found.setdefault(match[1], []).append(_event(line))
        assert found == {line.split(",")[0]: line.split(",")[1].split() for line in sessions if "Label" not in line}
        assert detect_format(lines(tmp_path / log)).name == "syslog"


def _event(line: str) -> str:
    for step, text in STEPS.items():
        pattern = re.sub(r"\\\{\w+\\\}", r"[\\w-]+", re.escape(text))
        if re.search(f" {pattern}$", line):
            return str(EVENT_IDS[step])
    raise AssertionError(line)


def test_labelled_anomalies_are_unlike_all_normal_sessions(tmp_path: Path) -> None:
    write(tmp_path, seed=4, days=7, per_day=None)
    header, *rows = (line.split(",") for line in lines(tmp_path / "test.csv"))
    assert header == ["Job", "Sequence", "Label"]
    labels = {label for _, _, label in rows}
    assert labels == {"normal", *KINDS}
    normal = {ids for _, ids, label in rows if label == "normal"}
    assert normal.isdisjoint(ids for _, ids, label in rows if label != "normal")
    by_class = [[line.split(",")[0] for line in lines(tmp_path / f"{name}.events")] for name in ("normal", "anomalous")]
    assert by_class == [
        [job for job, _, label in rows if label == "normal"],
        [job for job, _, label in rows if label != "normal"],
    ]
    learnt = {line.split(",")[1] for line in lines(tmp_path / "train.events")}
    assert learnt.isdisjoint(ids for _, ids, label in rows if label != "normal")


def test_lines_of_anomalous_jobs_are_labelled(tmp_path: Path) -> None:
    write(tmp_path, seed=1, days=1, per_day=4000)
    _, *rows = (line.split(",") for line in lines(tmp_path / "test.csv"))
    kinds = {job: kind for job, _, kind in rows}
    log = lines(tmp_path / "test.log")
    found = read_sidecar(tmp_path / "test.jsonl").kinds([line.encode() for line in log], "test.log")
    (jobs,) = zip(*(re.findall(SESSION_KEY, line) for line in log), strict=True)
    assert [kind or "normal" for kind in found] == [kinds[job] for job in jobs]
    assert len(set(found)) > 2
