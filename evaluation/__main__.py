"""Scores codes of labelled points: no images and no full grid of their factors are needed.

    disentanglement-metrics CODES.npz                  # arrays codes (n, D) and factors (n, F)
    disentanglement-metrics TRAIN.npz TEST.npz         # points of their own for testing
    disentanglement-metrics CODES.npz --metrics mig,dci --output scores

It prints a table of the scores; with --output it writes metrics/NAME/results/aggregate/evaluation.json there, and
removes such files of other codes.
"""

import sys

from .command.entry import Parser, entry_point
from .command.scoring import add_options, score_file
from .files import user_path


@entry_point
def main(arguments=None):
    """Run the command."""
    parser = Parser(prog="disentanglement-metrics", description=__doc__)
    parser.add_argument("codes", nargs="+", metavar="FILE.npz", help="one file, or two: for training and testing")
    parser.add_argument("--output", type=user_path, help="folder to write the scores to; default: only print them")
    add_options(parser)
    score_file(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
