"""Reading a Timeloop v0.4 architecture.

What is read: storages and one compute with width, datawidth, depth, bandwidths; containers and components with meshX
and meshY; `!Parallel` and `!Hierarchical`; keep, bypass, factors, permutation, split and the macros made of them.
Everything else that would change a count, a cycle or an energy is refused with its key. What cannot change them passes:
`spec_attributes.PASSED_ATTRIBUTES`, and attributes that only estimators know.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..userfile import describe, read_text, suggestion
from ..workloads.layer import TENSORS
from .archspec import ArchSpec, Compute, Fanout, Level, LoopConstraint, Storage
from .spec_attributes import bandwidth, check_attributes, count, depth_of
from .spec_constraints import axis_constraints, loop_constraint, tensors
from .spec_nodes import Leaf, read_leaves

#: Substrings by which the front end tells storages and computes apart; storages are tried first.
STORAGE_CLASSES = ("DRAM", "SRAM", "regfile", "smartbuffer", "storage")
COMPUTE_CLASSES = ("mac", "compute")
_NETWORK_CLASSES = ("XY_NoC", "Legacy", "ReductionTree", "SimpleMulticast")

_NODE_KEYS = ("name", "class", "subclass", "attributes", "spatial", "constraints", "enabled", "required_actions")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")


def read_spec(path_or_text: str | Path) -> ArchSpec:
    """Read an architecture from a file, or from YAML text (anything with a line break).

    Raises
    ------
    InputError : not a v0.4 architecture, or something in it is not supported; the message names the key.
    """
    if isinstance(path_or_text, str) and "\n" in path_or_text:
        text, source = path_or_text, "<text>"
    else:
        text, source = read_text(path_or_text), str(path_or_text)
    leaves, variables = read_leaves(text, source)
    levels: list[Level] = []
    name, mesh, last = "system", 1, None
    for position, leaf in enumerate(leaves):
        if levels and isinstance(levels[-1], Compute):
            raise leaf.place.error("comes after the compute: the compute is the last node")
        _check_keys(leaf)
        if leaf.tag == "!Nothing" or leaf.data.get("class") == "nothing":
            continue
        if position == 0 and leaf.tag == "!Container" and not leaf.data.get("spatial"):
            name = _name(leaf)
        fanout = _fanout(leaf)
        if fanout is not None:
            levels.append(fanout)
            mesh *= fanout.mesh_x * fanout.mesh_y
        if leaf.tag == "!Component":
            levels.append(_component(leaf, mesh, outermost=not any(isinstance(item, Storage) for item in levels)))
            last = leaf
    if last is None or not isinstance(levels[-1], Compute):
        raise InputError(
            source, "architecture.nodes", "the last node must be a compute (a class with 'mac' or 'compute')"
        )
    spec = ArchSpec(
        name=name,
        levels=tuple(levels),
        technology=_technology(last, variables),
        cycle_seconds=_cycle_seconds(last, variables),
        source=source,
    )
    _check_kept_somewhere(spec)
    return _without_repeats(spec)


def _check_keys(leaf: Leaf) -> None:
    for key, value in leaf.data.items():
        if key in _NODE_KEYS:
            continue
        if key in ("area_scale", "energy_scale"):
            if value not in (None, 1):
                raise (leaf.place / key).error("is not supported")
        elif key in ("sparse_optimizations", "networks"):
            if value:
                raise (leaf.place / key).error("is not supported")
        else:
            raise (leaf.place / str(key)).error(f"unknown key; {suggestion(str(key), _NODE_KEYS)}")


def _name(leaf: Leaf) -> str:
    name = leaf.data.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise (leaf.place / "name").error(f"a name of letters, digits and _ is wanted, not {describe(name)}")
    return name


def _constraints(leaf: Leaf, known: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    written = leaf.data.get("constraints") or {}
    place = leaf.place / "constraints"
    if not isinstance(written, dict):
        raise place.error(f"a mapping is wanted, not {describe(written)}")
    found = {}
    for key, value in written.items():
        if not value:
            continue
        if key not in known:
            raise (place / str(key)).error(f"is not supported here; known are {', '.join(known)}")
        if not isinstance(value, dict):
            raise (place / key).error(f"a mapping is wanted, not {describe(value)}")
        found[key] = value
    return found


def _fanout(leaf: Leaf) -> Fanout | None:
    """Spatial level that a node brings; None without ``spatial``."""
    spatial = leaf.data.get("spatial")
    place = leaf.place / "spatial"
    mesh = {"meshX": 1, "meshY": 1}
    if spatial:
        if not isinstance(spatial, dict):
            raise place.error(f"a mapping with meshX and meshY is wanted, not {describe(spatial)}")
        for key, value in spatial.items():
            if key not in mesh:
                raise (place / str(key)).error(f"unknown key; {suggestion(str(key), mesh)}")
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise (place / key).error(f"an integer of at least 1 is wanted, not {describe(value)}")
            mesh[key] = value
    container = leaf.tag == "!Container"
    written = _constraints(leaf, ("spatial",) if container else ("spatial", "temporal", "dataspace")).get("spatial")
    if not spatial:
        if written:
            raise (leaf.place / "constraints.spatial").error("needs spatial: {meshX, meshY} at the same node")
        return None
    if not container and leaf.branch_keep is not None and mesh["meshX"] * mesh["meshY"] > 1:
        raise place.error("a component with a fan-out under !Parallel is not supported; nor is it in the front end")
    spot = leaf.place / "constraints.spatial"
    loops = loop_constraint(written or {}, spot, extra=("split",))
    split = (written or {}).get("split")
    if split is not None and (isinstance(split, bool) or not isinstance(split, int) or split < 0):
        raise (spot / "split").error(f"an integer of at least 0 is wanted, not {describe(split)}")
    try:
        x, y = axis_constraints(
            mesh["meshX"], mesh["meshY"], loops.factors, loops.max_factors, loops.permutation, split
        )
    except ValueError as error:
        raise spot.error(str(error)) from None
    name = _name(leaf) if container else f"inter_{_name(leaf)}_spatial"
    attributes = leaf.attributes if container else {}
    own = {key: value for key, value in attributes.items() if key not in ("technology", "global_cycle_seconds")}
    return Fanout(name, mesh["meshX"], mesh["meshY"], x, y, own)


def _component(leaf: Leaf, instances: int, outermost: bool) -> Storage | Compute:
    cls = leaf.data.get("class")
    if not isinstance(cls, str):
        raise (leaf.place / "class").error("is missing" if cls is None else f"a word is wanted, not {describe(cls)}")
    attributes = {**leaf.inherited, **leaf.attributes}
    place = leaf.place / "attributes"
    check_attributes(attributes, place)
    if attributes.get("technology") in (-1, "-1"):
        raise (place / "technology").error('-1 makes Accelergy answer with dummy numbers; name one, such as "45nm"')
    known_as = leaf.data.get("subclass") or cls
    if any(word in cls for word in STORAGE_CLASSES):
        return _storage(leaf, str(known_as), attributes, instances, outermost)
    if any(word in cls for word in COMPUTE_CLASSES):
        for key in _constraints(leaf, ("spatial", "temporal", "dataspace")):
            if key != "spatial":
                raise (leaf.place / f"constraints.{key}").error("is not supported at a compute")
        return Compute(_name(leaf), str(known_as), instances, attributes)
    if any(word in cls for word in _NETWORK_CLASSES):
        raise (leaf.place / "class").error(f"network '{cls}' is not supported")
    accepted = ", ".join((*STORAGE_CLASSES, *COMPUTE_CLASSES))
    raise (leaf.place / "class").error(
        f"'{cls}' is no class that Timeloop accepts: its name must contain one of {accepted}, or be storage or compute "
        "with a subclass"
    )


def _storage(leaf: Leaf, cls: str, attributes: dict[str, Any], instances: int, outermost: bool) -> Storage:
    place = leaf.place / "attributes"
    datawidth = count(attributes, "datawidth", place)
    if datawidth is None:
        raise (place / "datawidth").error("is missing")
    width, cluster = count(attributes, "width", place), count(attributes, "cluster_size", place) or 1
    block = count(attributes, "block_size", place)
    if width is None:
        width = datawidth * (block or 1) * cluster
    if width % (datawidth * cluster):
        of_all = f" times cluster_size {cluster}" if cluster > 1 else ""
        raise (place / "width").error(f"{width} is not a multiple of datawidth {datawidth}{of_all}")
    if block is not None and width != datawidth * block * cluster:
        words = f"{block} words" if cluster == 1 else f"{block} words in each of {cluster} instances"
        raise (place / "block_size").error(f"{words} of {datawidth} bits are not the width of {width}")
    if instances % cluster:
        raise (place / "cluster_size").error(f"{instances} instances are not a multiple of {cluster}")
    partial_sums = attributes.get("partial_sums", False)
    if not isinstance(partial_sums, bool):
        raise (place / "partial_sums").error(f"true or false is wanted, not {describe(partial_sums)}")
    depth = depth_of(attributes, width // (datawidth * cluster), "DRAM" in str(leaf.data["class"]), place)
    written = _constraints(leaf, ("spatial", "temporal", "dataspace"))
    keep, optional = _keep(leaf, written.get("dataspace", {}), outermost)
    temporal = LoopConstraint()
    if "temporal" in written:
        temporal = loop_constraint(written["temporal"], leaf.place / "constraints.temporal")
    return Storage(
        name=_name(leaf),
        cls=cls,
        width=width,
        datawidth=datawidth,
        depth=depth,
        keep=keep,
        read_bandwidth=bandwidth(attributes, "read_bandwidth", place),
        write_bandwidth=bandwidth(attributes, "write_bandwidth", place),
        temporal=temporal,
        optional=optional,
        instances=instances,
        cluster_size=cluster,
        partial_sums=partial_sums,
        attributes=attributes,
    )


def _keep(leaf: Leaf, written: dict[str, Any], outermost: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Kept and optional data spaces of a storage."""
    place = leaf.place / "constraints.dataspace"
    chosen: dict[str, bool] = {}

    def choose(names: tuple[str, ...], kept: bool, key: str) -> None:
        for name in names:
            if chosen.setdefault(name, kept) != kept:
                raise (place / key).error(f"{name} is both kept and bypassed")

    for key, value in written.items():
        if key in ("type", "target") or (key == "no_coalesce" and not value):
            continue
        if key not in ("keep", "bypass", "keep_only", "bypass_only"):
            raise (place / str(key)).error("is not supported; known are keep, bypass, keep_only, bypass_only")
        if value is None:
            continue
        named = tensors(value, place / key)
        others = tuple(name for name in TENSORS if name not in named)
        choose(named, key in ("keep", "keep_only"), key)
        if key == "keep_only":
            choose(others, False, key)
        if key == "bypass_only":
            choose(others, True, key)
    if leaf.branch_keep is not None:
        choose(tuple(name for name in TENSORS if name not in leaf.branch_keep), False, "keep")
    open_ones = tuple(name for name in TENSORS if name not in chosen)
    keep = tuple(name for name in TENSORS if chosen.get(name, True))
    return keep, () if outermost else open_ones


def _technology(last: Leaf, variables: dict[str, Any]) -> str | None:
    value = {**variables, **last.inherited, **last.attributes}.get("technology")
    return None if value is None else str(value)


def _cycle_seconds(last: Leaf, variables: dict[str, Any]) -> float:
    """Clock period; without one 1 ns, the front end's default."""
    value = {**variables, **last.inherited, **last.attributes}.get("global_cycle_seconds", 1e-9)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        place = last.place / "attributes.global_cycle_seconds"
        raise place.error(f"a clock period in seconds, such as 1e-9, is wanted, not {describe(value)}")
    return float(value)


def _check_kept_somewhere(spec: ArchSpec) -> None:
    for name in TENSORS:
        if not any(name in storage.keep for storage in spec.storages):
            raise InputError(spec.source, "architecture.nodes", f"no storage keeps {name}")


def _without_repeats(spec: ArchSpec) -> ArchSpec:
    """Drop from every level the technology and clock period that the spec itself says."""
    levels = []
    for level in spec.levels:
        if isinstance(level, Fanout):
            levels.append(level)
            continue
        own = dict(level.attributes)
        if own.get("technology") == spec.technology:
            own.pop("technology", None)
        own.pop("global_cycle_seconds", None)
        levels.append(replace(level, attributes=own))
    return replace(spec, levels=tuple(levels))
