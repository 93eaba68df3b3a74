"""Run a study, a grid of ordinary runs of train.py, and set it beside the paper's numbers; or compare runs.

    python -m utils.study configs/studies/objectives.yml                                 # the paper's first table
    python -m utils.study configs/studies/objectives.yml steps=3000 seeds=3 --jobs 2     # the same study, smaller
    python -m utils.study configs/studies/latents.yml latent_dim=10,32 steps=2000        # other rows
    python -m utils.study configs/studies/objectives.yml --backend dask --address HOST:8786
    python -m utils.study rank RUN_FOLDER RUN_FOLDER ...                 # by the official scores, and without labels
    python -m utils.study rank --official --paper RUN_FOLDER ...         # as the challenge ranked its entrants
    python -m utils.study reconstruction STUDY_FOLDER ...                # whether it goes with the scores, over studies

Leaves in --output (default: studies/NAME under $AICROWD_OUTPUT_PATH) table.md, table.csv, plot.png (the scores),
curves.png (the runs' losses beside each other), written anew after each result, and each run's own folder under runs/.
Called again it goes on where it stopped; what is finished is not done again. On a cluster all machines must see this
repository, the data and the output under the same paths.
Exit code: 0 all done; 1 some run failed (table.md names it), the others are done; 2 bad input.
"""

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import joblib

from evaluation.cores import available_cores
from utils.data import resolve
from utils.errors import InputError, Parser, entry_point
from utils.files import user_path
from utils.grader.environment import read_environment
from utils.study.back_ends import BACK_ENDS, back_end
from utils.study.checks import check_study, require_same_data
from utils.study.entries import rank_officially
from utils.study.grid import counted, read_study
from utils.study.progress import Progress
from utils.study.rank import rank
from utils.study.reconstruction import relate
from utils.study.stages import run_stages
from utils.study.tables import write_tables

RANK = """Rank runs that are scored.

With --official, as the challenge's platform ranks: each of the five scores gives an entry the rank 1 + the number of
strictly greater ones; the mean of the five ranks decides; one entry stands for each entrant (utils/study/
official_ranking.py has the rule). An argument is then [ENTRANT=]PATH, and PATH a run's folder or a JSON file:
    {"factor_vae_metric": 0.50, "sap_score": 0.15, "dci": 0.55, "irs": 0.68, "mig": 0.37, "entrant": "a", "entry": "b"}
or a list of such objects; entrant and entry may be left out. Without ENTRANT the entrant is the file's own, else the
folder that holds PATH, so that the runs of one folder are entries of one entrant.
"""


@entry_point
def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    environment = read_environment()
    if arguments and arguments[0] == "rank":
        return _rank(arguments[1:], environment)
    if arguments and arguments[0] == "reconstruction":
        return _reconstruction(arguments[1:], environment)
    options = _parse(arguments)
    study = with_absolute_paths(read_study(options.study, options.overrides), environment.data_root)
    folder = (options.output or environment.output_path / "studies" / study.name).resolve()
    check_study(study, folder, environment.data_root)
    print(f"{study.title}: {counted(len(study.runs), 'run')}, in {folder}", flush=True)
    try:
        write_tables(folder, study, {})  # of what is there; a folder that cannot be written is found out now
        failures = run_all(study, folder, options, environment.data_root.resolve())
        table = write_tables(folder, study, failures)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"study's folder {folder}: {reason}; expected one to write in (--output)") from None
    print(table)
    require_same_data(study, folder)  # they may have changed while the runs were made
    return 1 if failures else 0


def with_absolute_paths(study, data_root):
    """`study` with paths to images of one's own that its runs, which are processes in another folder, find too."""

    def found_anywhere(stage):
        return stage._replace(config=replace(stage.config, dataset=resolve(stage.config.dataset, data_root)))

    return study._replace(runs=tuple((name, tuple(map(found_anywhere, stages))) for name, stages in study.runs))


def run_all(study, folder, options, data_root):
    """Do what is not done, on the back end that the options name; {run's name: reason} of what failed."""
    share = max(1, available_cores() // options.jobs) if options.jobs > 0 else 1
    tasks = [
        joblib.delayed(run_stages)(str(folder), name, stages, options.threads, str(data_root), share, gpu)
        for (name, stages), gpu in zip(study.runs, gpus_in_turn(options))
    ]
    progress = Progress(folder, study, lambda: write_tables(folder, study, {}))
    with back_end(options.backend, options.address) as settings, progress:
        reasons = joblib.Parallel(n_jobs=options.jobs, batch_size=1, pre_dispatch="all", **settings)(tasks)
    return {name: reason for (name, _), reason in zip(study.runs, reasons) if reason is not None}


def gpus_in_turn(options):
    """Numbers of the GPU for each run: as many in turn as run at a time. On a cluster its workers decide (None)."""
    if options.backend != "threads":
        return itertools.repeat(None)
    return itertools.count() if options.jobs < 0 else itertools.cycle(range(options.jobs))


def _parse(arguments):
    parser = Parser(prog="python -m utils.study", description=__doc__)
    parser.add_argument("study", type=Path, metavar="STUDY.yml")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="keys of utils/config.py, and seeds")
    parser.add_argument("--jobs", type=int, help="runs at a time; default: 1, and -1 on a cluster, as many as it takes")
    parser.add_argument("--threads", type=int, help="of each run; default: OMP_NUM_THREADS, else cores / jobs")
    parser.add_argument("--backend", choices=BACK_ENDS, default="threads", help="joblib's; default: this machine")
    parser.add_argument("--address", help="of the cluster's scheduler; for ray default: a cluster of this machine")
    parser.add_argument("--output", type=user_path, help="the study's folder")
    options = parser.parse_intermixed_args(arguments)
    if options.jobs is None:
        options.jobs = 1 if options.backend == "threads" else -1
    if options.backend == "dask" and options.jobs != -1:
        parser.error(f"--jobs {options.jobs}: with dask the threads of its workers decide; expected -1 or nothing")
    if options.address and options.backend == "threads":
        parser.error(f"--address {options.address}: expected --backend dask or ray with it")
    if options.jobs == 0 or options.jobs < -1:
        parser.error(f"--jobs {options.jobs}: expected a number of at least 1, or -1")
    if options.threads is not None and options.threads < 1:
        parser.error(f"--threads {options.threads}: expected a number of at least 1")
    return options


def _rank(arguments, environment):
    parser = Parser(prog="python -m utils.study rank", description=RANK)
    parser.add_argument("runs", nargs="+", metavar="RUN_FOLDER")
    parser.add_argument("--official", action="store_true", help="rank as the challenge's platform does, see above")
    parser.add_argument("--paper", action="store_true", help="with --official: the paper's rows compete too")
    options = parser.parse_args(arguments)
    if options.paper and not options.official:
        parser.error("--paper: expected only with --official")
    if options.official:
        rank_officially(options.runs, options.paper)
        return 0
    rank(options.runs, environment.data_root)
    return 0


def _reconstruction(arguments, environment):
    parser = Parser(
        prog="python -m utils.study reconstruction",
        description="Correlate reconstruction with the scores over the runs of studies: reconstruction.md and .png.",
    )
    parser.add_argument("studies", nargs="+", type=Path, metavar="STUDY_FOLDER")
    parser.add_argument("--output", type=user_path, help="folder; default: studies under $AICROWD_OUTPUT_PATH")
    options = parser.parse_args(arguments)
    print(relate(options.studies, options.output or environment.output_path / "studies"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
