"""Ctrl-C before a command's main function hears it: while the packages are imported, which takes seconds."""

import sys


def report_ctrl_c_in_one_line():
    """Have a KeyboardInterrupt that nobody catches reported without a traceback, as utils.errors.entry_point does.

    The process still ends by the signal.
    """
    report_others = sys.excepthook

    def report(kind, error, trace):
        if issubclass(kind, KeyboardInterrupt):
            print("interrupted", file=sys.stderr)
        else:
            report_others(kind, error, trace)

    sys.excepthook = report
