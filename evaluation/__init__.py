"""The five official metrics of the 2019 Disentanglement Challenge: equal to the digit, and fast. See README.md here.

    from evaluation import evaluate
    evaluate(representation_function, dataset, metrics=("mig", "dci"), seed=0)

The array functions `dci`, `sap`, `mig`, `irs` and `factor_vae` need neither model nor data set.
"""

from evaluation.dci import dci
from evaluation.evaluate import evaluate
from evaluation.factor_vae import factor_vae
from evaluation.irs import irs
from evaluation.mig import mig
from evaluation.protocol import METRICS, SCORES
from evaluation.sap import sap

__all__ = ["METRICS", "SCORES", "dci", "evaluate", "factor_vae", "irs", "mig", "sap"]
