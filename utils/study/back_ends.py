"""Where a study's runs are made: on this machine, or on a Dask or Ray cluster, by joblib."""

import contextlib

import joblib

from utils.errors import InputError
from utils.files import REPOSITORY

BACK_ENDS = ("threads", "dask", "ray")  # threads of this machine, which wait for processes


@contextlib.contextmanager
def back_end(name, address):
    """Enter joblib's back end `name`; gives further arguments of joblib.Parallel.

    address  of a cluster's scheduler
    InputError: the back end's package is not installed, no cluster is there, or it cannot import the kit.
    """
    if name == "threads":
        yield {"prefer": "threads"}
        return
    try:
        cluster = _ray(address) if name == "ray" else _dask(address)
    except InputError:  # it says more
        raise
    except ImportError as error:
        package = "ray" if name == "ray" else "distributed"
        raise InputError(f"--backend {name}: the package {package} is not installed ({error})") from None
    except (OSError, ValueError) as error:
        raise InputError(f"--backend {name}, --address {address}: no cluster there ({error})") from None
    with cluster, joblib.parallel_config(backend=name):
        yield {}


def _ray(address):
    import ray
    from ray.util.joblib import register_ray

    register_ray()
    return ray.init(address=address)


def _dask(address):
    from distributed import Client

    client = Client(address)
    try:
        for run in (client.run_on_scheduler, client.run):
            run(exec, "import utils.study.stages")  # a cluster that cannot would leave every run waiting
    except ImportError as error:
        client.close()
        raise InputError(
            f"--backend dask, --address {address}: scheduler or workers cannot import the kit ({error}); expected "
            f"both to have been started with {REPOSITORY} in PYTHONPATH"
        ) from None
    return client
