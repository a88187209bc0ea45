"""Which bundles say of their records what template they are of."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from small_bundle import make_small_bundle

from edge.bundle.folder import load_bundle
from edge.bundle.preprocessing import FormatSpec, SessionSpec
from edge.dictionary.spec import Dictionary, Template, encode_dictionary
from edge.runtime.detector import Detector

FILE = {
    "dictionary.json": encode_dictionary(
        Dictionary(
            schema_version=1,
            templates=[Template(id=3, text="session <num> of <*>", count=1, history=[], known=False)],
        )
    )
}
CONTENTS = ["session 17 of root", "session 18 of ubuntu", "session of root", "session 17 of root"]


def test_contents_are_masked_before(tmp_path: Path) -> None:
    detector = Detector(load_bundle(make_small_bundle(tmp_path / "made", FILE)), provider="cpu", threads=1)
    assert detector.templates(CONTENTS) == [3, 3, None, 3]
    assert detector.templates([]) == []


def test_without_a_dictionary_there_is_nothing_to_say(small_bundle: Path) -> None:
    assert Detector(load_bundle(small_bundle), provider="cpu", threads=1).templates(CONTENTS) is None


def test_sessions_are_of_no_template(tmp_path: Path, small_bundle: Path) -> None:
    preprocessing = replace(
        load_bundle(small_bundle).manifest.preprocessing,
        format=FormatSpec(name="events", layout=None, fields=None, header=None, skip_characters=0),
        sessions=SessionSpec(key=None, idle_records=None, length=8, step=8, seconds=None),
    )
    made = make_small_bundle(tmp_path / "made", FILE, preprocessing=preprocessing)
    assert Detector(load_bundle(made), provider="cpu", threads=1).templates(["1 2 3"]) is None
