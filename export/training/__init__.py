"""What all detectors' trainings have in common: read, split, fit, set the threshold, write the run."""
