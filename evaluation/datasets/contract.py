"""What evaluation asks of a data set. Any object will do that has the attributes of one of the three kinds.

labelled  images, labels: a label for each image and factor; any combinations of the factors' values
stored    images, factor_sizes, sample_factors, index: an image for each combination of the factors' values
drawn     factor_sizes, sample_factors, observe, and images_are_stored = False: each picture is made when asked for

README.md here has an example of each of the first two.
"""

from ..errors import InputError

ATTRIBUTES = {
    "images": "array (n, height, width, channels), uint8 or float in [0, 1]",
    "labels": "integers (n, factors), a row for each image",
    "factor_sizes": "how many values each factor takes",
    "sample_factors": "function (num, random_state) -> integers (num, factors)",
    "index": "function (factors, random_state) -> positions (num,) in images",
    "observe": "function (factors, random_state) -> images (num, height, width, channels)",
}
KINDS = {
    "labelled": ("images", "labels"),
    "stored": ("images", "factor_sizes", "sample_factors", "index"),
    "drawn": ("factor_sizes", "sample_factors", "observe"),
}


def kind_of(dataset):
    """Which of KINDS `dataset` is. InputError names what it lacks, and images that are not an array."""
    if getattr(dataset, "labels", None) is not None:
        kind = "labelled"
    else:
        kind = "stored" if getattr(dataset, "images_are_stored", True) else "drawn"
    for name in KINDS[kind]:
        if getattr(dataset, name, None) is None:
            raise InputError(
                f"data set {type(dataset).__name__}: lacks `{name}`, {ATTRIBUTES[name]}; "
                f"expected {'; or '.join(', '.join(names) for names in KINDS.values())}"
            )
    if kind != "drawn" and not hasattr(dataset.images, "shape"):
        raise InputError(f"images: {type(dataset.images).__name__}, expected {ATTRIBUTES['images']}")
    return kind
