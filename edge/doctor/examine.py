"""One examination of this machine: everything is looked at, and judged."""

from __future__ import annotations

import os
import sysconfig
from typing import Callable, List, Mapping, Optional

from edge.device.command import Run, run_command
from edge.device.files import HERE, Files
from edge.device.gpu import read_gpus
from edge.device.libraries import find_libraries, package_folders, toolkit_folders
from edge.device.packages import Lookup, installed_version
from edge.device.state import read_device_state
from edge.doctor.findings import Seen
from edge.doctor.machine import read_machine
from edge.doctor.mends import lying_elsewhere
from edge.doctor.probe import Probe
from edge.doctor.providers import (
    Check,
    built_for_cuda,
    built_in,
    check_providers,
    unused,
)
from edge.doctor.report import Report, make_report
from edge.doctor.storage import read_storage
from edge.doctor.support import judge
from edge.doctor.trial import try_apart
from edge.errors import ProviderError


def examine(
    probe: Probe,
    target: Optional[str] = None,
    *,
    files: Files = HERE,
    run: Run = run_command,
    lookup: Lookup = installed_version,
    environment: Mapping[str, str] = os.environ,
    list_built: Callable[[], List[str]] = built_in,
    check: Check = try_apart,
) -> Report:
    """The report on this machine; each provider is tried with `probe`, and the board judged for `target`.

    It raises nothing for what is wrong with the machine: that is what it reports.
    """
    machine = read_machine(files.read, lookup)
    packages = package_folders(files, sysconfig.get_path("purelib"))
    built: List[str] = []
    failure = None
    try:
        built = list_built()
    except ProviderError as error:
        failure = error.what
    providers = check_providers(built, probe, check)
    missing = [one.name for check in providers for one in check.missing]
    seen = Seen(
        machine=machine,
        gpus=read_gpus(files, run),
        device=read_device_state(files, run),
        libraries=find_libraries(files, run, environment, packages, lookup),
        storage=read_storage(environment),
        support=judge(machine.board, machine.system.glibc, target),
        runtime_error=failure,
        providers=providers,
        elsewhere=lying_elsewhere(files, [*toolkit_folders(files), *packages], missing),
        model_bytes=len(probe.model),
    )
    return make_report(seen, probe=probe.name, unused=unused(built), built_for_cuda=built_for_cuda())
