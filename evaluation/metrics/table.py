"""The table of metrics: what each is called, where its score stands and what it takes. All else reads it here."""

from typing import Callable, NamedTuple, Tuple

from ..errors import InputError
from .dci import dci
from .factor_vae import score_votes
from .irs import irs
from .mig import mig
from .sap import sap


class Metric(NamedTuple):
    """One metric."""

    name: str  # as --metrics takes it and its folder is called; the challenge's name for the official five
    title: str  # as tables and papers write it
    key: str  # of the score in the result
    citation: str  # where the score is defined
    meaning: str  # one sentence for a reader who does not know it
    function: Callable  # takes the arrays that `needs` names, then `options` by keyword; returns a dictionary
    needs: Tuple[str, ...]  # properties of evaluation.samples.Samples, whose arrays are passed on in this order
    options: Tuple[str, ...] = ()  # of seed, jobs and progress, those that the function takes

    def score(self, result):
        """The score in a `result` of the function, a float."""
        return float(result[self.key])


OFFICIAL = (  # the challenge's five, in the order of the paper's tables
    Metric(
        name="factor_vae_metric",
        title="FactorVAE",
        key="eval_accuracy",
        citation="Kim & Mnih 2018: evaluation accuracy",
        meaning="How often the latent that varies least tells which factor was held fixed.",
        function=score_votes,
        needs=("votes",),
    ),
    Metric(
        name="sap_score",
        title="SAP",
        key="SAP_score",
        citation="Kumar et al. 2018",
        meaning="How much better the best latent predicts a factor than the next best does.",
        function=sap,
        needs=("train", "test"),
        options=("seed", "jobs", "progress"),
    ),
    Metric(
        name="dci",
        title="DCI",
        key="disentanglement",
        citation="Eastwood & Williams 2018: disentanglement",
        meaning="How exclusively a latent serves one factor, by the importances of boosted trees.",
        function=dci,
        needs=("train", "test"),
        options=("seed", "jobs", "progress"),
    ),
    Metric(
        name="irs",
        title="IRS",
        key="IRS",
        citation="Suter et al. 2019",
        meaning="How little a latent strays when all factors but its own change.",
        function=irs,
        needs=("train",),
        options=("progress",),
    ),
    Metric(
        name="mig",
        title="MIG",
        key="discrete_mig",
        citation="Chen et al. 2018",
        meaning="How much more the best latent tells of a factor than the next best does.",
        function=mig,
        needs=("train",),
        options=("jobs", "progress"),
    ),
)
FURTHER = ()  # not the challenge's: computed when asked for by name, and shown apart from the five
METRICS = {metric.name: metric for metric in OFFICIAL + FURTHER}
DEFAULT = ("dci", "factor_vae_metric", "sap_score", "mig", "irs")  # the five in the order of the challenge's script


def find_metrics(names):
    """The Metric records of `names`, in this order, each once. InputError for an unknown name and for none at all."""
    names = [names] if isinstance(names, str) else list(names)
    unknown = [name for name in names if name not in METRICS]
    if unknown or not names:
        found = f"metric {unknown[0]!r}" if unknown else "no metrics"
        raise InputError(f"{found}: expected some of {', '.join(METRICS)}")
    return tuple(METRICS[name] for name in dict.fromkeys(names))
