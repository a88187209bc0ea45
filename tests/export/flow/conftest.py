"""Fixtures for the tests of the detector `flow`: each preset is trained once, for a moment."""

from __future__ import annotations

import pytest
from flow_tables import small_table
from flow_training import TrainedFlow, train_flow


@pytest.fixture(scope="session")
def flow_default(tensorflow: None, tmp_path_factory: pytest.TempPathFactory) -> TrainedFlow:
    """The default preset. Not to be changed."""
    folder = tmp_path_factory.mktemp("flow-default")
    return train_flow(folder, small_table(folder), "--epochs", 60)


@pytest.fixture(scope="session")
def flow_seed(tensorflow: None, tmp_path_factory: pytest.TempPathFactory) -> TrainedFlow:
    """The seed preset, stopped after a few epochs. Not to be changed."""
    folder = tmp_path_factory.mktemp("flow-seed")
    return train_flow(folder, small_table(folder), "--preset", "seed", "--epochs", 30)
