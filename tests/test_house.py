"""The house: what no file may hold, how long a module may be, and what make and continuous integration offer."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List, Tuple
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[1]


def project_files() -> List[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files belong to the project is not known")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=str(ROOT), capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def texts(files: List[Path]) -> Iterator[Tuple[Path, str]]:
    for path in files:
        try:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def machine_paths() -> List[str]:
    """Folders that only this machine has: the checkout, what lies beside it, and the interpreter's.

    A folder that every machine has, or may have by custom, says nothing about this one.
    """
    common = {"", "app", "code", "home", "mnt", "opt", "root", "src", "srv", "tmp", "usr", "usr/local", "var"}
    places = {ROOT, ROOT.parent, Path(sys.prefix), Path(sys.base_prefix)}
    return sorted(f"{place}/" for place in places if str(place).strip("/") not in common)


def index_hosts() -> List[str]:
    """Hosts of package indexes: the public one's, and those in this machine's pip configuration."""
    hosts = {"py" + "pi.", "python" + "hosted."}
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False, cwd=str(ROOT)
    )
    for line in done.stdout.splitlines():
        if re.search(r"index|find.links|trusted.host|proxy", line.partition("=")[0]):
            hosts.update(urlsplit(url).hostname or "" for url in re.findall(r"[a-z]+://[^\s'\"]+", line))
    return sorted(host for host in hosts if "." in host and host != "github.com")


def mentions(text: str, names: List[str]) -> List[str]:
    """The `names` that stand in the text, other than at the end of a longer word."""
    return re.findall(r"(?<![\w~-])(?:" + "|".join(map(re.escape, names)) + ")", text)


def test_mentions_are_seen() -> None:
    host = "py" + "pi.example"
    assert mentions(f"index-url = https://{host}/simple", index_hosts()) == ["py" + "pi."]
    assert mentions(f"cd {ROOT}/docs; cat notes/tmp/x", [f"{ROOT}/", "/tmp/"]) == [f"{ROOT}/"]


def test_no_file_names_a_place_of_this_machine() -> None:
    places = machine_paths()
    assert {path: found for path, text in texts(project_files()) if (found := mentions(text, places))} == {}


def test_no_file_names_a_package_index() -> None:
    hosts = index_hosts()
    assert {path: found for path, text in texts(project_files()) if (found := mentions(text, hosts))} == {}


def test_modules_are_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for part in ("edge", "export", "tests", "benchmarks")
        for path in sorted((ROOT / part).rglob("*.py"))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_each_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for part in ("edge", "export") for path in (ROOT / part).rglob("*.py")}
    assert [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_test_folders_are_not_packages() -> None:
    """A tests/edge package would hide the real edge from the tests."""
    assert sorted((ROOT / "tests").rglob("__init__.py")) == []


def test_each_make_target_is_documented() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)) == set(phony.split())


def test_continuous_integration_runs_make_test() -> None:
    run = ROOT / ".ci" / "run"
    assert run.stat().st_mode & 0o111
    assert run.read_text(encoding="utf-8").splitlines()[-1] == "make test"
