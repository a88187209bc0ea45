"""What the detectors that read text have in common: their network, its training, and the score of a row."""
