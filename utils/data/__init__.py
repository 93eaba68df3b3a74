"""Data sets by disentanglement_lib's names: `load("synthetic_arm", root)`; see `registry.py`."""

from utils.data.registry import load, names, refuse_among_pictures, resolve

__all__ = ["load", "names", "refuse_among_pictures", "resolve"]
