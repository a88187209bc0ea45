"""Requests that are logged as JSON objects, one a line: by nginx's ``log_format ... escape=json``, and by others."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Sequence, Tuple

import msgspec

from edge.formats.request import Request, Span, split_request
from edge.formats.stamps import to_iso

# Names of the fields in the logs of nginx, Elastic, Caddy, Cloudflare and Traefik; the first one that is there counts.
_NAMES: Dict[str, Sequence[str]] = {
    "request": ("request", "request_line"),
    "method": ("request_method", "method", "verb", "ClientRequestMethod", "http_method", "RequestMethod"),
    "target": ("request_uri", "uri", "ClientRequestURI", "url", "path", "RequestPath"),
    "query": ("args", "query_string"),
    "protocol": ("server_protocol", "protocol", "proto", "ClientRequestProtocol", "httpversion", "RequestProtocol"),
    "status": ("status", "response", "EdgeResponseStatus", "status_code", "DownstreamStatus"),
    "size": ("body_bytes_sent", "bytes_sent", "bytes", "size", "EdgeResponseBytes", "DownstreamContentSize"),
    "referer": ("http_referer", "referer", "referrer", "ClientRequestReferer", "Referer"),
    "agent": ("http_user_agent", "user_agent", "agent", "ClientRequestUserAgent", "User-Agent"),
    "client": ("remote_addr", "remote_ip", "client_ip", "clientip", "ClientIP", "client", "ClientHost"),
    "user": ("remote_user", "user", "auth", "ClientUsername"),
    "time": ("time_iso8601", "time_local", "@timestamp", "timestamp", "time", "ts", "EdgeStartTimestamp", "StartUTC"),
}
_MEMBER = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*\[?\s*("(?:[^"\\]|\\.)*"|[-+.\w]+)')
# A point in time as a number: seconds since 1970 have ten digits, and each step to the next smaller unit three more.
_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3))


def read_json(text: str) -> Optional[Request]:
    """The request of a JSON object; None when it is none, or tells of no request."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    if not isinstance(found, dict):
        return None
    flat = _flat(found)
    known = {key: (name, flat[name]) for key, names in _NAMES.items() for name in _first(names, flat)}
    spans = _spans(text)
    read = _request(known, spans)
    if read is None:
        return None
    values, places = read
    for key in ("status", "size", "referer", "agent", "client", "user"):
        if key in known:
            name, value = known[key]
            values[key] = value
            places[key] = spans.get(name, (0, 0))
    return Request(values, places, _time(known["time"][1]) if "time" in known else None)


def _request(
    known: Dict[str, Tuple[str, str]], spans: Dict[str, Span]
) -> Optional[Tuple[Dict[str, str], Dict[str, Span]]]:
    """Method, path, query and protocol: of a request line, which needs an answer, or of fields of their own."""
    if "request" in known:
        name, line = known["request"]
        if "status" not in known:
            return None
        first, last = spans.get(name, (0, 0))
        values, places = split_request(line, first)
        if last - first != len(line):
            # Something in there was escaped, so that it cannot be told where its parts are.
            places = dict.fromkeys(places, (first, last))
        return values, places
    if "method" not in known or "target" not in known:
        return None
    (method_name, method), (target_name, target) = known["method"], known["target"]
    places = {"method": spans.get(method_name, (0, 0))}
    first, last = spans.get(target_name, (0, 0))
    path, mark, query = target.partition("?")
    cut = first + len(path) if last - first == len(target) else first
    places["path"] = (first, cut if cut > first else last)
    places["query"] = (cut, last)
    values = {"method": method, "path": path, "query": mark + query}
    if not mark and known.get("query", ("", "-"))[1] not in ("", "-"):
        name, query = known["query"]
        # The mark stands nowhere, so the query is not its field's text, but belongs to all of it.
        values["query"], places["query"] = f"?{query}", spans.get(name, (0, 0))
    if "protocol" in known:
        name, protocol = known["protocol"]
        values["protocol"] = protocol if "/" in protocol else f"HTTP/{protocol}"
        places["protocol"] = spans.get(name, (0, 0))
    return values, places


def _flat(found: Dict[str, Any]) -> Dict[str, str]:
    """Texts and numbers of the object, and of those in its fields ``request`` and ``headers`` (as Caddy has them)."""
    flat: Dict[str, str] = {}
    for name, value in found.items():
        if isinstance(value, dict):
            if name in ("request", "headers"):
                for inner, text in _flat(value).items():
                    flat.setdefault(inner, text)
            continue
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            # A line feed in a value would tear a content apart.
            flat[name] = str(value).replace("\n", " ")
    return flat


def _first(names: Sequence[str], flat: Dict[str, str]) -> List[str]:
    return next(([name] for name in names if name in flat), [])


def _spans(text: str) -> Dict[str, Span]:
    """Where the value of each name stands first, without its quotes."""
    spans: Dict[str, Span] = {}
    for match in _MEMBER.finditer(text):
        start, end = match.span(2)
        quoted = text[start] == '"'
        spans.setdefault(match[1], (start + quoted, end - quoted))
    return spans


def _time(written: str) -> Optional[str]:
    """As written where that is understood; ISO 8601 in UTC of a number."""
    if to_iso(written) is not None:
        return written
    try:
        number = float(written)
    except ValueError:
        return None
    return _moment(number)


def _moment(number: float) -> Optional[str]:
    seconds = number / next((unit for least, unit in _UNITS if number >= least), 1)
    try:
        return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S.%f}Z"
    except (ValueError, OverflowError, OSError):
        return None
