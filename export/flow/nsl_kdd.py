"""NSL-KDD's files have no header; this is the one that its publishers describe.

Tavallaee, Bagheri, Lu and Ghorbani, A Detailed Analysis of the KDD CUP 99 Data Set (CISDA 2009); the names of the
features are those of the KDD Cup 1999 task description (kddcup.names).
"""

from __future__ import annotations

from collections.abc import Sequence

_FEATURES = [
    "duration",
    "protocol_type",
    "service",
    "flag",
    "src_bytes",
    "dst_bytes",
    "land",
    "wrong_fragment",
    "urgent",
    "hot",
    "num_failed_logins",
    "logged_in",
    "num_compromised",
    "root_shell",
    "su_attempted",
    "num_root",
    "num_file_creations",
    "num_shells",
    "num_access_files",
    "num_outbound_cmds",
    "is_host_login",
    "is_guest_login",
    "count",
    "srv_count",
    "serror_rate",
    "srv_serror_rate",
    "rerror_rate",
    "srv_rerror_rate",
    "same_srv_rate",
    "diff_srv_rate",
    "srv_diff_host_rate",
    "dst_host_count",
    "dst_host_srv_count",
    "dst_host_same_srv_rate",
    "dst_host_diff_srv_rate",
    "dst_host_same_src_port_rate",
    "dst_host_srv_diff_host_rate",
    "dst_host_serror_rate",
    "dst_host_srv_serror_rate",
    "dst_host_rerror_rate",
    "dst_host_srv_rerror_rate",
]

HEADER = (*_FEATURES, "label", "difficulty")
_PROTOCOLS = frozenset({"tcp", "udp", "icmp"})


def header_of(row: Sequence[str]) -> list[str] | None:
    """The header of a file whose first row this is, when it is one of NSL-KDD (or KDD Cup 1999: no difficulty)."""
    labelled = len(row) in (len(HEADER) - 1, len(HEADER))
    if labelled and row[1] in _PROTOCOLS and not _is_number(row[len(_FEATURES)]) and _is_number(row[0]):
        return list(HEADER[: len(row)])
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
