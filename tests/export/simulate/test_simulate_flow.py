"""The simulated network flows."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from edge.errors import OutputError
from export.simulate.flow.draw import BENIGN, HEADER
from export.simulate.flow.kinds import ATTACKS, LEARNT_ATTACKS
from export.simulate.flow.samples import ATTACK_SHARE, write


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flows")
    write(folder, seed=3, days=2, per_day=1000)
    return folder


def test_the_second_part_has_attacks_that_the_first_has_not(folder: Path) -> None:
    train, test = table(folder / "train.csv"), table(folder / "test.csv")
    kinds = [kind.name for kind in ATTACKS]
    assert set(Counter(row["Label"] for row in train)) == {BENIGN, *kinds[:LEARNT_ATTACKS]}
    assert set(Counter(row["Label"] for row in test)) == {BENIGN, *kinds}
    assert len(train) + len(test) == pytest.approx(2000, abs=10)
    attacks = sum(row["Label"] != BENIGN for row in train)
    assert attacks / len(train) == pytest.approx(ATTACK_SHARE, abs=0.01)
    assert max(row["Timestamp"] for row in train) <= min(row["Timestamp"] for row in test)
    assert [row["Timestamp"] for row in train] == sorted(row["Timestamp"] for row in train)


def test_flows_are_what_a_meter_would_write(folder: Path) -> None:
    rows = table(folder / "train.csv")
    assert tuple(rows[0]) == HEADER
    sizes = sorted(float(row["Total Length of Bwd Packet"]) for row in rows)
    assert sizes[-1] > 100 * sizes[len(sizes) // 2], "tails are heavy"
    infinite = [row for row in rows if row["Flow Bytes/s"] == "inf"]
    assert infinite
    assert all(row["Flow Duration"] == "0" for row in infinite)
    for row in rows:
        assert float(row["Flow Duration"]) >= 0
        assert (row["SYN Flag Count"] != "0") == (row["Protocol"] == "6")


def test_equal_seeds_give_equal_flows(folder: Path, tmp_path: Path) -> None:
    said = write(tmp_path / "again", seed=3, days=2, per_day=1000)
    write(tmp_path / "other", seed=4, days=2, per_day=1000)
    for name in ("train.csv", "test.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
        assert (tmp_path / "other" / name).read_bytes() != (folder / name).read_bytes()
        assert any(name in line for line in said)
    assert said[-1] == f"next: oddline train flow {tmp_path / 'again' / 'train.csv'} -o runs/flows"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="file"):
        write(tmp_path / "file" / "flows", seed=0, days=1, per_day=200)
