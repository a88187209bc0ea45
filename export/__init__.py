"""oddline's workstation: train with TensorFlow, export to ONNX, evaluate.

Importing this package is cheap and works without the extra `export`; what needs TensorFlow and its companions imports
them inside of the functions that use them.
"""
