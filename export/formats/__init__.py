"""The formats of an export, one file or package each."""
