"""Data sets by disentanglement_lib's names: `load("synthetic_arm", root)`; see `registry.py`."""

from utils.data.registry import load, names, refuse_among_pictures, refuse_data_within, resolve

__all__ = ["load", "names", "refuse_among_pictures", "refuse_data_within", "resolve"]
