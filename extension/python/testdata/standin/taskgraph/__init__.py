"""Stands in for the reference package in tests: what the bridge touches, and no more."""

fast = False
__version__ = "stand-in"
