"""Windows of access lines with scans among them: the preset `seed` in its published input, beside simpler methods.

    python benchmarks/quality/sequence_access.py --data DATA [--seeds 0] [--json OUT]

DATA is a folder of real data sets, which the project does not carry. ``access_elastic``: the traffic of a public site,
taken for normal; its first 60 % are learnt from. ``access_attack_scans``: requests of two scanners. Blocks of 1 to 30
requests on end are put among the normal lines, about one block in 200 of these, and are labelled. Learnt is the first
60 % of the scanner Acunetix; tested are its later requests, and those of Netsparker, which no training saw, each among
the last 40 % of the normal lines.

Windows have 100 lines, one every 5. They are read, learnt and split by the code of ``oddline train sequence --format
access --labels``; a window is anomalous when one of its lines is. The threshold of all is a probability of one
half. The scans are of another site than the traffic, so that its ordinary pages are odd there too: real scans of one's
own site are harder.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import msgspec
import numpy as np
from common import command, environment, parser, raw_lines, run, say, silent, trained, write

from edge.bundle.preprocessing import Preprocessing
from edge.formats.access import AccessFormat
from edge.sequence.reader import Sessions
from edge.sequence.words import RowWords
from edge.text.clean import decode_block
from export.evaluate.baselines.tables import MeanRowRegression
from export.evaluate.bootstrap import Side
from export.evaluate.inputs import ReadInputs, number
from export.evaluate.metrics import measure
from export.evaluate.reading import Reading, read_labelled
from export.evaluate.samples import Samples
from export.labelled import Labelling
from export.sequence.train import SequenceTrainable
from export.trained import load_scorer
from export.training.options import TrainOptions

SCHEMA_VERSION = 1
LEARNT = 0.6
WINDOW = (100, 5)
NORMAL_PER_BLOCK = 200
LONGEST_BLOCK = 30
THRESHOLD = 0.5
# How the scans are laid out is no part of what `--seeds` varies.
_LAYOUT_SEED = 0


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One model on one test log; the counts are windows, `f1_low` and `f1_high` a 95 % interval."""

    task: str
    model: str
    seed: int
    normal: int
    anomalous: int
    false_alarms: int
    accuracy: float
    precision: float
    recall: float
    f1: float
    f1_low: float
    f1_high: float
    auroc: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The whole experiment."""

    schema_version: int
    command: str
    environment: dict[str, str]
    seeds: list[int]
    seconds: float
    figures: list[Figure]


def main(arguments: list[str] | None = None) -> int:
    """Run the experiment; the exit status."""
    options = parser("Detection of scans in windows of access lines.", seeds="0").parse_args(arguments)
    return run(lambda: run_all(options.data, options.seeds, options.json), render)


def run_all(data: Path, seeds: list[int], output: Path | None) -> Result:
    """All figures, which are written to `output`.

    Raises:
        OddlineError: a data set cannot be used, or the output not written.
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        figures = list(experiment(data, Path(folder), seeds))
    result = Result(
        schema_version=SCHEMA_VERSION,
        command=command("sequence_access.py", seeds),
        environment=environment(),
        seeds=seeds,
        seconds=round(time.perf_counter() - started, 1),
        figures=figures,
    )
    write(result, output)
    return result


def experiment(data: Path, folder: Path, seeds: Sequence[int]) -> Iterator[Figure]:
    """The figures of all models and seeds."""
    normal = in_order(data / "access_elastic" / "apache_logs.gz")
    acunetix = in_order(data / "access_attack_scans" / "acunetix.txt.gz")
    netsparker = in_order(data / "access_attack_scans" / "netsparker.txt.gz")
    random = Random(_LAYOUT_SEED)
    cut, scan_cut = round(len(normal) * LEARNT), round(len(acunetix) * LEARNT)
    learnt = mixed(random, normal[:cut], acunetix[:scan_cut], "acunetix", folder / "learnt")
    tests = {
        "Acunetix, later": mixed(random, normal[cut:], acunetix[scan_cut:], "acunetix", folder / "later"),
        "Netsparker, never seen": mixed(random, normal[cut:], netsparker, "netsparker", folder / "never"),
    }
    baseline = None
    for seed in seeds:
        for preset in ("seed", "default"):
            options = TrainOptions(preset=preset, format="access", window=WINDOW, seed=seed, label_file=learnt.labels)
            with trained(SequenceTrainable(), [learnt.log], options) as found:
                spec, score = found.spec.preprocessing, load_scorer(found).score
                if baseline is None:
                    baseline = MeanRowRegression(ReadInputs(spec))
                    baseline.learn(found.labelled_inputs())
            for task, log in tests.items():
                samples = log.samples(spec)
                yield _figure(task, f"sequence, {preset}", seed, samples, score(samples.contents))
                if (preset, seed) == ("seed", seeds[0]):
                    yield _figure(task, baseline.name, 0, samples, baseline.score(samples.contents))


def in_order(path: Path) -> list[bytes]:
    """The lines of a log in the order of their time stamps."""
    lines = raw_lines(path)
    records = AccessFormat().parse(decode_block(lines))
    # All of one log have one zone, so that the texts of their stamps are in their order.
    stamps = [records.timestamp(place) or "" for place in range(len(lines))]
    return [lines[place] for place in sorted(range(len(lines)), key=stamps.__getitem__)]


class Mixed(msgspec.Struct, frozen=True):
    """A log on disk with its labels file."""

    log: str
    labels: str

    def samples(self, spec: Preprocessing) -> Samples:
        """Its windows as a detector reads them."""
        files = read_labelled([self.log], Labelling(sidecar=Path(self.labels)), say=silent)
        assert spec.sessions is not None
        return files.samples(Reading(spec, Sessions(spec.sessions, RowWords())), silent)


def mixed(random: Random, normal: Sequence[bytes], scan: Sequence[bytes], kind: str, path: Path) -> Mixed:
    """Write normal lines with blocks of a scan among them, which begins anywhere and goes round."""
    lines: list[bytes] = []
    labels = []
    place = random.randrange(len(scan))
    for line in normal:
        lines.append(line)
        if random.random() < 1 / NORMAL_PER_BLOCK:
            for _ in range(random.randint(1, LONGEST_BLOCK)):
                lines.append(scan[place % len(scan)])
                labels.append({"line": len(lines), "kind": kind})
                place += 1
            place = random.randrange(len(scan))
    whole = b"".join(line + b"\n" for line in lines)
    header = {"schema_version": 1, "lines": len(lines), "sha256": hashlib.sha256(whole).hexdigest()}
    log, sidecar = path.with_suffix(".log"), path.with_suffix(".jsonl")
    log.write_bytes(whole)
    sidecar.write_bytes(msgspec.json.Encoder().encode_lines([header, *labels]))
    return Mixed(str(log), str(sidecar))


def _figure(task: str, model: str, seed: int, samples: Samples, scores: np.ndarray) -> Figure:
    clusters = number(samples.contents)
    sides = [
        Side(scores[mask], np.unique(clusters[mask], return_inverse=True)[1])
        for mask in (~samples.anomalous, samples.anomalous)
    ]
    found = measure(sides[0], sides[1], THRESHOLD, seed=0)
    say(f"seed {seed}: {task}, {model}: F1 {found.f1:.4f}")
    return Figure(
        task=task,
        model=model,
        seed=seed,
        normal=found.normal,
        anomalous=found.anomalous,
        false_alarms=found.flagged_normal,
        accuracy=found.accuracy,
        precision=found.precision,
        recall=found.tpr,
        f1=found.f1,
        f1_low=found.f1_low,
        f1_high=found.f1_high,
        auroc=found.auroc,
    )


def render(result: Result) -> Iterator[str]:
    """The table."""
    heads = f"{'seed':>5}{'accuracy':>10}{'precision':>11}{'recall':>8}{'F1':>8}{'AUROC':>8}{'alarms':>12}"
    yield f"{'task':<26}{'model':<36}{heads}"
    for one in result.figures:
        alarms = f"{one.false_alarms:,}/{one.normal:,}"
        yield (
            f"{one.task:<26}{one.model:<36}{one.seed:>5}{one.accuracy:>10.4f}{one.precision:>11.4f}"
            f"{one.recall:>8.4f}{one.f1:>8.4f}{one.auroc:>8.4f}{alarms:>12}"
        )


if __name__ == "__main__":
    sys.exit(main())
