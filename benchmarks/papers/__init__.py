"""Results of papers: one file for each, with its protocol, the published figures and ours."""
