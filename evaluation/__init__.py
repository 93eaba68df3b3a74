"""The five official metrics of the 2019 Disentanglement Challenge: the original's scores, sooner. See README.md here.

    from evaluation import evaluate, evaluate_codes
    evaluate(representation_function, dataset, metrics=("mig", "dci"), seed=0)  # images and an encoder
    evaluate_codes(codes, factors)  # codes of any labelled points
    evaluate(..., cache=CodesCache(folder, fingerprint(name_of_encoder, dataset)))  # the second time without encoding

The array functions `dci`, `sap`, `mig`, `irs` and `factor_vae` need neither model nor data set, nor do those of the
further metrics: `beta_vae`, `modularity`, `explicitness`, `infomec`, `gaussian_correlation`, `mutual_info_score`.
"""

from .cache import CodesCache, fingerprint
from .errors import InputError, NotDefined
from .evaluate import evaluate, evaluate_codes
from .metrics.beta_vae import beta_vae
from .metrics.dci import dci
from .metrics.explicitness import explicitness
from .metrics.factor_vae import factor_vae
from .metrics.gaussian_correlation import gaussian_correlation
from .metrics.infomec import infomec
from .metrics.irs import irs
from .metrics.mig import mig
from .metrics.modularity import modularity
from .metrics.mutual_info_score import mutual_info_score
from .metrics.sap import sap
from .metrics.table import METRICS
from .progress import Console, Silent
from .protocol import Sizes

__all__ = [
    "METRICS",
    "CodesCache",
    "Console",
    "InputError",
    "NotDefined",
    "Silent",
    "Sizes",
    "beta_vae",
    "dci",
    "evaluate",
    "evaluate_codes",
    "explicitness",
    "factor_vae",
    "fingerprint",
    "gaussian_correlation",
    "infomec",
    "irs",
    "mig",
    "modularity",
    "mutual_info_score",
    "sap",
]
