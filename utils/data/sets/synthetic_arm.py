"""The embedded scene, in each of its looks: rendered when first used, read from its file ever after."""

from __future__ import annotations

from utils.data.arm.scene import FACTOR_NAMES
from utils.data.sets.rendered import load_rendered

DEFAULT_SIZES = (4, 4, 2, 3, 3, 10, 10)  # 28,800 images


def load(name, root, factor_sizes=DEFAULT_SIZES, render=True):
    """The images of the grid `factor_sizes` (up to 6, 6, 2, 3, 3, 40, 40) as a DataSet.

    name: a look's (utils/data/arm/looks.py). A grid has a file of its own under root/NAME/; `render`: whether to make
    it if it is missing. InputError: impossible sizes, and as `load_rendered`.
    """
    from utils.data.arm import renderer  # its kernels take time to load, which readers of other sets need not wait
    from utils.data.arm.looks import LOOKS

    sizes, look = renderer.check_sizes(factor_sizes), LOOKS[name]
    grid = "x".join(str(size) for size in sizes)
    file = f"{name}-v{look.version}-{grid}.npz"

    def draw(path):
        renderer.render(path, sizes, look=look)

    return load_rendered(name, root, file, sizes, FACTOR_NAMES, draw, render)
