"""How well a detector tells anomalous lines from normal ones, beside methods that need no training to speak of."""
