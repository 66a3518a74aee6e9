"""Functions that are merged into the kernels that call them.

Numba counts a reference to every array of every argument at each call: for a kernel that takes a dozen arrays that
costs more than a small function does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

from ._jit import jit

_Function = TypeVar("_Function", bound=Callable[..., object])


@jit
def typed(value: int) -> int:
    """The same integer, not as a literal: Numba compiles what is called with it once more for each literal."""
    return value


def inlined(function: _Function) -> _Function:
    """Merge a function into every compiled caller."""
    return cast(_Function, numba.njit(inline="always")(function))
