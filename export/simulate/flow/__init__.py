"""Simulated network flows of a small site, with labelled attacks."""
