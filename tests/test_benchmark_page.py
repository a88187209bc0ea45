"""The page of the benchmark says what the code does: each field of each structure, and each stage."""

from __future__ import annotations

from typing import Any, Iterator, get_args, get_type_hints

import pytest
from test_docs import documented, issubclass_struct, section

from edge import recommendation
from edge.bench import conditions, end_to_end, latency, matrix, providers_report, report, scenarios, soak
from edge.bench.stopwatch import STAGES

BENCH_STRUCTURES = {
    "Report": report.Report,
    "Bundle": report.BundleFacts,
    "Machine": report.MachineFacts,
    "Settings": report.Settings,
    "Input": report.InputFacts,
    "Conditions": conditions.Conditions,
    "Stream": scenarios.Stream,
    "Latency": latency.Latency,
    "Bin": latency.Bin,
    "Offline": scenarios.Offline,
    "End-to-end": end_to_end.EndToEnd,
    "Garbage": conditions.Garbage,
    "Energy": conditions.Energy,
    "Soak results": soak.Soak,
    "Sample": soak.SoakSample,
    "Trend": soak.Trend,
    "Providers report": providers_report.ProvidersReport,
    "Cell": matrix.Cell,
    "Failure": matrix.Failure,
    "Choice": matrix.Choice,
    "Recommendation": recommendation.Recommendation,
    "Setup": recommendation.Setup,
}


@pytest.mark.parametrize("head", BENCH_STRUCTURES)
def test_each_field_of_a_benchmark_is_documented_and_no_other(head: str) -> None:
    assert sorted(documented(section("benchmark.md", head))) == sorted(BENCH_STRUCTURES[head].__struct_fields__)


def test_each_structure_of_a_benchmark_has_its_part_of_the_page() -> None:
    def within(struct: Any) -> Iterator[Any]:
        yield struct
        for hint in get_type_hints(struct).values():
            for kind in (hint, *get_args(hint)):
                if isinstance(kind, type) and issubclass_struct(kind):
                    yield from within(kind)

    roots = (report.Report, providers_report.ProvidersReport, recommendation.Recommendation)
    assert {one for root in roots for one in within(root)} == set(BENCH_STRUCTURES.values())


def test_the_versions_and_stages_of_a_benchmark_are_those_of_the_code() -> None:
    for head, version in (
        ("Report", report.SCHEMA_VERSION),
        ("Providers report", providers_report.SCHEMA_VERSION),
        ("Recommendation", recommendation.SCHEMA_VERSION),
    ):
        assert f"| `schema_version` | {version} |" in section("benchmark.md", head)
    text = section("benchmark.md", "The scenarios")
    for stage, parts in STAGES.items():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{stage}` |")]
        assert all(f"`{part}`" in row for part in parts)
