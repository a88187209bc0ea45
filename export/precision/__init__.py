"""Lower precisions: float16, and int8 with scales that are fixed or found while the graph runs."""
