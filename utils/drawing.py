"""Matplotlib for drawing into files: its Agg renderer alone, whatever window or notebook MPLBACKEND names.

Nor does a matplotlibrc of the user's change a plot: with its `text.usetex` none could be drawn where LaTeX is missing.
"""

import contextlib
import os
from pathlib import Path


def new_figure(**options):
    """An empty matplotlib.figure.Figure that Agg draws; `options` are Figure's own."""
    with _without_backend():
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    matplotlib.rcdefaults()
    figure = Figure(**options)
    FigureCanvasAgg(figure)
    return figure


def as_plain_text(text):
    """`text` as Matplotlib draws it letter by letter: what stands between two dollar signs is a formula to it."""
    return text.replace("$", r"\$")


def font_file():
    """The Path of a typeface that every installation of matplotlib brings."""
    with _without_backend():
        import matplotlib
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@contextlib.contextmanager
def _without_backend():
    """Matplotlib reads MPLBACKEND when it is imported, and refuses one that is not installed here.

    Every notebook sets it for the commands that it starts.
    """
    name = os.environ.pop("MPLBACKEND", None)
    try:
        yield
    finally:
        if name is not None:
            os.environ["MPLBACKEND"] = name
