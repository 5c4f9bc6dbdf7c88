"""Templates of what builds a library: make, CMake, Arduino and Zephyr, and its guide."""
