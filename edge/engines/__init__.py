"""TensorRT engines: the options they are built with, and the cache they are kept in."""
