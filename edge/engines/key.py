"""What an engine depends on: it is right for one model on one GPU with one set of libraries, and for nothing else.

ONNX Runtime names its engine files by the names in the graph, its own version and TensorRT's, and the compute
capability (`TRTGenerateId` in tensorrt_execution_provider_utils.h), not by the weights: of two models with equal names,
such as one before and after it learnt anew, the second would run the first one's engine. So each key has a folder.
"""

from __future__ import annotations

import hashlib
import re
from typing import Dict, List, Tuple

import msgspec

from edge.bundle.manifest import TensorSpec
from edge.bundle.preprocessing import Strict

_MOST_CHARACTERS = 60
_HASH_CHARACTERS = 16


class EngineKey(Strict, frozen=True):
    """Versions are as their makers write them (TensorRT ``8.5.2``, CUDA ``11.4``).

    `recipe` is that of the options, `edge.engines.options.RECIPE`.
    """

    model_sha256: str
    gpu: str
    compute_capability: str
    tensorrt: str
    cuda: str
    onnxruntime: str
    precision: str
    batch_sizes: List[int]
    inputs: List[TensorSpec]
    recipe: int

    def digest(self) -> str:
        """sha256 of all fields, in hex."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


_WORDS: Dict[str, str] = {
    "model_sha256": "another model",
    "gpu": "GPU",
    "compute_capability": "compute capability",
    "tensorrt": "TensorRT",
    "cuda": "CUDA",
    "onnxruntime": "ONNX Runtime",
    "precision": "precision",
    "batch_sizes": "batch sizes",
    "inputs": "other inputs",
    "recipe": "other options",
}


def folder_name(bundle: str, key: EngineKey) -> str:
    """A name that a person can read and that no other key has: ``sshd-fp16-xavier-sm72-trt8.5.2-0123456789abcdef``."""
    capability = key.compute_capability.replace(".", "")
    words = f"{bundle}-{key.precision}-{key.gpu}-sm{capability}-trt{key.tensorrt}"
    readable = re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-.")
    return f"{readable[-_MOST_CHARACTERS:].strip('-.')}-{key.digest()[:_HASH_CHARACTERS]}"


def differences(kept: EngineKey, wanted: EngineKey) -> List[str]:
    """In which ways an engine that is kept is not the one that is wanted, in words; empty when it is."""
    return [_difference(name, *values) for name, values in _changed(kept, wanted).items()]


def _changed(kept: EngineKey, wanted: EngineKey) -> Dict[str, Tuple[object, object]]:
    pairs = {name: (getattr(kept, name), getattr(wanted, name)) for name in EngineKey.__struct_fields__}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _difference(name: str, kept: object, wanted: object) -> str:
    word = _WORDS[name]
    return word if word.startswith(("other", "another")) else f"{word} {kept} and not {wanted}"
