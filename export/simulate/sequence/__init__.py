"""The sample for the detector `sequence`: the log of a small job system."""
