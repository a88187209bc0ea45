"""What a user can choose where a model runs, and the defaults; nothing else is imported for it."""

from __future__ import annotations

from typing import Dict

PROVIDERS: Dict[str, str] = {
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
"""oddline's names and onnxruntime's, the best first."""
PROVIDER_CHOICES = ("auto", *PROVIDERS)

# More rows at once are no faster on a CPU, where a batch should fit into the caches, and take more memory.
DEFAULT_BATCH_ROWS = 32
