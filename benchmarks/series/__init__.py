"""Anomaly detection in series: SKAB and NAB, with the baselines in the same run."""
