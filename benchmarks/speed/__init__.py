"""Speed: each figure is a ratio of medians of contenders that take turns in one run."""
