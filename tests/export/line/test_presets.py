"""The masks of the default preset: what they take for what, and that no line makes them slow."""

from __future__ import annotations

import time

import pytest

from edge.text.masks import Masker
from export.line.presets import DEFAULT_MASKS, PRESETS

MEBIBYTE = 1 << 20
# What patterns with two ways to match the same text would try over and over.
HOSTILE = [
    "a", "1", ":", " ", "a.", "a-", "ab:", "::", ".::", "1.1.", "11:", "f1", "0x", "/a.a", "deadbeef-", "1234-", "Jan ",
]  # fmt: skip


@pytest.fixture(scope="module")
def masker() -> Masker:
    return Masker(DEFAULT_MASKS)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("a\0\0\0b", "a<nul>b"),
        ("id 123e4567-e89b-12d3-a456-426614174000 done", "id <uuid> done"),
        ("Fri Jun 17 was a Friday", "<day> <month> <num> was a Friday"),
        ("rhost=ns2.server.example.com user", "rhost=<host> user"),
        ("at 06:06:20.123, and 6:00:01", "at <time>, and <time>"),
        ("from 10.0.0.1:22 to 192.168.255.255.", "from <ip>:<num> to <ip>."),
        ("fe80::1 and 00:1a:2b:3c:4d:5e and ::1", "<addr> and <addr> and <addr>"),
        ("irq 0x1F at deadbeef01", "irq <hex> at <hex>"),
        ("sshd[19937]: 3 of 4.5", "sshd[<num>]: <num> of <num>.<num>"),
        ("module.function decade facade nothing", "module.function decade facade nothing"),
        ("", ""),
    ],
)
def test_what_varies_without_meaning_is_masked(masker: Masker, text: str, masked: str) -> None:
    assert masker.apply([text]) == [masked]
    assert masker.trace(text).text == masked


def test_no_mask_reaches_over_a_blank(masker: Masker) -> None:
    words = ["Fri", "Jun", "10.0.0.1", "06:06:20", "fe80::1", "0x1f", "deadbeef01", "12", "a.b.com", "\0\0"]
    assert masker.apply([" ".join(words)]) == [" ".join(masker.apply(words))]
    assert masker.apply(words) == [
        "<day>",
        "<month>",
        "<ip>",
        "<time>",
        "<addr>",
        "<hex>",
        "<hex>",
        "<num>",
        "<host>",
        "<nul>",
    ]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_line_of_a_mebibyte_takes_a_moment(piece: str, masker: Masker) -> None:
    """A pattern that tries all ways takes minutes for one of these lines, or would never end."""
    line = (piece * (MEBIBYTE // len(piece) + 1))[:MEBIBYTE]
    begin = time.perf_counter()
    masker.apply([line + "!"])
    assert time.perf_counter() - begin < 10


def test_presets_are_known_by_name() -> None:
    assert {name: preset.name for name, preset in PRESETS.items()} == {"default": "default", "seed": "seed"}
    assert PRESETS["seed"].masks == (), "the published notebook keeps numbers"
