"""What a MAC and a scratchpad show at their ports, cycle by cycle.

Row t of the inputs stands at the ports before clock edge t; row t of the outputs is what is there, with those inputs,
just before the same edge.
"""

from __future__ import annotations

import numpy as np

from .designs import Design
from .golden import Bits, products, sums


def expected_outputs(design: Design, inputs: Bits) -> Bits:
    """Outputs for a sequence of inputs; only rows behind the warm-up of a stimulus are defined.

    Parameters
    ----------
    design : a MAC or a scratchpad.
    inputs : (cycles, len(design.inputs)), columns in the order of the ports.

    Returns
    -------
    outputs : (cycles, len(design.outputs)).

    Raises
    ------
    ValueError : the design is neither.
    """
    columns = {port.name: inputs[:, index] for index, port in enumerate(design.inputs)}
    if design.kind == "mac":
        return _mac(design, columns)
    if design.kind == "spad":
        return _spad(design, columns)
    raise ValueError(f"no model of a {design.kind}, cycle by cycle")


def addend_delay(design: Design) -> int:
    """Cycles from a chain operation of a MAC to the one in which it takes what it adds."""
    return 2 if design.parameters["PIPELINE"] >= 2 else 1


def _mac(design: Design, columns: dict[str, Bits]) -> Bits:
    assert design.pe is not None
    latency, delay = design.latency, addend_delay(design)
    cycles = len(columns["en"])
    # Reset clears every operation under way, so an operation counts only if no reset follows while it is inside.
    entering = columns["en"].astype(bool) & ~columns["rst"].astype(bool)
    reset = columns["rst"].astype(bool)
    held = np.zeros((cycles + 1, latency), dtype=bool)
    for cycle in range(cycles):
        held[cycle + 1, 0] = entering[cycle]
        held[cycle + 1, 1:] = held[cycle, :-1] & ~reset[cycle]
    held = held[:cycles]

    chain = columns["chain"].astype(bool)
    product = products(design.pe, columns["act"], columns["weight"], bool(design.parameters["ZERO_GATING"]))
    base = np.where(columns["first"].astype(bool), np.uint64(0), columns["psum"])
    base = np.where(chain, columns["psum_in"], base)
    result = sums(design.pe, base, np.where(chain, _later(columns["psum"], delay), product))

    shown = np.zeros(cycles, dtype=np.uint64)
    shown[latency:] = result[: cycles - latency]
    if design.parameters["CLOCK_GATING"]:
        last = np.where(held[:, -1], np.arange(cycles), 0)
        shown = shown[np.maximum.accumulate(last)]
    take = held[:, delay - 1] & _earlier(chain, delay)
    return np.stack(
        [take.astype(np.uint64), held[:, -1].astype(np.uint64), held.any(axis=1).astype(np.uint64), shown], axis=1
    )


def _spad(design: Design, columns: dict[str, Bits]) -> Bits:
    words = np.zeros(design.parameters["DEPTH"], dtype=np.uint64)
    written, shown = (columns[name] if name in columns else columns["addr"] for name in ("waddr", "raddr"))
    read = np.empty_like(shown)
    writes = columns["wen"].astype(bool)
    for cycle, address in enumerate(shown):
        read[cycle] = words[address]
        if writes[cycle]:
            words[written[cycle]] = columns["wdata"][cycle]
    return read[:, np.newaxis]


def _later(column: Bits, cycles: int) -> Bits:
    """Value `cycles` rows further on; the last rows repeat the end."""
    return np.concatenate([column[cycles:], np.repeat(column[-1:], cycles)])


def _earlier(column: np.ndarray, cycles: int) -> np.ndarray:
    """Value `cycles` rows before; zero in the first rows."""
    return np.concatenate([np.zeros(cycles, dtype=column.dtype), column[:-cycles]])
