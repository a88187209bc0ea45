"""Where a TensorRT session gets its options and its engine from: the cache, or a build that is kept in it."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, ContextManager, Dict, Iterator, Mapping, NamedTuple, Optional, Set, Tuple, Union

from edge.bundle.folder import Bundle
from edge.cache_folder import VARIABLE
from edge.engines.alive import Alive, silent
from edge.engines.entry import ENGINE_SUFFIX, Entry, names_in, seal
from edge.engines.facts import Facts, read_facts
from edge.engines.kept import KeptEngine
from edge.engines.key import EngineKey
from edge.engines.options import RECIPE, tensorrt_options, timing_name
from edge.engines.store import Building, Store
from edge.errors import OutputError, ProviderError
from edge.files.atomic import output_error
from edge.runtime.providers import import_onnxruntime, refuse_two_builds

BUILDING = "building the TensorRT engine, which takes minutes the first time"
# How often an engine may be removed between being found and being opened, before none is used.
_TRIES = 3


class Outcome(NamedTuple):
    """What became of an engine: `entry` is the one that is kept now, in `folder`, None when there is none.

    `built` tells whether it was built just now.
    """

    entry: Optional[Entry]
    folder: Path
    built: bool


class CachedEngines:
    """The `EngineSource` of a bundle.

    `model` is a model to be loaded instead of the bundle's while `prepared` is entered, where there is one: it holds an
    engine of trtexec's. A session that does not care for it builds an engine of its own. `outcome` tells what the last
    `prepared` came to.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        store: Store,
        facts: Callable[[], Facts],
        onnxruntime_version: str,
        say: Callable[[str], None],
        alive: Alive = silent,
        device: int = 0,
        rebuild: bool = False,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        """`rebuild` has an engine built anew that is there and right."""
        self.bundle = bundle
        self.store = store
        self.version = onnxruntime_version
        self.device = device
        self.model: Optional[bytes] = None
        self.outcome: Optional[Outcome] = None
        self.unknown = ""
        self.alive = alive
        self.say = say
        self._facts = facts
        self._rebuild = rebuild
        self._clock = clock
        self._now = now

    def options(self, folder: Optional[Path]) -> Dict[str, str]:
        """The provider's options, with engines kept in `folder`.

        Raises:
            ProviderError: see `tensorrt_options`.
        """
        manifest = self.bundle.manifest
        return tensorrt_options(
            self.version,
            precision=manifest.precision,
            batch_sizes=manifest.conversion.batch_sizes,
            inputs=manifest.graph.inputs,
            folder=folder,
            device=self.device,
        )

    def key(self) -> Optional[EngineKey]:
        """The key of this bundle's engine here; None when `unknown` says what of it cannot be told."""
        facts = self._facts()
        self.unknown = ", ".join(facts.unknown())
        if facts.gpu is None or facts.compute_capability is None or facts.tensorrt is None or facts.cuda is None:
            return None
        manifest = self.bundle.manifest
        return EngineKey(
            model_sha256=self.bundle.model_sha256,
            gpu=facts.gpu,
            compute_capability=facts.compute_capability,
            tensorrt=facts.tensorrt,
            cuda=facts.cuda,
            onnxruntime=self.version,
            precision=manifest.precision,
            batch_sizes=manifest.conversion.batch_sizes,
            inputs=manifest.graph.inputs,
            recipe=RECIPE,
        )

    def prepared(self) -> ContextManager[Mapping[str, str]]:
        """Options of the TensorRT provider for one session, see `edge.runtime.engines.EngineSource`.

        Raises:
            ProviderError: TensorRT cannot be used here.
        """
        return self._prepared()

    @contextmanager
    def _prepared(self) -> Iterator[Mapping[str, str]]:
        self.options(None)  # what cannot be is said before anything is looked for
        self.outcome = None
        key = self.key()
        with ExitStack() as stack:
            kept, building = (None, None) if key is None else self._kept_or_building(key, stack)
            if key is not None and kept is not None:
                with kept, self._reused(key, kept) as options:
                    yield options
                return
            start = self._clock()
            try:
                with self.alive(BUILDING):
                    yield self.options(None if building is None else building.path)
            except BaseException:
                if building is not None:
                    building.discard()
                raise
            if key is None:  # said where TensorRT works, and not where a session is only tried on it
                self.say(
                    f"the TensorRT engine is not kept, and will be built again each time: {self.unknown} cannot be "
                    "told; oddline doctor says what is missing"
                )
            elif building is not None:
                self._keep_if_built(key, building, self._clock() - start)

    def _kept_or_building(self, key: EngineKey, stack: ExitStack) -> Tuple[Optional[KeptEngine], Optional[Building]]:
        """As `begin`, with the kept engine opened and no lock held; one that is removed meanwhile is built again."""
        for _ in range(_TRIES):
            entry, building = self.begin(key, stack)
            if entry is None:
                return None, building
            stack.close()  # who uses an engine keeps nobody from building
            place = self.store.place(self.bundle.manifest.name, key)
            try:
                return KeptEngine(entry, place), None
            except OSError as error:
                problem = output_error(error, place)
        self._say_not_kept(problem)
        return None, None

    def begin(self, key: EngineKey, stack: ExitStack) -> Tuple[Optional[Entry], Optional[Building]]:
        """The engine that is kept; or, with its lock held by `stack`, a place to build it in.

        Neither, and said, when the cache cannot be used.
        """
        name = self.bundle.manifest.name
        try:
            entry = None if self._rebuild else self._kept(key)
            if entry is not None:
                return entry, None
            stack.enter_context(self.store.locked(name, key, on_wait=self._say_waiting))
            found = None if self._rebuild else self.store.find(name, key)
            if isinstance(found, Entry):  # somebody else has built it meanwhile
                return found, None
            # Who asks for another engine may want other timings, too.
            timings = None if self._rebuild else self.store.timings(key)
            building = self.store.new(name, key, len(self.bundle.model))
        except OutputError as error:
            self._say_not_kept(error)
            return None, None
        try:
            if timings is not None:
                (building.path / timing_name(key.compute_capability)).write_bytes(timings)
        except OSError as error:
            building.discard()
            self._say_not_kept(output_error(error, building.place))
            return None, None
        return None, building

    def keep(self, key: EngineKey, building: Building, *, via: str, seconds: float) -> None:
        """Put what was built into its place; where that fails, it is said, and nothing is kept."""
        name = self.bundle.manifest.name
        try:
            entry = seal(building.path, bundle=name, key=key, via=via, built=self._stamp(), seconds=round(seconds, 1))
        except (OutputError, OSError) as error:
            building.discard()
            self._say_not_kept(_output_error(error, building.place))
            return
        try:
            building.keep()
        except OutputError as error:
            self._say_not_kept(error)
            return
        self.outcome = Outcome(entry, building.place, True)

    def require_engine(self, building: Building) -> None:
        """Refuse a session that wrote no engine: what onnxruntime lists as its provider did nothing then.

        Raises:
            ProviderError: TensorRT took no part of the model.
            OSError: nothing can be written, which is why there may be none.
        """
        if any(name.endswith(ENGINE_SUFFIX) for name in names_in(building.path)):
            return
        building.probe()
        raise ProviderError(
            "TensorRT took no part of the model",
            mend="use --provider cuda; oddline build-engine BUNDLE --via trtexec shows what TensorRT says of the model",
        )

    def _keep_if_built(self, key: EngineKey, building: Building, seconds: float) -> None:
        try:
            self.require_engine(building)
        except OSError as error:
            building.discard()
            self._say_not_kept(output_error(error, building.place))
            return
        except BaseException:
            building.discard()
            raise
        self.keep(key, building, via="onnxruntime", seconds=seconds)

    @contextmanager
    def _reused(self, key: EngineKey, kept: KeptEngine) -> Iterator[Mapping[str, str]]:
        self.model = kept.model
        try:
            yield self.options(kept.place)
        except Exception as error:
            # Files are as they were written, and yet TensorRT cannot read them: the next session builds anew.
            if "deserialize" in str(error):
                self._give_up(kept.place, error)
            raise
        finally:
            self.model = None
        try:
            if not kept.is_there():
                self.say("the TensorRT engine was removed while it was in use: the next session builds another")
                return
            self.outcome = Outcome(kept.entry, kept.place, False)
            written = kept.written()
        except OSError as error:
            self._say_not_kept(output_error(error, kept.place))
            return
        if written:
            self._seal_again(key, kept, written)

    def _seal_again(self, key: EngineKey, kept: KeptEngine, written: Set[str]) -> None:
        """ONNX Runtime wrote into the folder: another engine mostly, beside the one that it did not take."""
        entry, place = kept.entry, kept.place
        try:
            with self.store.locked(entry.bundle, key, on_wait=self._say_waiting):
                if not kept.is_in_place():  # another process has put its own there, which that one vouches for
                    return
                again = seal(
                    place, bundle=entry.bundle, key=key, via="onnxruntime", built=self._stamp(), seconds=entry.seconds
                )
        except (OutputError, OSError) as error:
            self._say_not_kept(_output_error(error, place))
            return
        if any(name.endswith(ENGINE_SUFFIX) for name in written):
            self.say("onnxruntime did not take the engine that is kept, and built one of its own: that is kept now")
        self.outcome = Outcome(again, place, True)

    def _give_up(self, place: Path, error: Exception) -> None:
        try:
            removed = self.store.remove(place)
        except OutputError as problem:
            self.say(f"the TensorRT engine that is kept does not work and cannot be removed: {problem}")
            return
        if removed:
            self.say(f"the TensorRT engine that was kept does not work ({error}): the next session builds another")

    def _kept(self, key: EngineKey) -> Optional[Entry]:
        name = self.bundle.manifest.name
        found = self.store.find(name, key)
        if isinstance(found, Entry):
            return found
        if found is not None:
            self.say(f"the TensorRT engine that is kept cannot be used: {found}; it is built again")
            return None
        stale = self.store.stale(name, key)
        if stale:
            self.say(f"the TensorRT engine that is kept is for {', '.join(stale)}; another one is built")
        return None

    def _say_waiting(self) -> None:
        self.say("another process is building this TensorRT engine; waiting for it")

    def _say_not_kept(self, error: OutputError) -> None:
        mend = f"make room there, or set {VARIABLE} to a folder that can be written to"
        told = OutputError(error.what, where=error.where, mend=mend)
        self.say(f"the TensorRT engine is not kept, and will be built again each time: {told}")

    def _stamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")


def engine_source(
    bundle: Bundle,
    *,
    say: Callable[[str], None],
    alive: Alive = silent,
    device: int = 0,
    rebuild: bool = False,
) -> CachedEngines:
    """The engines of a bundle in oddline's cache folder, for this machine and its onnxruntime.

    `alive` shows that a build goes on (`edge.engines.alive.on_stderr`); `device` is the number of the GPU.

    Raises:
        ProviderError: onnxruntime is not installed, or does not load; or two builds of it are installed.
    """
    refuse_two_builds()
    return CachedEngines(
        bundle,
        store=Store(),
        facts=lambda: read_facts(device),
        onnxruntime_version=str(import_onnxruntime().__version__),
        say=say,
        alive=alive,
        device=device,
        rebuild=rebuild,
    )


def _output_error(error: Union[OutputError, OSError], place: Path) -> OutputError:
    return error if isinstance(error, OutputError) else output_error(error, place)
