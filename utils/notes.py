"""Notes: lines on stderr about what is done and could be meant otherwise."""

import os
import sys

MARK = "note: "  # begins each of them


def note(text):
    """Print a note, a string or an error, in one line.

    Of several processes the main one alone does, since all of them meet the same.
    """
    if is_main():
        print(f"{MARK}{' '.join(str(text).split())}", file=sys.stderr, flush=True)


def lines_without_notes(text):
    """The lines of what a command printed that say something and are no notes."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith(MARK)]


def is_main():
    """Whether this process is the run's main one by torchrun's variables, which are there before the processes join."""
    return os.environ.get("WORLD_SIZE", "1") == "1" or os.environ.get("RANK", "0") == "0"
