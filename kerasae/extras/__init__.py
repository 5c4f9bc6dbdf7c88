"""Extras: packages that a plain installation lacks."""

from kerasae.extras.importing import import_extra, is_installed, missing_packages

__all__ = ["import_extra", "is_installed", "missing_packages"]
