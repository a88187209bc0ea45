"""Trivial baselines: what a detector must beat to be worth its training.

Each learns from the run's own training records and reads records as the run does, so that only the method differs.
"""
