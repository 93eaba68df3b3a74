"""Where the data sets are published: addresses, and sizes and checksums as far as they are published.

Sizes and SHA-256 of 3dshapes and smallNORB: https://github.com/tensorflow/datasets, */checksums.tsv. We know of no
checksum of the others as they are today: the one that the server announces is compared, and the contents are read.
None of these addresses could be tried from where the kit was made.
"""

from __future__ import annotations

from dataclasses import dataclass

_HUB = "https://huggingface.co/datasets/waleedgondal/mpi3d/resolve/main/"
_COMPLEX = (
    "https://huggingface.co/datasets/randall-lab/mpi3d-complex/resolve/main/real3d_complicated_shapes_ordered.npz"
)
_OLD = "https://storage.googleapis.com/"
_NORB = "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/"


@dataclass(frozen=True)
class Source:
    """One file to fetch."""

    path: str  # where it goes under the data sets' folder; an archive goes there before it is unpacked
    urls: tuple  # tried in this order
    size: int = None  # bytes
    sha256: str = None


def _mpi3d(name, old):
    first, last = f"{_OLD}mpi3d_disentanglement_dataset/data/{old}.npz", f"{_OLD}disentanglement_dataset/Final_Dataset/"
    return (Source(f"{name}/{name}.npz", (f"{_HUB}{name}.npz", first, f"{last}{name}.npz")),)


def _norb(name, size, sha256):
    return Source(f"small_norb/smallnorb-{name}.mat.gz", (f"{_NORB}smallnorb-{name}.mat.gz",), size, sha256)


_SPRITES_FILE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
_SPRITES = Source(
    f"dsprites/{_SPRITES_FILE}",
    (
        f"https://github.com/google-deepmind/dsprites-dataset/raw/master/{_SPRITES_FILE}",
        f"https://github.com/deepmind/dsprites-dataset/raw/master/{_SPRITES_FILE}",
    ),
)
_SCREAM = Source("scream/scream.jpg", ("https://upload.wikimedia.org/wikipedia/commons/f/f4/The_Scream.jpg",))

SOURCES = {
    "mpi3d_toy": _mpi3d("mpi3d_toy", "mpi3d_toy"),
    "mpi3d_realistic": _mpi3d("mpi3d_realistic", "mpi3d_realistic"),
    "mpi3d_real": _mpi3d("mpi3d_real", "real"),
    "mpi3d_real_complex": (Source("mpi3d_real_complex/mpi3d_real_complex.npz", (_COMPLEX,)),),
    "shapes3d": (
        Source(
            "3dshapes/3dshapes.h5",
            (f"{_OLD}3d-shapes/3dshapes.h5",),
            267573662,
            "0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785",
        ),
    ),
    "dsprites_full": (_SPRITES,),
    "dsprites_noshape": (_SPRITES,),
    "color_dsprites": (_SPRITES,),
    "noisy_dsprites": (_SPRITES,),
    "scream_dsprites": (_SPRITES, _SCREAM),
    "cars3d": (Source("cars.tar.gz", ("http://www.scottreed.info/files/nips2015-analogy-data.tar.gz",)),),
    "smallnorb": (
        _norb(
            "5x46789x9x18x6x2x96x96-training-dat",
            131896188,
            "5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873",
        ),
        _norb(
            "5x46789x9x18x6x2x96x96-training-cat",
            348,
            "2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa",
        ),
        _norb(
            "5x46789x9x18x6x2x96x96-training-info",
            71052,
            "de7eb932ebe7a4ee16217fead60660d0eb3d23632c2f4d1c51f88c501c17bf32",
        ),
        _norb(
            "5x01235x9x18x6x2x96x96-testing-dat",
            130799817,
            "cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474",
        ),
        _norb(
            "5x01235x9x18x6x2x96x96-testing-cat",
            347,
            "ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff",
        ),
        _norb(
            "5x01235x9x18x6x2x96x96-testing-info",
            10428,
            "16adf314226327ee006d1a44db8cfef52773c06c829951d5653a9f6f310248a2",
        ),
    ),
}

_MPI3D_TERMS = "MPI3D (Gondal et al. 2019) is under CC BY 4.0: name its authors when you use it"
_SPRITES_TERMS = "dSprites (Matthey et al. 2017): terms at https://github.com/google-deepmind/dsprites-dataset"
TERMS = {
    **{name: _SPRITES_TERMS for name in SOURCES if "dsprites" in name},
    **dict.fromkeys(("mpi3d_toy", "mpi3d_realistic", "mpi3d_real", "mpi3d_real_complex"), _MPI3D_TERMS),
    "shapes3d": "3D Shapes (Burgess & Kim 2018): terms at https://github.com/google-deepmind/3d-shapes",
    "cars3d": "Cars3D (Reed et al. 2015): its page states no licence",
    "smallnorb": f"smallNORB (LeCun et al. 2004) is for research only: terms at {_NORB}",
}
