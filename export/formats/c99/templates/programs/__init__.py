"""Templates of the programs that test and measure a library."""
