"""From a TensorFlow function to the ONNX graph of a bundle: converted, cleaned up, in one form for equal models."""
