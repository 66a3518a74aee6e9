"""The YAML of a v0.4 spec as a flat list of nodes: tags, branches and inherited attributes resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from ..errors import InputError
from ..userfile import UniqueKeyLoader, describe, parse_yaml, suggestion
from ..workloads.layer import TENSORS
from .spec_constraints import Place, tensors

_LEAF_TAGS = ("!Component", "!Container", "!Nothing")
_BRANCH_TAGS = ("!Hierarchical", "!Parallel")
_TAGS = (*_LEAF_TAGS, *_BRANCH_TAGS, "!Pipelined")

#: Other parts of a complete input that may share the file with the architecture and say nothing about it.
_OTHER_SECTIONS = ("problem", "mapper", "mapping", "mapspace", "components", "globals", "ERT", "ART")


@dataclass(frozen=True, slots=True)
class TaggedNode:
    """A YAML mapping with a tag such as ``!Component``."""

    tag: str
    data: dict[str, Any]


class _SpecLoader(UniqueKeyLoader):
    """YAML with the tags of v0.4."""


def _construct_tagged(loader: _SpecLoader, suffix: str, node: yaml.Node) -> TaggedNode:
    tag = f"!{suffix}"
    if tag not in _TAGS:
        message = f"unknown tag '{tag}'; {suggestion(tag, _TAGS)}"
        raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
    if isinstance(node, yaml.ScalarNode) and not node.value:
        return TaggedNode(tag, {})
    if not isinstance(node, yaml.MappingNode):
        raise yaml.constructor.ConstructorError(None, None, f"{tag} wants a mapping", node.start_mark)
    return TaggedNode(tag, loader.construct_mapping(node, deep=True))


_SpecLoader.add_multi_constructor("!", _construct_tagged)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A component or a container.

    Attributes
    ----------
    attributes : its own ones.
    inherited : those of the containers before it, the nearest winning; its own override them.
    branch_keep : the data spaces that its branch of a `!Parallel` keeps: all others bypass it. None outside one.
    """

    place: Place
    tag: str
    data: dict[str, Any]
    attributes: dict[str, Any]
    inherited: dict[str, Any]
    branch_keep: frozenset[str] | None


def read_leaves(text: str, source: str) -> tuple[list[Leaf], dict[str, Any]]:
    """Components and containers, outermost first, and the ``variables`` of the file.

    Raises
    ------
    InputError : not a v0.4 architecture, or something in it is not supported.
    """
    if "{{" in text or "{%" in text:
        raise InputError(source, "", "contains jinja templates ({{ }} or {% %}): render them first")
    data = parse_yaml(text, source, _SpecLoader)
    if not isinstance(data, dict) or "architecture" not in data:
        raise InputError(source, "architecture", "is missing: a Timeloop v0.4 architecture is wanted")
    _check_sections(data, source)
    place = Place(source, "architecture")
    root = data["architecture"]
    root = root.data if isinstance(root, TaggedNode) else root
    if not isinstance(root, dict):
        raise place.error(f"a mapping with version and nodes is wanted, not {describe(root)}")
    _check_version(root, place)
    for key in root:
        if key not in ("version", "nodes"):
            raise (place / str(key)).error(f"unknown key; {suggestion(str(key), ('version', 'nodes'))}")
    inherited: dict[str, Any] = {}
    leaves = list(_walk(root.get("nodes"), place / "nodes", inherited, None))
    names: set[str] = set()
    for leaf in leaves:
        name = leaf.data.get("name")
        if name in names:
            raise (leaf.place / "name").error(f"'{name}' is used twice")
        names.add(str(name))
    return leaves, _variables(data.get("variables"), Place(source, "variables"))


def _check_sections(data: dict[Any, Any], source: str) -> None:
    for key, value in data.items():
        if key in ("architecture", "variables") or key in _OTHER_SECTIONS:
            continue
        if key in ("constraints", "architecture_constraints", "sparse_optimizations"):
            entries = value.get("targets") if isinstance(value, dict) else value
            if entries:
                raise InputError(source, key, "is not supported: write constraints at the nodes they are for")
            continue
        known = ("architecture", "variables", *_OTHER_SECTIONS)
        raise InputError(source, str(key), f"unknown key; {suggestion(str(key), known)}")


def _check_version(root: dict[str, Any], place: Place) -> None:
    version = root.get("version", 0.4)
    if "subtree" in root or str(version) in ("0.1", "0.2", "0.3"):
        raise place.error("is version 0.3; version 0.4 is wanted (architecture: version: 0.4, nodes: ...)")
    if str(version) != "0.4":
        raise (place / "version").error(f"0.4 is wanted, not {describe(version)}")


def _variables(written: object, place: Place) -> dict[str, Any]:
    if written is None:
        return {}
    if not isinstance(written, dict):
        raise place.error(f"a mapping is wanted, not {describe(written)}")
    if str(written.get("version", 0.4)) != "0.4":
        raise (place / "version").error(f"0.4 is wanted, not {describe(written['version'])}")
    return {str(key): value for key, value in written.items() if key != "version"}


def _walk(nodes: object, place: Place, inherited: dict[str, Any], branch_keep: frozenset[str] | None) -> Iterator[Leaf]:
    """Leaves of a list of nodes in order. `inherited` grows with every container, as in the front end."""
    for node, here in _children(nodes, place):
        yield from _walk_node(node, here, inherited, branch_keep)


def _children(nodes: object, place: Place) -> list[tuple[TaggedNode, Place]]:
    if not isinstance(nodes, list):
        raise place.error(f"a list of nodes is wanted, not {describe(nodes)}")
    children = []
    for index, node in enumerate(nodes):
        here = place / f"[{index}]"
        if not isinstance(node, TaggedNode):
            raise here.error(f"a node with a tag ({', '.join(_TAGS[:5])}) is wanted, not {describe(node)}")
        if node.tag == "!Pipelined":
            raise here.error("!Pipelined is not supported")
        if node.tag in _BRANCH_TAGS:
            for key in node.data:
                if key not in ("name", "nodes"):
                    raise (here / str(key)).error(f"unknown key; {suggestion(str(key), ('nodes',))}")
        children.append((node, here))
    return children


def _walk_node(
    node: TaggedNode, here: Place, inherited: dict[str, Any], branch_keep: frozenset[str] | None
) -> Iterator[Leaf]:
    if node.tag == "!Hierarchical":
        yield from _walk(node.data.get("nodes"), here / "nodes", inherited, branch_keep)
        return
    if node.tag == "!Parallel":
        yield from _walk_parallel(node.data.get("nodes"), here / "nodes", inherited, branch_keep)
        return
    attributes = node.data.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise (here / "attributes").error(f"a mapping is wanted, not {describe(attributes)}")
    if node.data.get("enabled", True) is False:
        return
    yield Leaf(here, node.tag, node.data, attributes, dict(inherited), branch_keep)
    if node.tag == "!Container":
        inherited.update(attributes)


def _walk_parallel(
    nodes: object, place: Place, inherited: dict[str, Any], outer_keep: frozenset[str] | None
) -> Iterator[Leaf]:
    """Leaves of a `!Parallel`: every data space goes through the one branch that keeps it and bypasses the others."""
    children = _children(nodes, place)
    passing = outer_keep if outer_keep is not None else frozenset(TENSORS)
    kept: list[frozenset[str]] = []
    for node, here in children:
        if node.tag == "!Container":
            raise here.error("a container under !Parallel is not supported; nor is it in the front end")
        keep = frozenset(_kept(node, here))
        for other, before in enumerate(kept):
            if keep & before:
                names = ", ".join(sorted(keep & before))
                raise here.error(f"{names} is kept in branch {other} of this !Parallel already: one branch keeps it")
        kept.append(keep)
    missing = passing - frozenset().union(*kept)
    if missing:
        names = ", ".join(name for name in TENSORS if name in missing)
        raise place.error(
            f"no branch of this !Parallel keeps {names}; to bypass all of them add "
            f"!Nothing {{constraints: {{dataspace: {{keep: [{names}]}}}}}}"
        )
    for (node, here), keep in zip(children, kept, strict=True):
        yield from _walk_node(node, here, inherited, keep)


def _kept(node: TaggedNode, place: Place) -> set[str]:
    """Data spaces that a branch names in any of its keep lists."""
    if node.tag in _BRANCH_TAGS:
        children = _children(node.data.get("nodes"), place / "nodes")
        return set().union(*(_kept(child, here) for child, here in children))
    constraints = node.data.get("constraints") or {}
    dataspace = constraints.get("dataspace") if isinstance(constraints, dict) else None
    if not isinstance(dataspace, dict):
        return set()
    spot = place / "constraints.dataspace"
    found: set[str] = set()
    for key in ("keep", "keep_only"):
        if dataspace.get(key) is not None:
            found.update(tensors(dataspace[key], spot / key))
    if dataspace.get("bypass_only") is not None:
        found.update(set(TENSORS) - set(tensors(dataspace["bypass_only"], spot / "bypass_only")))
    return found
