"""What a training makes of a log dictionary, on its way to the bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from workstation import Trained

from edge.bundle.folder import load_bundle
from edge.dictionary.load import load_dictionary
from edge.dictionary.matcher import Matcher
from edge.dictionary.spec import decode_dictionary
from edge.errors import InputError
from export.dictionary.build import build_dictionary
from export.line.train import LineTrainable
from export.run import open_run
from export.training.options import TrainOptions


def test_run_and_bundle_hold_the_templates_of_the_training_part(trained: Trained) -> None:
    dictionary = load_dictionary(load_bundle(trained.bundle))
    assert dictionary is not None
    assert dictionary == decode_dictionary(trained.run.read("dictionary.json"), "run")
    inputs = trained.run.training_inputs()
    assert None not in Matcher(dictionary.templates).match(list(inputs))
    assert sum(one.count for one in dictionary.templates) == sum(inputs.values())
    assert 10 < len(dictionary.templates) < len(inputs)


def test_templates_that_are_known_come_first_and_keep_their_ids(
    tensorflow: None, oddline: Callable[..., Any], simulation: Path, tmp_path: Path
) -> None:
    given = tmp_path / "templates.txt"
    given.write_text("Never logged by %s after 10 tries\n", encoding="utf-8")
    options = ("--preset", "seed", "--vocabulary", 300, "--epochs", 1, "--dictionary", given)
    ended = oddline("train", "line", simulation / "train.log", "-o", tmp_path / "run", *options)
    assert ended.status == 0, ended.err
    assert "the log dictionary holds" in ended.err
    run = open_run(tmp_path / "run")
    dictionary = decode_dictionary(run.read("dictionary.json"), "run")
    assert (dictionary.templates[0].text, dictionary.templates[0].known) == ("Never logged by <*> after 10 tries", True)
    inputs = run.training_inputs()
    mined = build_dictionary(inputs, [], given=None, say=lambda _: None)
    assert [(one.id, one.text) for one in dictionary.templates[1:]] == [
        (one.id + 1, one.text) for one in mined.templates
    ]
    again = build_dictionary(inputs, [], given=str(tmp_path / "run" / "dictionary.json"), say=lambda _: None)
    assert again == dictionary


def test_a_bad_file_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    empty = tmp_path / "templates.txt"
    empty.write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="there is no template in it"):
        LineTrainable().check(TrainOptions(dictionary=str(empty)))
