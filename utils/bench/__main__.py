"""Every measurement of the kit, by one command.

    python -m utils.bench steps [dataset=NAME] [device=cpu] [seconds=30]           # speed of a training step
    python -m utils.bench metrics ENCODER.pt DATASET [--official PYTHON SCORE.py]  # speed and agreement of the metrics
    python -m utils.bench data NAME                                                # opening and reading a data set
    python -m utils.bench plan [CONFIG.yml] [key=value ...]                        # what a configuration costs here

`python -m utils.bench COMMAND --help` has each one's arguments.
"""

import importlib
import sys

from utils.errors import InputError, entry_point

COMMANDS = ("steps", "metrics", "data", "plan")


@entry_point
def main(arguments=None):
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help"):
        print((__doc__ or "").strip())
        return 0
    if name not in COMMANDS:
        raise InputError(f"argument {name!r}: expected one of {', '.join(COMMANDS)}")
    return importlib.import_module(f"utils.bench.{name}").main(rest)


if __name__ == "__main__":
    sys.exit(main())
