"""oddline's device runtime: score local logs with a bundle.

This package runs on Python 3.8 with numpy, onnxruntime, tokenizers, typer and msgspec, and nothing else.
"""

__version__ = "0.1.0"
