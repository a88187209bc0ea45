from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List, Optional

import pytest
from fake_gpu import CPU, TENSORRT, FakeGpu, install
from msgspec.structs import replace

from edge.bundle.folder import load_bundle
from edge.commands.choosing import Chosen, choose, open_chosen
from edge.doctor.machine import Machine, read_machine
from edge.errors import ProviderError
from edge.recommendation import SCHEMA_VERSION, Recommendation, path_of, record, setup_of
from edge.runtime.detector import Detector


def made(bundle: Path, **changes: Any) -> Recommendation:
    setup = setup_of(load_bundle(bundle).model_sha256, read_machine(), [], None)
    found = Recommendation(SCHEMA_VERSION, "2025-03-04T05:06:07+00:00", "0.2.0", setup, "cpu", 64, 2, 9000.0, 0.7)
    return replace(found, **changes)


class Told(List[str]):
    def choose(
        self,
        bundle: Path,
        folder: Path,
        provider: str = "auto",
        batch: Optional[int] = None,
        threads: Optional[int] = None,
    ) -> Chosen:
        return choose(
            load_bundle(bundle),
            provider,
            batch,
            threads,
            say=self.append,
            folder=folder,
            gpus=list,
            power_mode=lambda: None,
        )


def test_a_recommendation_is_used_and_said_once(small_bundle: Path, tmp_path: Path) -> None:
    record(made(small_bundle), tmp_path)
    told = Told()
    assert told.choose(small_bundle, tmp_path)[:3] == ("cpu", 64, 2)
    assert told == ["as measured on 2025-03-04: cpu, batch 64, 2 threads"]


def test_options_that_agree_are_no_contradiction(small_bundle: Path, tmp_path: Path) -> None:
    record(made(small_bundle), tmp_path)
    assert Told().choose(small_bundle, tmp_path, batch=64, threads=2).recommendation is not None


@pytest.mark.parametrize(
    ("options", "expected", "said"),
    [
        ({"batch": 16}, ("auto", 16, 0), "--batch-size 16"),
        ({"threads": 0}, ("auto", 32, 0), "--threads 0"),
        ({"batch": 8, "threads": 1}, ("auto", 8, 1), "--batch-size 8 and --threads 1"),
    ],
)
def test_what_was_asked_for_wins(small_bundle: Path, tmp_path: Path, options: Any, expected: Any, said: str) -> None:
    record(made(small_bundle), tmp_path)
    told = Told()
    assert told.choose(small_bundle, tmp_path, **options) == Chosen(*expected)
    assert told == [f"not as measured on 2025-03-04: cpu, batch 64, 2 threads, since {said} was asked for"]


def test_a_provider_that_was_asked_for_wins_in_silence(small_bundle: Path, tmp_path: Path) -> None:
    record(made(small_bundle), tmp_path)
    told = Told()
    assert told.choose(small_bundle, tmp_path, "cpu") == Chosen("cpu", 32, 0)
    assert told == []


def test_without_recommendations_the_machine_is_not_asked(small_bundle: Path, tmp_path: Path) -> None:
    def never() -> Machine:
        raise AssertionError

    found = choose(load_bundle(small_bundle), "auto", None, None, say=never, folder=tmp_path, machine=never)
    assert found == Chosen("auto", 32, 0)


def test_a_cache_folder_that_cannot_be_looked_into_is_said_and_done_without(small_bundle: Path, tmp_path: Path) -> None:
    told = Told()
    assert told.choose(small_bundle, tmp_path / ("x" * 300)) == Chosen("auto", 32, 0)
    assert len(told) == 1
    assert told[0].endswith("recommendations: no recommendation can be read (File name too long)")


@pytest.mark.parametrize("available", [(CPU,), (TENSORRT, CPU)])
def test_score_does_without_a_home(
    small_bundle: Path,
    tmp_path: Path,
    oddline: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    available: Any,
) -> None:
    def nobody(number: int) -> Any:
        raise KeyError(number)

    for name in ("ODDLINE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    install(monkeypatch, FakeGpu(available))
    log = tmp_path / "my.log"
    log.write_text("Jun 14 15:16:01 combo sshd[1]: session opened\n")
    ended = oddline("score", small_bundle, log, "--all")
    assert (ended.status, len(ended.out.splitlines())) == (0, 1)
    assert "no recommendation can be read: the cache folder cannot be told: HOME is not set" in ended.err


def test_a_damaged_recommendation_is_said_and_not_used(small_bundle: Path, tmp_path: Path) -> None:
    found = made(small_bundle)
    record(found, tmp_path)
    path_of(found.setup, tmp_path).write_text("{")
    told = Told()
    assert told.choose(small_bundle, tmp_path) == Chosen("auto", 32, 0)
    assert len(told) == 1
    assert "the recommendation is damaged" in told[0]


def test_a_recommended_provider_that_is_gone_is_replaced(small_bundle: Path, tmp_path: Path) -> None:
    record(made(small_bundle, provider="cuda"), tmp_path)
    told = Told()
    chosen = told.choose(small_bundle, tmp_path)
    tried: List[Chosen] = []

    def opener(wanted: Chosen) -> Detector:
        tried.append(wanted)
        return Detector(load_bundle(small_bundle), provider=wanted.provider)

    detector = open_chosen(opener, chosen, say=told.append)
    assert detector.session.provider == "cpu"
    assert [one[:3] for one in tried] == [("cuda", 64, 2), ("auto", 32, 0)]
    assert told[-1].startswith("cuda, which was recommended, does not work now (")


def test_a_provider_of_the_user_is_not_replaced() -> None:
    def opener(_: Chosen) -> Detector:
        raise ProviderError("is not there")

    with pytest.raises(ProviderError):
        open_chosen(opener, Chosen("cuda", 32, 0), say=lambda _: None)


def test_score_uses_it(
    small_bundle: Path, tmp_path: Path, oddline: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODDLINE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("edge.commands.choosing.gpu_names", list)
    log = tmp_path / "my.log"
    log.write_text("Jun 14 15:16:01 combo sshd[1]: session opened\nodd\n")
    before = oddline("score", small_bundle, log, "--all")
    record(made(small_bundle, batch_size=1))
    after = oddline("score", small_bundle, log, "--all")
    assert before.status == after.status == 0
    assert after.out == before.out
    assert "oddline: as measured on 2025-03-04: cpu, batch 1, 2 threads\n" in after.err
    assert "as measured" not in before.err
    quiet = oddline("score", small_bundle, log, "--quiet")
    assert (quiet.status, quiet.err) == (0, "")
