"""Studies: grids of ordinary runs of train.py, scored and set beside the paper's numbers. See __main__.py."""
