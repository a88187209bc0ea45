"""Which provider, batch size and number of threads `score` takes: the user's own, recorded ones, or the defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, List, NamedTuple, Optional

from edge.bundle.folder import Bundle
from edge.cache_folder import cache_folder
from edge.doctor.machine import Machine, read_machine
from edge.errors import ProviderError
from edge.recommendation import FOLDER, Recommendation, gpu_names, recorded, setup_of
from edge.runtime.detector import Detector
from edge.runtime.session import DEFAULT_BATCH_ROWS

DEFAULT_THREADS = 0


class Chosen(NamedTuple):
    """Where the model runs; `recommendation` is what that came from, None for the user's own choice and defaults."""

    provider: str
    batch_size: int
    threads: int
    recommendation: Optional[Recommendation] = None


def choose(
    bundle: Bundle,
    provider: str,
    batch_size: Optional[int],
    threads: Optional[int],
    *,
    say: Callable[[str], None],
    folder: Optional[Path] = None,
    machine: Callable[[], Machine] = read_machine,
    gpus: Callable[[], List[str]] = gpu_names,
) -> Chosen:
    """What was recorded for this model and machine, where the provider is left to oddline and no option contradicts.

    `say` gets one line when a recommendation is used, or when one is there and is not used. `folder` is the cache
    folder, the user's own when not given.
    """
    own = Chosen(
        provider,
        DEFAULT_BATCH_ROWS if batch_size is None else batch_size,
        DEFAULT_THREADS if threads is None else threads,
    )
    cache = folder or cache_folder()
    # Most machines have none: nothing is asked of them then, a driver's slow tools least of all.
    if provider != "auto" or not (cache / FOLDER).is_dir():
        return own
    found, why = recorded(setup_of(bundle.model_sha256, machine(), gpus()), cache)
    if why is not None:
        say(why)
    if found is None:
        return own
    against = [
        f"{option} {asked}"
        for option, asked, recommended in (
            ("--batch-size", batch_size, found.batch_size),
            ("--threads", threads, found.threads),
        )
        if asked is not None and asked != recommended
    ]
    if against:
        say(f"not {found}, since {' and '.join(against)} was asked for")
        return own
    say(str(found))
    return Chosen(found.provider, found.batch_size, found.threads, found)


def open_chosen(open_detector: Callable[[Chosen], Detector], chosen: Chosen, *, say: Callable[[str], None]) -> Detector:
    """The detector as chosen; where a recommended provider no longer works, as without a recommendation.

    Raises:
        ProviderError: no provider works.
    """
    if chosen.recommendation is None:
        return open_detector(chosen)
    try:
        return open_detector(chosen)
    except ProviderError as error:
        gone = chosen.recommendation.provider
        say(f"{gone}, which was recommended, does not work now ({error.what}); taking what does")
        return open_detector(Chosen("auto", DEFAULT_BATCH_ROWS, DEFAULT_THREADS))
