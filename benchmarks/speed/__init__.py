"""Speed: contenders take turns, each in a process of its own; shown are medians, ratios and their spread."""
