"""The table of metrics: what each is called, where its score stands and what it takes. All else reads it here."""

from typing import Callable, NamedTuple, Tuple

from ..errors import InputError
from .beta_vae import score_differences
from .dci import dci
from .explicitness import explicitness
from .factor_vae import score_votes
from .gaussian_correlation import gaussian_correlation
from .infomec import infoe, infom_and_infoc
from .irs import irs
from .mig import mig
from .modularity import modularity
from .mutual_info_score import mutual_info_score
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
        meaning="How often the latent that varies least identifies the factor that was held fixed.",
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
        needs=("points",),
        options=("progress",),
    ),
    Metric(
        name="mig",
        title="MIG",
        key="discrete_mig",
        citation="Chen et al. 2018",
        meaning="How much more information the best latent has about a factor than the next best has.",
        function=mig,
        needs=("points",),
        options=("jobs", "progress"),
    ),
)
FURTHER = (  # not the challenge's: computed when asked for by name, and shown apart from the five
    Metric(
        name="beta_vae_score",
        title="BetaVAE",
        key="eval_accuracy",
        citation="Higgins et al. 2017: evaluation accuracy",
        meaning="How often a linear classifier finds from differences of latents which factor two points share.",
        function=score_differences,
        needs=("pairs",),
        options=("progress",),
    ),
    Metric(
        name="modularity",
        title="Modularity",
        key="modularity_score",
        citation="Ridgeway & Mozer 2018",
        meaning="How little information a latent has about factors other than its best one.",
        function=modularity,
        needs=("points",),
        options=("jobs", "progress"),
    ),
    Metric(
        name="explicitness",
        title="Explicitness",
        key="explicitness_score_test",
        citation="Ridgeway & Mozer 2018: on test points",
        meaning="How well a linear classifier on all latents ranks the points of each value of a factor.",
        function=explicitness,
        needs=("train", "test"),
        options=("progress",),
    ),
    Metric(
        name="infom",
        title="InfoM",
        key="infom",
        citation="Hsu et al. 2023",
        meaning="How much of a latent's information about factors concerns its best factor.",
        function=infom_and_infoc,
        needs=("points",),
        options=("seed", "jobs", "progress"),
    ),
    Metric(
        name="infoe",
        title="InfoE",
        key="infoe",
        citation="Hsu et al. 2023",
        meaning="How much of a factor's entropy a linear classifier on all latents takes away.",
        function=infoe,
        needs=("points",),
        options=("progress",),
    ),
    Metric(
        name="infoc",
        title="InfoC",
        key="infoc",
        citation="Hsu et al. 2023",
        meaning="How much of the information about a factor its best latent has.",
        function=infom_and_infoc,
        needs=("points",),
        options=("seed", "jobs", "progress"),
    ),
    Metric(
        name="gaussian_total_correlation",
        title="Total correlation",
        key="gaussian_total_correlation",
        citation="Locatello et al. 2019: nats, lower is better",
        meaning="How far a Gaussian with the latents' covariance is from one without correlation.",
        function=gaussian_correlation,
        needs=("codes",),
    ),
    Metric(
        name="gaussian_wasserstein_correlation",
        title="Wasserstein correlation",
        key="gaussian_wasserstein_correlation",
        citation="Locatello et al. 2019: lower is better",
        meaning="Squared Wasserstein distance from a Gaussian with the latents' covariance to one without correlation.",
        function=gaussian_correlation,
        needs=("codes",),
    ),
    Metric(
        name="gaussian_wasserstein_correlation_norm",
        title="Wasserstein correlation, normalised",
        key="gaussian_wasserstein_correlation_norm",
        citation="Locatello et al. 2019: lower is better",
        meaning="The Wasserstein correlation over the sum of the latents' variances.",
        function=gaussian_correlation,
        needs=("codes",),
    ),
    Metric(
        name="mutual_info_score",
        title="Mutual information score",
        key="mutual_info_score",
        citation="Locatello et al. 2019: nats, lower is better",
        meaning="How much information two latents have about each other, averaged over pairs.",
        function=mutual_info_score,
        needs=("codes",),
        options=("jobs", "progress"),
    ),
)
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
