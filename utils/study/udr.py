"""UDR: unsupervised disentanglement ranking, the agreement between runs that differ in their seed alone.

Duan, Matthey, Saraiva, Watters, Burgess, Lerchner & Higgins 2020, "Unsupervised model selection for variational
disentangled representation learning", section 4, https://arxiv.org/abs/1905.12614
"""

import numpy as np
from scipy.stats import rankdata

INFORMATIVE = 0.01  # nats of KL above which a latent counts, as in the paper


def udr(pairs):
    """UDR (..., runs): each run's median over the others of its `agreements`, `pairs` (..., runs, runs)."""
    return np.nanmedian(pairs, axis=-1)


def agreements(codes, kls):
    """How far each two runs have the same latents: (runs, runs) in [0, 1], higher is better, NaN on the diagonal.

    codes  a list of (n, D) mean codes of the same n images, one a run, at least two
    kls    a list of (D,) KL of each latent in nats

    The values do not depend on the latents' order and signs; those of a run without an informative latent are 0.
    ValueError for fewer than two runs or unequal numbers of images.
    """
    if len(codes) < 2 or len({len(one) for one in codes}) != 1:
        raise ValueError(f"codes: {[np.shape(one) for one in codes]}, expected two or more arrays of as many images")
    informative = [_ranked(np.asarray(one)[:, np.asarray(kl) > INFORMATIVE]) for one, kl in zip(codes, kls)]
    pairs = np.full((len(codes), len(codes)), np.nan)
    for i in range(len(codes)):
        for j in range(i):
            pairs[i, j] = pairs[j, i] = agreement(np.abs(informative[i].T @ informative[j]))
    return pairs


def agreement(similarity):
    """How near `similarity` (latents of one run, latents of another), in [0, 1], is to a permutation: eq. 3.

    The square of each row's (column's) largest entry over the row's (column's) sum, summed and divided by the number
    of rows and columns; 0 without rows or columns.
    """
    if not similarity.size:
        return 0.0
    total = 0.0
    for matrix in (similarity, similarity.T):
        sums = matrix.sum(axis=1)
        total += np.sum(matrix.max(axis=1)[sums > 0] ** 2 / sums[sums > 0])
    return float(total / sum(similarity.shape))


def _ranked(codes):
    """Ranks of each latent, centred and of unit length, so that products are Spearman correlations."""
    ranked = np.stack([rankdata(column) for column in codes.T], axis=1) if codes.shape[1] else codes
    ranked = ranked - ranked.mean(axis=0)
    lengths = np.linalg.norm(ranked, axis=0)
    return ranked / np.where(lengths > 0, lengths, 1.0)
