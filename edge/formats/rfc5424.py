"""The syslog protocol, RFC 5424: ``<PRI>1 TIMESTAMP HOST APP-NAME PROCID MSGID STRUCTURED-DATA MSG``.

An octet count before it (RFC 6587) is skipped. Inside of parameter values a closing bracket without its backslash is
accepted, since many senders forget it.
"""

from __future__ import annotations

import re
from typing import List, Optional, Tuple

import numpy as np

from edge.formats.records import Records
from edge.formats.stamps import to_iso

_PARAMETER = r' [^\s=\]"]+="[^"\\]*(?:\\.[^"\\]*)*"'
_RECORD = re.compile(
    r"(?:\d+ )?<\d{1,3}>\d{1,2} "
    r"(-|\d{4}-\d\d-\d\dT\S+) \S+ (\S+) (\S+) (\S+) "  # time stamp, (host), app name, process id, message id
    rf'(-|(?:\[[^\s=\]"]+(?:{_PARAMETER})*\])+)(?: (.*))?',  # structured data, message
    re.ASCII | re.DOTALL,
)
_NIL = "-"
_BYTE_ORDER_MARK = "\ufeff"


class Rfc5424Format:
    """Text and content are ``app[procid]: [structured data] message``.

    A line of this protocol scatters what a detector should see, so a readable text is put together instead of the raw
    line. The message id stands in for a message that is empty.
    """

    name = "rfc5424"

    def parse(self, texts: List[str]) -> Records:
        """Records of the texts, put together anew where the line follows the protocol."""
        matches = [match and match.groups() for match in map(_RECORD.fullmatch, texts)]
        readable = [text if fields is None else _readable(fields) for text, fields in zip(texts, matches)]
        unparsed = np.array([fields is None for fields in matches], np.bool_)

        def stamp(index: int) -> Optional[str]:
            fields = matches[index]
            return None if fields is None else to_iso(fields[0])

        return Records(readable, readable, [0] * len(readable), unparsed, stamp)


def _readable(fields: Tuple[str, ...]) -> str:
    _, app, process, message_id, data, message = fields
    tag = "" if app == _NIL else app
    if process != _NIL:
        tag += f"[{process}]"
    parts = [] if data == _NIL else [data]
    if message:
        parts.append(message[1:] if message.startswith(_BYTE_ORDER_MARK) else message)
    if not parts and message_id != _NIL:
        parts.append(message_id)
    body = " ".join(parts)
    return f"{tag}: {body}" if tag else body
