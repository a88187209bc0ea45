"""Which provider, batch size and threads `score` and `bench` take: the user's own, recorded ones, or the defaults."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISDIR
from typing import Callable, List, NamedTuple, Optional, TypeVar

from edge.bundle.folder import Bundle
from edge.cache_folder import cache_folder
from edge.doctor.machine import Machine, read_machine
from edge.errors import OutputError, ProviderError
from edge.recommendation import FOLDER, Recommendation, gpu_names, power_mode_now, recorded, setup_of
from edge.runtime.session import DEFAULT_BATCH_ROWS

DEFAULT_THREADS = 0
Opened = TypeVar("Opened")


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
    power_mode: Callable[[], Optional[str]] = power_mode_now,
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
    cache = _with_recommendations(folder, say) if provider == "auto" else None
    if cache is None:
        return own
    found, why = recorded(setup_of(bundle.model_sha256, machine(), gpus(), power_mode()), cache)
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


def _with_recommendations(folder: Optional[Path], say: Callable[[str], None]) -> Optional[Path]:
    """The cache folder, where it holds recommendations.

    Most machines have none: nothing is asked of them then, a driver's slow tools least of all.
    """
    try:
        cache = folder or cache_folder()
        is_folder = S_ISDIR((cache / FOLDER).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        say(f"{cache / FOLDER}: no recommendation can be read ({error.strerror})")
        return None
    except OutputError as error:
        say(f"no recommendation can be read: {error}")
        return None
    return cache if is_folder else None


def open_chosen(open_detector: Callable[[Chosen], Opened], chosen: Chosen, *, say: Callable[[str], None]) -> Opened:
    """What was opened as chosen; where a recommended provider no longer works, as without a recommendation.

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
