"""The documentation says what the code does: fields, options, formats and targets are all there, and links lead on."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any, Iterator, List, Set, Tuple, get_args, get_origin, get_type_hints

import msgspec
import pytest
import typer

from edge import cli
from edge.bundle.caps import TARGETS, Target
from edge.bundle.caps.conditions import Condition
from edge.bundle.caps.targets import SIGNATURE_TYPES
from edge.bundle.golden import Golden
from edge.bundle.manifest import Manifest
from edge.dictionary.spec import LONGEST_WORD, MAX_DICTIONARY_BYTES, MOST_TEMPLATES, MOST_WORDS, Dictionary
from edge.doctor.report import SCHEMA_VERSION as DOCTOR_SCHEMA
from edge.doctor.report import Report as DoctorReport
from edge.errors import OddlineError
from edge.formats import FORMAT_NAMES
from edge.runtime.records import Reason, Record
from export.bundling import ParityReport

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
DECISION = re.compile(r"(\d{4})-[a-z0-9-]+\.md")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```$|^    [^\n]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def pages() -> List[Path]:
    """Every page of the project; folders of environments, caches and builds are none of it."""
    left_out = {"build", "dist", "node_modules", "shared"}
    found = [path.relative_to(ROOT) for path in ROOT.rglob("*.md")]
    return sorted(path for path in found if not any(part.startswith(".") or part in left_out for part in path.parts))


def section(page: str, head: str) -> str:
    """What stands below a heading of the second level, up to the next one."""
    text = (DOCS / page).read_text(encoding="utf-8")
    (found,) = re.findall(rf"^## {re.escape(head)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return str(found)


def documented(text: str) -> List[str]:
    """The code-formatted names in the first column of the text's tables."""
    cells = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


# Described where it stands first.
_AS_BEFORE = {"parts[].threshold"}


def field_paths(struct: Any) -> List[str]:
    """The dotted names of all fields of a msgspec structure, ``[]`` behind a list of structures.

    Of several structures that may stand in one place, all fields and the one that tells them apart.
    """
    return list(dict.fromkeys(_field_paths(struct, "")))


def _field_paths(struct: Any, before: str) -> Iterator[str]:
    tag = struct.__struct_config__.tag_field
    if tag is not None:
        yield before + tag
    hints = get_type_hints(struct)
    for field in msgspec.structs.fields(struct):
        hint = hints[field.name]
        path = before + field.name
        inner = [kind for kind in (hint, *get_args(hint)) if isinstance(kind, type) and issubclass_struct(kind)]
        if not inner or path in _AS_BEFORE:
            yield path
            continue
        for kind in inner:
            yield from _field_paths(kind, path + ("[]." if get_origin(hint) is list else "."))


def issubclass_struct(kind: type) -> bool:
    return issubclass(kind, msgspec.Struct)


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> Set[str]:
    return {slug(head) for head in re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)}


def links(text: str) -> List[str]:
    """Where the links of a page lead; what stands in code is none."""
    return _LINK.findall(_CODE.sub("", text))


def commands() -> List[Tuple[str, Any]]:
    cli._plug_in()
    group: Any = typer.main.get_command(cli.app)
    return sorted(group.commands.items())


def test_fields_of_nested_structures_are_found() -> None:
    found = list(field_paths(Manifest))
    assert {"name", "graph.inputs[].name", "preprocessing.encoder.fill", "files[].path", "calibration.scores"} <= {
        *found
    }
    assert len(found) == len(set(found))


def test_each_field_of_the_manifest_is_documented_and_no_other() -> None:
    names = documented(section("bundle.md", "manifest.json"))
    assert sorted(names) == sorted(field_paths(Manifest))


def test_each_field_of_golden_lines_is_documented_and_no_other() -> None:
    assert sorted(documented(section("bundle.md", "golden.jsonl"))) == sorted(field_paths(Golden))


def test_each_field_of_the_dictionary_is_documented_and_no_other() -> None:
    assert sorted(documented(section("bundle.md", "dictionary.json"))) == sorted(field_paths(Dictionary))


def test_the_limits_of_the_dictionary_are_those_of_the_code() -> None:
    text = section("bundle.md", "dictionary.json")
    assert f"At most {MOST_TEMPLATES:,} templates of at most {MOST_WORDS} words, {LONGEST_WORD} characters each" in text
    assert f"{MAX_DICTIONARY_BYTES >> 20} MiB in all" in text


def test_each_field_of_the_parity_report_is_documented_and_no_other() -> None:
    # `parity` is the manifest's own structure, and described there.
    names = {path.partition(".")[0] for path in field_paths(ParityReport)}
    assert sorted(documented(section("bundle.md", "report/"))) == sorted(names)


def test_each_field_of_the_doctors_report_is_documented_and_no_other() -> None:
    assert sorted(documented(section("doctor.md", "The report for programs"))) == sorted(field_paths(DoctorReport))
    assert f"`schema_version` is {DOCTOR_SCHEMA}" in section("doctor.md", "The report for programs")


def test_the_table_of_targets_is_that_of_the_code() -> None:
    # The section's first table; others, behind it, say more of single rules.
    lines = takewhile(lambda line: line, dropwhile(lambda line: line[:1] != "|", target_lines()))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    names = [re.findall(r"`([^`]+)`", cell)[0] for cell in rows[0][1:]]
    assert names == list(TARGETS)
    assert rows[0][1] == "`xavier-jp5` (default)"
    table = {row[0]: row[1:] for row in rows[2:]}
    for column, target in enumerate(TARGETS.values()):
        told = {head: cells[column] for head, cells in table.items()}
        assert told.pop("meant for")
        assert told == expected_column(target)


def target_lines() -> List[str]:
    return section("bundle.md", "Targets").splitlines()


def expected_column(target: Target) -> Any:
    def refusal(*operators: str) -> str:
        return "refused" if set(operators) <= set(target.refused) else "allowed"

    contrib = ", ".join(name for _, name in sorted(target.contrib))
    links = " and ".join(f"[`{name}.json`](../edge/bundle/data/{name}.json)" for name in target.lists)
    first = next(iter(TARGETS.values()))
    more = sorted(target.types - first.types)
    needs = " (18 and 19 need TensorRT 10, JetPack 6.1)" if target.max_opset == 19 else ""
    return {
        "opset that export writes": str(target.opset),
        "highest opset": f"{target.max_opset}{needs}",
        "highest IR version": str(target.max_ir_version),
        "inputs and outputs": ", ".join(sorted(SIGNATURE_TYPES)),
        "computed with in between": (
            ", ".join(sorted(target.types)) if target is first else " and ".join(["the same", *more])
        ),
        "int64 constants that nodes use": "within int32" if target.narrowed else "any",
        "operators of the standard domain": (
            f"those of {'both ' * (len(target.lists) > 1)}{links}" if links else "all but those below"
        ),
        "Loop, Scan, If": refusal("Loop", "Scan", "If"),
        "LayerNormalization": refusal("LayerNormalization"),
        "DynamicQuantizeLinear, MatMulInteger": refusal("DynamicQuantizeLinear", "MatMulInteger"),
        "ConvInteger, QLinear*": refusal("ConvInteger", "QLinear*"),
        "QuantizeLinear, DequantizeLinear": (
            "refused" if "QuantizeLinear" in target.refused else "int8, zero point the constant 0"
        ),
        "operators of other domains": f"com.microsoft: {contrib}" if contrib else "none",
    }


def test_each_kind_of_condition_is_documented_and_no_other() -> None:
    kinds = {kind.__struct_config__.tag for kind in Condition.__args__}  # type: ignore[attr-defined]
    lines = dropwhile(lambda line: not line.startswith("| condition |"), target_lines())
    cells = [line.split("|")[1] for line in takewhile(lambda line: line, lines)][2:]
    assert {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)} == kinds


def test_each_refused_operator_stands_in_the_table() -> None:
    table = section("bundle.md", "Targets")
    refused = {operator for target in TARGETS.values() for operator in target.refused}
    assert [operator for operator in sorted(refused) if operator not in table] == []


def test_each_format_has_its_part_of_the_page() -> None:
    heads = re.findall(r"^### (.+)$", section("formats.md", "The formats"), re.MULTILINE)
    assert sorted(heads) == sorted(FORMAT_NAMES)


def test_both_packages_commands_are_seen() -> None:
    assert {"score", "verify", "train", "export"} <= {name for name, _ in commands()}


def test_each_command_and_option_has_a_help_text() -> None:
    silent = [name for name, command in commands() if not (command.help or "").strip()]
    for name, command in commands():
        silent += [f"{name} {parameter.opts[-1]}" for parameter in command.params if not (parameter.help or "").strip()]
    assert silent == []


def test_each_command_stands_in_the_design_and_the_changelog() -> None:
    names = [name for name, _ in commands()]
    design = [cell.split()[0] for cell in documented(section("design.md", "Commands and exit statuses"))]
    assert sorted(design) == names
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [name for name in names if f"`oddline {name}" not in changelog] == []


def test_the_record_of_the_design_is_a_record() -> None:
    (example,) = re.findall(r"^```json\n(.*?)^```$", section("design.md", "A record"), re.MULTILINE | re.DOTALL)
    written = json.loads(example)
    assert list(written) == list(Record.__struct_fields__)
    record = msgspec.convert(written, Record)
    assert record.reasons
    assert all(list(reason) == list(Reason.__struct_fields__) for reason in written["reasons"])
    assert all(record.text[reason.start : reason.end] == reason.text for reason in record.reasons)
    assert record.anomalous == (record.score is not None and record.score >= record.threshold)


def test_each_field_of_a_record_is_described() -> None:
    names = set(documented(section("design.md", "A record")))
    assert set(Record.__struct_fields__) <= names
    assert {f"reasons[].{name}" for name in ("text", "score")} <= names


def test_the_error_tree_of_the_design_is_that_of_the_code() -> None:
    def tree(kind: Any) -> Iterator[str]:
        yield kind.__name__
        for below in kind.__subclasses__():
            if below.__module__ == "edge.errors":
                yield from tree(below)

    assert re.findall(r"\b(\w+Error)\b", section("design.md", "Errors")) == list(tree(OddlineError))


def test_links_are_seen() -> None:
    text = "[a](b.md)\n\n    [c](d.md)\n\n```\n[e](f.md)\n```\n`[g](h.md)` [`i`](j.md#k)\n"
    assert links(text) == ["b.md", "j.md#k"]


@pytest.mark.parametrize("page", pages(), ids=str)
def test_relative_links_lead_somewhere(page: Path) -> None:
    dead = []
    for link in links((ROOT / page).read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


def test_decisions_are_numbered_once_and_say_their_number() -> None:
    files = sorted((DOCS / "decisions").iterdir())
    numbers = []
    for path in files:
        match = DECISION.fullmatch(path.name)
        assert match, f"{path.name} is not of the form 0001-what-it-is-about.md"
        numbers.append(match[1])
        head = path.read_text(encoding="utf-8").split("\n", 1)[0]
        assert head.startswith(f"# {int(match[1])}. "), f"{path.name} begins with {head!r}"
    assert [number for number, times in Counter(numbers).items() if times > 1] == []
