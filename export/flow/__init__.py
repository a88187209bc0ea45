"""The detector `flow`: rows of numbers about network flows, by a classifier and by how unlike normal ones they are."""
