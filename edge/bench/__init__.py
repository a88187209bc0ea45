"""How fast a bundle scores on this machine, by the scenarios of MLPerf Inference and from end to end."""
