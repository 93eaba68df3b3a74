"""What train.py and the other commands stand on; evaluation/, which scores, stands on its own."""
