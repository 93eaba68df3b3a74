"""A run's report: one HTML file that explains it, opens without a network and is made from what the run left.

    from utils.report import write_report
    write_report(run_folder, dataset)

`python -m utils.report` makes it for a run that is not scored, such as one on images without factors.
"""

from pathlib import Path

from utils.files import write_text
from utils.report.gather import gather
from utils.report.page import page

__all__ = ["report_path", "write_report"]


def report_path(run_folder):
    """Where the report of a run lies."""
    return Path(run_folder) / "report" / "index.html"


def write_report(run_folder, dataset):
    """Write report/index.html into `run_folder`, atomically; returns its path.

    dataset   the DataSet that the run was trained or scored on: gives images, and names of factors

    What is missing (no scores yet, no log, no checkpoint) is left out and said. Scores that are older than the
    encoder are another encoder's, and left out too. Raises OSError if the file cannot be written.
    """
    path = report_path(run_folder)
    write_text(path, page(gather(Path(run_folder), dataset)))
    return path
