"""Scratchpads with one address: synthesised among what a PE has around them, and cut out of the netlist."""

from __future__ import annotations

from collections import Counter

import pytest

from qadam_plugin.errors import RunError
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.synthesis.designs import control_design, mac_design, pe_design, spad_design
from qadam_plugin.synthesis.drive import Bench, run_vectors
from qadam_plugin.synthesis.library import cell_library
from qadam_plugin.synthesis.measure import implement
from qadam_plugin.synthesis.surroundings import cut_out, surrounded
from qadam_plugin.synthesis.vectors import check_vectors

#: Two words of one bit.
SMALL = spad_design(2, 1, one_address=True)


def port(direction: str, *bits: int) -> dict:
    return {"direction": direction, "bits": [*bits]}


def cell(kind: str, **pins: int) -> dict:
    return {"type": kind, "connections": {name: [net] for name, net in pins.items()}}


@pytest.fixture
def netlist() -> dict:
    """Some netlist with the ports of `SMALL` in its surroundings; the address is taken from its complement."""
    return {
        "ports": {
            "clk": port("input", 2),
            "wen": port("input", 3),
            "next_addr": port("input", 4),
            "wdata": port("input", 5),
            "rdata_q": port("output", 6),
            "a": port("input", 20),
            "b": port("input", 21),
            "product": port("output", 22),
        },
        "cells": {
            "address": cell("DFF_X1", CK=2, D=4, Q=7, QN=8),
            "enable": cell("CLKGATE_X1", CK=2, E=3, GCK=13),
            "word": cell("DFF_X1", CK=13, D=5, Q=9, QN=12),
            "read": cell("MUX2_X1", A=9, B=12, S=8, Z=10),
            "operand": cell("DFF_X1", CK=2, D=10, Q=6, QN=11),
            "multiply": cell("AND2_X1", A1=20, A2=21, ZN=23),
            "product": cell("DFF_X1", CK=2, D=23, Q=22, QN=24),
        },
    }


def test_only_a_scratchpad_with_one_address_is_synthesised_in_surroundings() -> None:
    pe = PE_TYPES["int8"]
    for design in (mac_design(pe), spad_design(12, 8), control_design(12, 48, 16), pe_design(pe, 12, 48, 16)):
        assert surrounded(design) is design
    around = surrounded(SMALL)
    assert [port.name for port in around.inputs] == ["wen", "next_addr", "wdata", "a", "b"]
    assert [port.name for port in around.outputs] == ["rdata_q", "product"]
    assert "spad_surrounded #(.DEPTH(2), .WIDTH(1)) unit" in around.verilog[-1]


def test_surroundings_are_cut_off_and_an_inverter_makes_the_complement_that_a_register_gave(netlist: dict) -> None:
    assert cut_out(netlist, SMALL) == {
        "ports": {
            "clk": port("input", 2),
            "wen": port("input", 3),
            "addr": port("input", 7),
            "wdata": port("input", 5),
            "rdata": port("output", 10),
        },
        "cells": {
            "enable": cell("CLKGATE_X1", CK=2, E=3, GCK=13),
            "word": cell("DFF_X1", CK=13, D=5, Q=9, QN=12),
            "read": cell("MUX2_X1", A=9, B=12, S=8, Z=10),
            "address_complement": cell("INV_X1", A=7, ZN=8),
        },
    }


@pytest.mark.parametrize("register, port", [("address", "addr"), ("operand", "rdata")])
def test_a_register_that_is_not_there_is_refused(netlist: dict, register: str, port: str) -> None:
    del netlist["cells"][register]
    with pytest.raises(RunError, match=f"{SMALL.top}: 0 flip-flops at a bit of {port}, not one"):
        cut_out(netlist, SMALL)


@pytest.mark.slow
@pytest.mark.parametrize("depth, width", [(2, 1), (13, 5), (48, 16)])
def test_what_is_cut_out_is_the_scratchpad(depth: int, width: int) -> None:
    """Its words are all the flip-flops that are left, and it passes the vectors of the scratchpad."""
    design = spad_design(depth, width, one_address=True)
    netlist = implement(design, cell_library())
    assert netlist.flop_type.size == depth * width
    assert {name: nets.size for name, nets in netlist.inputs.items()} == {
        port.name: port.bits for port in design.inputs
    }
    run_vectors(Bench(design, netlist), check_vectors(design, 2000, seed=5))


@pytest.mark.slow
def test_the_read_multiplexer_is_made_of_the_cells_that_make_it_in_a_pe() -> None:
    """Alone, between ports, it would be made of as many AOI222 as AOI22."""
    for design in (spad_design(96, 16, one_address=True), pe_design(PE_TYPES["int16"], 12, 96, 16)):
        found = implement(design, cell_library())
        cells = Counter(found.tables.names[kind] for kind in found.cell_type)
        assert cells["AOI22_X1"] > 400
        assert cells["AOI222_X1"] < 0.1 * cells["AOI22_X1"]
