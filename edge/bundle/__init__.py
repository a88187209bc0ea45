"""The bundle: its manifest, its integrity, and what its model may ask of the target."""
