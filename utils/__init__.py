"""What training stands on: configuration, data, networks, objectives, the loop and its safety."""

import os

# How often a thread of GCC's OpenMP, which PyTorch computes with, looks whether the others are done before it sleeps.
# With the default a thread burns its share of a busy machine's cores while it waits for one that got none. The library
# reads this once, when PyTorch loads it; what the user has set goes first.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
