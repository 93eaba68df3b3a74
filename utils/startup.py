"""What every command does before it imports anything else of the kit.

The scripts in the repository's root run this file by its path: the name `utils` may lead to another project's package,
or to none. `python -m utils.X` comes here by the package `utils`.
"""

import os
import sys

OWN_PACKAGES = ("utils", "evaluation")


def is_ready(is_command):
    """Settle how PyTorch's threads wait, and whether the kit can be imported; if not, one line on stderr says why.

    is_command  whether the script is run, not imported: then Ctrl-C and missing packages are one line from here on
    """
    let_threads_sleep()
    if not os.environ.get("PYTORCH_JIT", "0"):
        del os.environ["PYTORCH_JIT"]  # with an empty one PyTorch cannot be imported
    if is_command:
        report_in_one_line()
        if not _has_working_folder():
            print("error: the working folder is gone; change to another", file=sys.stderr)
            return False
    try:
        import utils.errors  # noqa: F401 (it stands on all packages that every command needs)
    except ImportError as error:
        print(f"error: {_remedy(error)}", file=sys.stderr)
        return False
    return True


def _has_working_folder():
    """Whether the folder that the command was started in is still there: PyTorch's libraries are not found without."""
    try:
        os.getcwd()
    except FileNotFoundError:
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


def report_in_one_line():
    """Have Ctrl-C and a missing package, where nobody catches them, reported without a traceback.

    As utils.errors.entry_point does, but from the first import on. After Ctrl-C the process ends by the signal, after
    an ImportError with code 2. One of the kit's own modules is a fault of the kit, and keeps its traceback.
    """
    report_others = sys.excepthook

    def report(kind, error, trace):
        if issubclass(kind, KeyboardInterrupt):
            print("interrupted", file=sys.stderr)
        elif issubclass(kind, ImportError) and (error.name or "").partition(".")[0] not in OWN_PACKAGES:
            print(f"error: {_remedy(error)}", file=sys.stderr)
            sys.exit(2)
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
