"""The log dictionary of a bundle: shown, compared, and what records say with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
import sample_bundle
from small_bundle import LINES, make_small_bundle

from edge.bundle.folder import load_bundle
from edge.dictionary.spec import Dictionary, Template, encode_dictionary

EARLIER = Dictionary(
    schema_version=1,
    templates=[
        Template(id=1, text="sshd[<num>]: session opened for user ubuntu", count=1234, history=[], known=False),
        Template(id=4, text="cron[<num>]: session opened for user", count=2, history=[], known=True),
        Template(id=5, text="kernel: \x1b[2J <*>", count=0, history=["kernel: \x1b[2J x"], known=False),
    ],
)
LATER = Dictionary(
    schema_version=1,
    templates=[
        Template(
            id=1,
            text="sshd[<num>]: session <*> for user ubuntu",
            count=7,
            history=["sshd[<num>]: session opened for user ubuntu"],
            known=False,
        ),
        Template(id=4, text="cron[<num>]: session opened for user", count=3, history=[], known=True),
        Template(id=6, text="no <*> at all\x07", count=1, history=[], known=False),
    ],
)


def bundle(folder: Path, dictionary: Dictionary) -> Path:
    return make_small_bundle(folder, {"dictionary.json": encode_dictionary(dictionary)})


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("bundles") / "earlier", EARLIER)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("bundles") / "later", LATER)


def test_the_templates_are_shown(oddline: Callable[..., Any], earlier: Path) -> None:
    ended = oddline("inspect", earlier, "--dictionary")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "log dictionary: 3 templates, 1 of them known beforehand",
        "  1  1,234  sshd[<num>]: session opened for user ubuntu",
        "  4      2  cron[<num>]: session opened for user  [known]",
        "  5      0  kernel: \\x1b[2J <*>",
        "              before: kernel: \\x1b[2J x",
    ]


def test_programs_get_the_dictionary_as_it_is(oddline: Callable[..., Any], earlier: Path) -> None:
    ended = oddline("inspect", earlier, "--dictionary", "--json")
    assert (ended.status, ended.err) == (0, "")
    assert json.loads(ended.out) == json.loads((earlier / "dictionary.json").read_bytes())


def test_what_another_dictionary_changes_is_shown(oddline: Callable[..., Any], earlier: Path, later: Path) -> None:
    ended = oddline("inspect", earlier, "--dictionary", "--diff", later)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "new: 1",
        "  6  1  no <*> at all\\x07",
        "more general: 1",
        "  1  7  sshd[<num>]: session <*> for user ubuntu",
        "          before: sshd[<num>]: session opened for user ubuntu",
        "gone: 1",
        "  5  0  kernel: \\x1b[2J <*>",
    ]


def test_programs_get_the_changes(oddline: Callable[..., Any], earlier: Path, later: Path) -> None:
    ended = oddline("inspect", earlier, "--dictionary", "--diff", later, "--json")
    assert (ended.status, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert [one["id"] for one in found["new"]] == [6]
    assert [one["id"] for one in found["gone"]] == [5]
    assert [(one["earlier"]["count"], one["later"]["count"]) for one in found["more_general"]] == [(1234, 7)]


def test_equal_dictionaries(oddline: Callable[..., Any], earlier: Path) -> None:
    ended = oddline("inspect", earlier, "--dictionary", "--diff", f"{earlier}/")
    assert (ended.status, ended.out) == (0, "the two log dictionaries hold the same templates\n")


def test_a_bundle_without_one_is_told(oddline: Callable[..., Any], small_bundle: Path, earlier: Path) -> None:
    for arguments in ((small_bundle, "--dictionary"), (earlier, "--dictionary", "--diff", small_bundle)):
        ended = oddline("inspect", *arguments)
        assert (ended.status, ended.out) == (1, "")
        assert f"{small_bundle}: the bundle has no log dictionary; train and export it" in ended.err


def test_a_difference_needs_the_dictionary(oddline: Callable[..., Any], earlier: Path, later: Path) -> None:
    ended = oddline("inspect", earlier, "--diff", later)
    assert (ended.status, ended.out) == (2, "")
    assert "--dictionary" in ended.err


def test_a_damaged_dictionary_is_refused(oddline: Callable[..., Any], tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    wrong = encode_dictionary(EARLIER).replace(b'"id": 4', b'"id": 1')
    damaged = with_files(make_small_bundle(tmp_path / "damaged"), {"dictionary.json": wrong})
    for command in (("inspect", damaged, "--dictionary"), ("score", damaged, log), ("verify", damaged)):
        ended = oddline(*command)
        assert (ended.status, ended.out) == (1, "")
        assert f"{damaged}/dictionary.json: damaged dictionary (template 1: ids ascend from 1)" in ended.err


def with_files(made: Path, more: Dict[str, bytes]) -> Path:
    """A bundle with more files, for which its manifest vouches, whatever is in them."""
    manifest = load_bundle(made).manifest
    files = {entry.path: (made / entry.path).read_bytes() for entry in manifest.files}
    kept = {name: getattr(manifest, name) for name in ("name", "graph", "preprocessing", "threshold")}
    return sample_bundle.write_bundle(made, {**files, **more}, **kept)


def score(oddline: Callable[..., Any], where: Path, log: Path, *options: str) -> Any:
    ended = oddline("score", where, log, *options)
    assert ended.status == 0, ended.err
    return ended.out


def test_records_say_which_template_they_are_of(oddline: Callable[..., Any], earlier: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    records = list(map(json.loads, score(oddline, earlier, log, "--all").splitlines()))
    assert [one["template_id"] for one in records] == [1, None, 4, None, None, None, None]
    assert [one["new_template"] for one in records] == [one["template_id"] is None for one in records]
    flagged = list(map(json.loads, score(oddline, earlier, log).splitlines()))
    assert flagged == [one for one in records if one["anomalous"]]
    assert flagged
    text = score(oddline, earlier, log, "--all", "--output-format", "text").splitlines()
    assert [line.endswith("[a template never seen]") for line in text] == [one["new_template"] for one in records]


def test_without_a_dictionary_records_say_nothing_of_templates(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    records = list(map(json.loads, score(oddline, small_bundle, log, "--all").splitlines()))
    assert {(one["template_id"], one["new_template"]) for one in records} == {(None, None)}
