"""What train.py and the other commands stand on; evaluation/, which scores, stands on its own."""

import sys

from utils.startup import is_ready

LOOKING_FOR_A_COMMAND = ["-m"]  # how sys.argv begins while Python looks for the module of `python -m utils.X`

if sys.argv[:1] == LOOKING_FOR_A_COMMAND and not is_ready(is_command=True):
    sys.exit(2)
