"""What `make bench` runs: speed and peak memory of each step beside its plain alternative. Measured, never asserted."""
