"""The five official metrics of the 2019 Disentanglement Challenge: equal to the digit, and fast. See README.md here.

    from evaluation import evaluate
    evaluate(representation_function, dataset, metrics=("mig", "dci"), seed=0)

The array functions `dci`, `sap`, `mig`, `irs` and `factor_vae` need neither model nor data set.
"""

from .evaluate import evaluate
from .metrics.dci import dci
from .metrics.factor_vae import factor_vae
from .metrics.irs import irs
from .metrics.mig import mig
from .metrics.sap import sap
from .metrics.table import METRICS

__all__ = ["METRICS", "dci", "evaluate", "factor_vae", "irs", "mig", "sap"]
