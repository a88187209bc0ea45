"""Simulated access logs of a small site, with labelled scans and attacks."""
