"""Notes: lines on stderr about what is done and could be meant otherwise."""

import os
import sys


def note(text):
    """Print a note; of several processes the main one alone does, since all of them meet the same."""
    if is_main():
        print(f"note: {text}", file=sys.stderr, flush=True)


def is_main():
    """Whether this process is the run's main one by torchrun's variables, which are there before the processes join."""
    return os.environ.get("WORLD_SIZE", "1") == "1" or os.environ.get("RANK", "0") == "0"
