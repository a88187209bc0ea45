"""Protocol Buffers' wire format, as far as reading an ONNX model needs it.

A message is a run of fields, each a tag (field number and wire type, as a varint) and a value. Source: "Encoding" in
the Protocol Buffers documentation. Nothing is copied: a `Message` is a range of the file's bytes, and skipping a field
takes the same time whatever its size, so that reading is linear in what is looked at. Nothing recurses here.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LAST_FIELD_NUMBER = (1 << 29) - 1


class WireError(ValueError):
    """The bytes are no valid message; the text says why, and at which byte of the file."""


class Field(NamedTuple):
    """One field: `value` belongs to a varint, the range from `start` to `end` to every other wire type."""

    data: bytes
    number: int
    wire: int
    value: int
    start: int
    end: int

    def integer(self) -> int:
        """The field as a signed 64-bit integer.

        Raises:
            WireError: the field is no varint.
        """
        if self.wire != _VARINT:
            raise WireError(f"field {self.number} at byte {self.start} is not an integer")
        return self.value - (1 << 64) if self.value >> 63 else self.value

    def message(self) -> Message:
        """The field as a message that is not yet read.

        Raises:
            WireError: the field has no bytes of its own.
        """
        if self.wire != _BYTES:
            raise WireError(f"field {self.number} at byte {self.start} is not a message")
        return Message(self.data, self.start, self.end)

    def text(self) -> str:
        """The field as a string.

        Raises:
            WireError: the field is no string, or not UTF-8.
        """
        if self.wire != _BYTES:
            raise WireError(f"field {self.number} at byte {self.start} is not a string")
        try:
            return self.data[self.start : self.end].decode("utf-8")
        except UnicodeDecodeError as error:
            raise WireError(f"field {self.number} at byte {self.start} is not UTF-8") from error

    def octets(self) -> bytes:
        """The field's bytes.

        Raises:
            WireError: the field has none of its own.
        """
        if self.wire != _BYTES:
            raise WireError(f"field {self.number} at byte {self.start} is not a run of bytes")
        return self.data[self.start : self.end]

    def integers(self) -> np.ndarray:
        """The field as numbers of a list of integers, int64 [n]: one of them, or all of them packed.

        Raises:
            WireError: the field is no such list.
        """
        if self.wire == _VARINT:
            return np.array([self.integer()], np.int64)
        if self.wire != _BYTES:
            raise WireError(f"field {self.number} at byte {self.start} is not a list of integers")
        return _packed(self.data, self.start, self.end)

    def floats(self) -> np.ndarray:
        """The field as numbers of a list of floats, float32 [n]: one of them, or all of them packed.

        Raises:
            WireError: the field is no such list.
        """
        if self.wire not in (_FIXED32, _BYTES) or (self.end - self.start) % 4:
            raise WireError(f"field {self.number} at byte {self.start} is not a list of floats")
        return np.frombuffer(self.data, "<f4", (self.end - self.start) // 4, self.start)

    def is_all_zero(self) -> bool:
        """Whether a scalar, a packed list or raw bytes hold nothing but zeros (an empty list does)."""
        if self.wire == _VARINT:
            return self.value == 0
        return self.data.count(0, self.start, self.end) == self.end - self.start


class Message(NamedTuple):
    """The bytes from `start` to `end` of a file, taken as a message."""

    data: bytes
    start: int
    end: int

    def fields(self) -> Iterator[Field]:
        """Every field in order.

        Raises:
            WireError: a field is cut short, or of a wire type that ONNX does not use (groups).
        """
        data, at, end = self.data, self.start, self.end
        while at < end:
            tag, at = _varint(data, at, end)
            number, wire = tag >> 3, tag & 7
            if not 1 <= number <= _LAST_FIELD_NUMBER:
                raise WireError(f"field number {number} at byte {at} is not valid")
            if wire == _VARINT:
                start = at
                value, at = _varint(data, at, end)
                yield Field(data, number, wire, value, start, at)
                continue
            if wire == _BYTES:
                size, at = _varint(data, at, end)
            elif wire in (_FIXED32, _FIXED64):
                size = 4 if wire == _FIXED32 else 8
            else:
                raise WireError(f"wire type {wire} at byte {at} is not valid")
            if size > end - at:
                raise WireError(f"field {number} at byte {at} is cut short")
            yield Field(data, number, wire, 0, at, at + size)
            at += size

    def pick(self, *numbers: int) -> Picked:
        """The fields with these numbers; the others are checked for form only, and not kept."""
        found: Dict[int, List[Field]] = {number: [] for number in numbers}
        for field in self.fields():
            if field.number in found:
                found[field.number].append(field)
        return Picked(found)


class Picked:
    """Fields of one message by number."""

    def __init__(self, found: Dict[int, List[Field]]) -> None:
        self._found = found

    def all(self, number: int) -> List[Field]:
        return self._found[number]

    def one(self, number: int) -> Optional[Field]:
        """The field, or None when it is not there.

        Raises:
            WireError: the field is there twice. No writer does that, and readers disagree on which one counts.
        """
        fields = self._found[number]
        if len(fields) > 1:
            raise WireError(f"field {number} at byte {fields[1].start} is there twice")
        return fields[0] if fields else None

    def integer(self, number: int, default: int = 0) -> int:
        field = self.one(number)
        return default if field is None else field.integer()

    def float32(self, number: int, default: float = 0.0) -> float:
        field = self.one(number)
        if field is None:
            return default
        if field.wire != _FIXED32:
            raise WireError(f"field {field.number} at byte {field.start} is not a float")
        return float(field.floats()[0])

    def text(self, number: int) -> str:
        field = self.one(number)
        return "" if field is None else field.text()

    def message(self, number: int) -> Optional[Message]:
        field = self.one(number)
        return None if field is None else field.message()

    def messages(self, number: int) -> List[Message]:
        return [field.message() for field in self._found[number]]

    def texts(self, number: int) -> List[str]:
        return [field.text() for field in self._found[number]]


def _varint(data: bytes, at: int, end: int) -> Tuple[int, int]:
    """The unsigned 64-bit varint at `at`, and where the next byte is."""
    value = shift = 0
    for position in range(at, min(end, at + 10)):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, position + 1
        shift += 7
    raise WireError(f"the number at byte {at} is cut short or too long")


def _packed(data: bytes, start: int, end: int) -> np.ndarray:
    """The varints between `start` and `end`, int64 [n], at the speed of numpy: a tensor may hold millions of them."""
    octets = np.frombuffer(data, np.uint8, end - start, start)
    last = np.flatnonzero(octets < 0x80)
    if len(octets) and (not len(last) or last[-1] != len(octets) - 1):
        raise WireError(f"the list of numbers at byte {start} is cut short")
    first = np.concatenate([[0], last[:-1] + 1]) if len(last) else last
    lengths = last - first + 1
    if len(last) and (lengths.max() > 10 or (octets[last[lengths == 10]] > 1).any()):
        raise WireError(f"a number in the list at byte {start} is too long")
    values = np.zeros(len(last), np.uint64)
    for place in range(int(lengths.max()) if len(last) else 0):
        longer = np.flatnonzero(lengths > place)
        septets = (octets[first[longer] + place] & 0x7F).astype(np.uint64)
        values[longer] |= septets << np.uint64(7 * place)
    return values.view(np.int64)
