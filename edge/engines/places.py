"""Where NVIDIA's tools lie; nothing else is imported for it."""

from __future__ import annotations

from pathlib import Path

TRTEXEC = Path("/usr/src/tensorrt/bin/trtexec")
"""As JetPack and NVIDIA's packages for Debian and Ubuntu install it."""
