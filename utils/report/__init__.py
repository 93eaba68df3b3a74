"""A run's report: one HTML file that explains it, opens without a network and is made from what the run left.

    from utils.report import write_report
    write_report(run_folder, dataset)

train.py writes it while it trains, local_evaluation.py again with the scores. `python -m utils.report` makes it anew.
"""

from pathlib import Path

from utils.files import set_aside, write_text
from utils.notes import note
from utils.report.gather import gather
from utils.report.page import MARK, page
from utils.report.pictures import draw_pictures, view_of_trainer

__all__ = ["report_path", "report_training", "write_report"]

BEGINNING = 500  # characters of a page, in which its mark stands


def report_path(run_folder):
    """Where the report of a run lies."""
    return Path(run_folder) / "report" / "index.html"


def write_report(run_folder, dataset, view=None, encoder_digest=None):
    """Write report/index.html into `run_folder`, atomically; returns its path.

    dataset         the DataSet that the run was trained or scored on: gives images, and names of factors
    view            utils.report.pictures.View of its networks; None: they are read from the last checkpoint
    encoder_digest  SHA-256 of the encoder whose scores are shown; None: the run's own

    What is missing (no scores yet, no log, no checkpoint) is left out and said. Scores of another encoder, or on
    another data set, are left out too, and so is all of the run if the encoder is not its own. Raises OSError if the
    file cannot be written. A page there that the kit did not make is set aside.
    """
    path = report_path(run_folder)
    if path.exists() and not _is_own(path):
        note(f"{path} was not made by this version of the kit; it is now {set_aside(path)}")
    write_text(path, page(gather(Path(run_folder), dataset, view, encoder_digest)))
    return path


def _is_own(path):
    """Whether the kit made the page: by its beginning, since a page of many pictures is long."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return MARK in file.read(BEGINNING)


def report_training(run_folder, trainer, dataset):
    """Write the report of a run that is training, with pictures of what `trainer` has learned so far."""
    view = view_of_trainer(trainer)
    draw_pictures(view, report_path(run_folder).parent)
    write_report(run_folder, dataset, view)
