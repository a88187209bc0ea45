from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.bundle.preprocessing import Mask
from edge.dictionary.spec import encode_dictionary
from edge.errors import InputError, IntegrityError, SchemaError
from export.dictionary import given
from export.dictionary.given import read_given
from export.line.presets import DEFAULT_MASKS

NUMBERS = [Mask(name="number", pattern=r"\d+", token="<num>")]


def texts(path: Path, content: str, masks: object = DEFAULT_MASKS) -> list[str]:
    path.write_text(content, encoding="utf-8")
    made = read_given(str(path), masks)  # type: ignore[arg-type]
    assert [one.id for one in made.templates] == list(range(1, len(made.templates) + 1))
    assert all(one.known and one.count == 0 and not one.history for one in made.templates)
    return [one.text for one in made.templates]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("session opened for user %s by (uid=%d)", "session opened for user <*> by <*>"),
        ("session opened for user <*>", "session opened for user <*>"),
        ("took %5.2f ms, %lu bytes, %-10.*s|%#08llx", "took <*> ms, <*> bytes, <*>"),
        ("100%% of %zu are done", "<num>% of <*> are done"),
        ("disk is 90% full", "disk is <num>% full"),
        ("port=<*>: %p", "<*> <*>"),
        ("%1$s before %2$s", "<*> before <*>"),
        ("timeout after 30 s", "timeout after <num> s"),
        ("  two\tblanks  \r", "two blanks"),
        ("from 10.0.0.1", "from <ip>"),
        ("%%s is no conversion", "%s is no conversion"),
    ],
)
def test_wildcards_of_a_line(tmp_path: Path, line: str, text: str) -> None:
    assert texts(tmp_path / "templates.txt", line + "\n") == [text]


def test_empty_lines_and_equal_templates_are_left_out(tmp_path: Path) -> None:
    assert texts(tmp_path / "templates.txt", "\ufeffa %s\n\n  \nb 1\na <*>\nb 2") == ["a <*>", "b <num>"]
    assert texts(tmp_path / "templates.txt", "b 1\nb 2", []) == ["b 1", "b 2"]


def test_an_earlier_dictionary_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "dictionary.json"
    path.write_text("a %s\nb", encoding="utf-8")
    made = read_given(str(path), NUMBERS)
    made = replace(made, templates=[replace(made.templates[0], id=7, known=False, history=["a b"])])
    path.write_bytes(encode_dictionary(made))
    assert read_given(str(path), NUMBERS) == made


@pytest.mark.parametrize(
    ("data", "error", "what"),
    [
        (b"", InputError, "there is no template in it; write one a line"),
        (b"\n \n", InputError, "there is no template in it"),
        (b"a\0b", InputError, "is no text"),
        (b"fine\n" + b"word " * 300, InputError, "templates.txt, line 2: the template is too long"),
        (b"w" * 300, InputError, "line 1: the template is too long"),
        (b'{"schema_version": 1}', SchemaError, "malformed dictionary"),
        (b' {"schema_version": 9, "templates": []}', SchemaError, "schema version 9"),
        (
            b'{"schema_version": 1, "templates": [{"id": 0, "text": "", "count": 0, "history": [], "known": true}]}',
            IntegrityError,
            "ids ascend from 1",
        ),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, data: bytes, error: type[Exception], what: str) -> None:
    path = tmp_path / "templates.txt"
    path.write_bytes(data)
    with pytest.raises(error) as raised:
        read_given(str(path), NUMBERS)
    assert str(raised.value).startswith(str(path))
    assert what in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.txt: cannot be read \(No such file or directory\)"):
        read_given(str(tmp_path / "none.txt"), NUMBERS)
    with pytest.raises(InputError, match="Is a directory"):
        read_given(str(tmp_path), NUMBERS)


def test_files_that_are_too_large_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "templates.txt"
    path.write_text("a\nb\nc\n", encoding="utf-8")
    monkeypatch.setattr(given, "MOST_TEMPLATES", 2)
    with pytest.raises(InputError, match="holds more than 2 templates"):
        read_given(str(path), NUMBERS)
    monkeypatch.setattr(given, "MAX_DICTIONARY_BYTES", 5)
    with pytest.raises(InputError, match="larger than 5 bytes"):
        read_given(str(path), NUMBERS)
