"""What every command does before it imports anything else of the kit.

The scripts in the repository's root run this file by its path: the name `utils` may lead to another project's package,
or to none. `python -m utils.X` comes here by the package `utils`.
"""

import os
import sys


def is_ready(is_command):
    """Settle how PyTorch's threads wait, and whether the kit can be imported; if not, one line on stderr says why.

    is_command  whether the script is run, not imported: then Ctrl-C is one line from here on
    """
    let_threads_sleep()
    if is_command:
        report_ctrl_c_in_one_line()
    try:
        import utils.errors  # noqa: F401 (it stands on all packages that every command needs)
    except ImportError as error:
        print(f"error: {_remedy(error)}", file=sys.stderr)
        return False
    return True


def let_threads_sleep():
    """Have a thread that waits for others sleep soon; to be called before PyTorch is imported.

    GCC's OpenMP, which PyTorch computes with, reads this once, when it is loaded: how often a thread checks whether
    the others are done before it sleeps. With the default a thread burns its share of a busy machine's cores while it
    waits for one that got none. What the user has set counts.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def report_ctrl_c_in_one_line():
    """Have a KeyboardInterrupt that nobody catches reported without a traceback, as utils.errors.entry_point does.

    For the seconds while packages are imported, before a command's main function runs. The process still ends by the
    signal.
    """
    report_others = sys.excepthook

    def report(kind, error, trace):
        if issubclass(kind, KeyboardInterrupt):
            print("interrupted", file=sys.stderr)
        else:
            report_others(kind, error, trace)

    sys.excepthook = report


def _remedy(error):
    """What an ImportError is about, and what to do about it."""
    found = getattr(sys.modules.get("utils"), "__file__", None)
    if found is None:
        return f"{error}; expected Python to search the folder of this script, which -I, -P and PYTHONSAFEPATH forbid"
    if os.path.dirname(os.path.abspath(found)) == os.path.dirname(os.path.abspath(__file__)):
        return f"{error}; expected the packages of requirements.txt, as in .venv/bin/python, which ./run.sh makes"
    return f"utils: found {found} instead of the kit's; rename it or take it off PYTHONPATH"
