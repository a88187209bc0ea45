"""The systemd journal as ``journalctl -o json`` writes it: one JSON object a line.

Source: systemd's Journal JSON format. A field is a string; an array of byte values when it is not printable UTF-8;
an array of such values when it occurs more than once; null when it is too long to be printed.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, List, Optional

import msgspec
import numpy as np

from edge.formats.records import Records
from edge.text.clean import strip_escapes

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_UNSET = object()


class _Entry(msgspec.Struct, frozen=True, gc=False):
    """The fields that are used, of the hundred that there may be; all of them may have any of the four shapes."""

    message: Any = msgspec.field(name="MESSAGE", default=None)
    identifier: Any = msgspec.field(name="SYSLOG_IDENTIFIER", default=None)
    command: Any = msgspec.field(name="_COMM", default=None)
    syslog_pid: Any = msgspec.field(name="SYSLOG_PID", default=None)
    pid: Any = msgspec.field(name="_PID", default=None)
    realtime: Any = msgspec.field(name="__REALTIME_TIMESTAMP", default=None)


class JournaldFormat:
    """Text and content are ``ident[pid]: MESSAGE``, line feeds in the message as blanks."""

    name = "journald"

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Entry)

    def parse(self, texts: List[str]) -> Records:
        """Records of the texts; a line that is no JSON object with a time or a message is unparsed."""
        decode = self._decoder.decode
        readable: List[str] = []
        times: List[Any] = []
        unparsed = np.zeros(len(texts), np.bool_)
        for i, text in enumerate(texts):
            try:
                entry = decode(text)
            except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
                entry = None
            content = None if entry is None else _content(entry)
            if entry is None or content is None:
                unparsed[i] = True
                readable.append(text)
                times.append(None)
            else:
                readable.append(content)
                times.append(entry.realtime)
        return Records(readable, readable, [0] * len(texts), unparsed, lambda index: _to_iso(times[index]))


def _content(entry: _Entry) -> Optional[str]:
    """The entry in one line; None when it has neither a time nor a message, or nests deeper than the journal does."""
    message = entry.message
    if entry.realtime is None and message is None:
        return None
    try:
        if type(message) is not str or not message.isprintable():
            message = _to_text(message)
        return _tag(entry) + message
    except RecursionError:
        return None


def _tag(entry: _Entry) -> str:
    identifier = entry.identifier if entry.identifier is not None else entry.command
    pid = entry.syslog_pid if entry.syslog_pid is not None else entry.pid
    tag = "" if identifier is None else _to_text(identifier)
    if pid is not None:
        tag += f"[{_to_text(pid)}]"
    return f"{tag}: " if tag else ""


def _to_text(value: Any) -> str:
    """A field's value in one line, whichever of its shapes it has."""
    if value is None:
        return ""
    if isinstance(value, list):
        if all(type(byte) is int and 0 <= byte < 256 for byte in value):
            value = bytes(value).decode("utf-8", "replace")
        else:
            value = " ".join([_to_text(part) for part in value])
    text = strip_escapes(value if isinstance(value, str) else str(value))
    return text.replace("\r\n", " ").replace("\n", " ")


def _to_iso(microseconds: Any) -> Optional[str]:
    try:
        moment = _EPOCH + timedelta(microseconds=int(microseconds))
    except (TypeError, ValueError, OverflowError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
