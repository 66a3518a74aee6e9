"""The decorator of the compiled kernels, and where their machine code is kept.

Numba compiles a kernel at its first call (seconds) and keeps the code on disk, so that later processes start at
once. The folder is, in this order: ``NUMBA_CACHE_DIR`` if set; ``__pycache__`` beside this file; the user's cache
folder (``XDG_CACHE_HOME`` or ``~/.cache``); a private folder of the user below the system's temporary one. The first
that can be written is taken; if none can, every process compiles anew. A subfolder named after a digest of the kernel's
source and of the kernels and constants it uses keeps versions apart: Numba itself looks only at the date of the
file a kernel stands in, not at what it calls. Numba renames its files into place, so workers may start together.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import TypeVar, cast

import numba
from numba.core import config
from numba.extending import register_jitable

_Kernel = TypeVar("_Kernel", bound=Callable[..., object])
_LOCK = threading.Lock()

#: How kernels are compiled, which their source does not say: while one runs, other threads do, that of Ctrl-C too.
_FORM = b"nogil"

#: Attribute that marks steps.
_STEP = "_compiled_into_kernels"


def jit(kernel: _Kernel) -> _Kernel:
    """Compile `kernel` with ``numba.njit`` and keep the code on disk where that is possible.

    The kernel is compiled at its first call, once for each combination of argument types: callers keep to one.
    """
    return _compile(kernel, counted=True)


def jit_lean(kernel: _Kernel) -> _Kernel:
    """`jit` for a kernel that makes no arrays: those it is given are not reference-counted.

    Counting takes two thirds of the time where small functions hand many arrays on. All arrays must outlive the call.
    """
    return _compile(kernel, counted=False)


def step(kernel: _Kernel) -> _Kernel:
    """A step of kernels, compiled where one of them calls it, without reference counting as `jit_lean`.

    Called from Python it is the plain function: machine code that Python can call takes longer to make than the rest.
    """
    register_jitable(_nrt=False, no_cfunc_wrapper=True)(kernel)
    setattr(kernel, _STEP, True)
    return kernel


def inlined(kernel: _Kernel) -> _Kernel:
    """`step` that is merged into every kernel that calls it: handing a dozen arrays on costs more than a small step."""
    register_jitable(_nrt=False, no_cfunc_wrapper=True, forceinline=True)(kernel)
    setattr(kernel, _STEP, True)
    return kernel


def _compile(kernel: _Kernel, counted: bool) -> _Kernel:
    """Kernel with or without numba's reference counting."""
    root = _cache_root()
    if root is None:
        return cast(_Kernel, numba.njit(nogil=True, _nrt=counted, no_cfunc_wrapper=True)(kernel))  # pyright: ignore[reportCallIssue]
    with _LOCK:
        before = config.CACHE_DIR  # pyright: ignore[reportAttributeAccessIssue]
        config.CACHE_DIR = str(root / _version(kernel))  # pyright: ignore[reportAttributeAccessIssue]
        try:
            return cast(_Kernel, numba.njit(cache=True, nogil=True, _nrt=counted, no_cfunc_wrapper=True)(kernel))  # pyright: ignore[reportCallIssue]
        finally:
            config.CACHE_DIR = before  # pyright: ignore[reportAttributeAccessIssue]


@cache
def _cache_root() -> Path | None:
    """The first candidate that can be written; None if there is none."""
    for folder in _candidates():
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return None


def _candidates() -> Iterator[Path]:
    """Folders to try, best first. A folder below the shared temporary one counts only if it is this user's own."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        yield Path(chosen) / "qadam-tl"
    yield Path(__file__).parent / "__pycache__" / "kernels"
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        yield Path(base) / "qadam-tl"
    else:
        with suppress(RuntimeError):
            yield Path.home() / ".cache" / "qadam-tl"
    if hasattr(os, "getuid"):
        private = Path(tempfile.gettempdir()) / f"qadam-tl-{os.getuid()}"
        with suppress(OSError):
            private.mkdir(mode=0o700, exist_ok=True)
            if private.stat().st_uid == os.getuid() and not private.is_symlink():
                yield private


def _version(kernel: Callable[..., object]) -> str:
    """Short digest of everything that the machine code of a kernel is made from."""
    found: dict[Callable[..., object], bytes] = {}
    _gather(kernel, found)
    return hashlib.sha256(b"".join([_FORM, *sorted(found.values())])).hexdigest()[:16]


def _gather(kernel: Callable[..., object], found: dict[Callable[..., object], bytes]) -> None:
    """Add the source of the kernel's file and the constants it names, then the same of each kernel that it calls."""
    assert isinstance(kernel, FunctionType)
    named = {name: kernel.__globals__.get(name) for name in kernel.__code__.co_names}
    constants = sorted(f"{name}={value!r}" for name, value in named.items() if isinstance(value, int | float | tuple))
    found[kernel] = Path(kernel.__code__.co_filename).read_bytes() + "\n".join(constants).encode()
    for value in named.values():
        called = value if hasattr(value, _STEP) else getattr(value, "py_func", None)
        if called is not None and called not in found:
            _gather(called, found)
