"""The types of the public functions' arguments."""

from typing import Any, Callable, Dict, Optional, Union

import numpy as np
from numpy.typing import ArrayLike

Array = Union[np.ndarray, ArrayLike]
Progress = Optional[Callable[[int, int], None]]  # called with (what was just done, of how much)
Result = Dict[str, Any]  # a score and what else a metric returns, by key
