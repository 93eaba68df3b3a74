"""What a study looks at before it trains for hours or compares runs: its data, and what the results there are of."""

import numpy as np

from evaluation.contract import kind_of
from evaluation.errors import NotDefined
from evaluation.labelled import make_table, plan_table
from evaluation.metrics.arrays import varying
from evaluation.metrics.table import OFFICIAL
from evaluation.progress import Silent
from evaluation.protocol import CHALLENGE
from evaluation.results import DATASET_FINGERPRINT, DATASET_NAME, SEED, scored_with
from evaluation.samples import parts_of
from utils.data import load, names
from utils.data.registry import RENDERED
from utils.errors import InputError
from utils.study.stages import DATA, differing_keys, read_file, read_result, result_path

_WAYS_OUT = "delete that file to make it anew, or take another --output"


def check_scorable(study, data_root):
    """InputError if images of one's own that the study trains on cannot have all five scores, whatever is learned."""
    for name in {stage.config.dataset for _, stages in study.runs for stage in stages} - set(names()):
        data = load(name, data_root)
        if not data.factor_names:
            data.require_factors()
        try:
            _require_all_five(data)
        except NotDefined as reason:
            raise InputError(f"data set {name}: a study needs all five scores; {reason}") from None


def check_results(study, folder, data_root):
    """InputError if a result that is there is of another configuration, or of other images or factors than now."""
    now = {}
    for _, stages in study.runs:
        for stage in stages:
            path, name = result_path(folder, stage), stage.config.dataset
            differing = differing_keys(read_file(path), stage.config)
            if differing:
                raise InputError(f"{path}: of another configuration ({differing}); {_WAYS_OUT}")
            scored_on = (read_result(folder, stage) or {}).get(DATA)
            if scored_on and name not in now:
                now[name] = _fingerprint(name, data_root)
            if scored_on and now[name] not in (None, scored_on):
                raise InputError(f"{path}: of other images or factors than {name} has now; {_WAYS_OUT}")


def require_same_scoring(folders):
    """InputError if the runs in `folders`, all scored, were not all scored on the same data with the same seed."""
    names, found = [metric.name for metric in OFFICIAL], {}
    for folder in folders:
        data, marks, seeds = (scored_with(folder, names, key) for key in (DATASET_NAME, DATASET_FINGERPRINT, SEED))
        words = f"on {' and '.join(data)} ({', '.join(mark[:8] for mark in marks)}) with seed {' and '.join(seeds)}"
        if len(marks) > 1 or len(seeds) > 1:
            raise InputError(f"{folder}: its five scores are {words}, expected one data set and one seed")
        found.setdefault((*marks, *seeds), (folder, words))
    if len(found) > 1:
        (one, words), (other, others) = list(found.values())[:2]
        raise InputError(f"{other}: scored {others}, but {one} {words}; expected the same images, factors and seed")


def _require_all_five(data):
    """NotDefined, or InputError, that says what a metric lacks: labels for votes, two factors that vary for DCI."""
    factors = np.array([np.zeros(len(data.factor_sizes)), data.factor_sizes])
    if kind_of(data) == "labelled":
        table = make_table(data.labels, data.factor_names, num_images=len(data.images))
        for part in parts_of(OFFICIAL):
            plan_table(table, part, 0, CHALLENGE, Silent())
        factors = table.factors
    varying(factors, at_least=2)


def _fingerprint(name, data_root):
    """Of the data set's images and factors; None where they are not there."""
    try:
        return load(name, data_root, **({"render": False} if name in RENDERED else {})).fingerprint
    except InputError:
        return None
