"""Says what names mean across the modules of a folder, and which modules an import loads."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from initdb.cli.discovery.modules import Binding, Module, module_of, parse

BASES = ("", "src")
"""The folders from which initdb imports modules, below that of the settings."""

_FARTHEST = 12
"""How many imports a name is followed through."""


class Names:
    """The modules of a folder, by their names.

    Args:
        modules: Name → module.
    """

    def __init__(self, modules: Mapping[str, Module]) -> None:
        self.modules = modules

    def meaning(self, module: Module, expression: ast.expr) -> str:
        """The dotted name of what an expression stands for; "" if that cannot be read.

        It begins with the module that defines the thing, or that is imported from outside the folder.

        Args:
            module: Where the expression is.
            expression: A name, or an attribute of something.
        """
        return self._meaning(module, expression, _FARTHEST)

    def definition(self, dotted: str) -> Binding | None:
        """What a dotted name of this folder was defined as."""
        owner, _, name = dotted.rpartition(".")
        return self.modules[owner].bound.get(name) if owner in self.modules else None

    def owner(self, dotted: str) -> Module | None:
        """The module of this folder that a dotted name of a definition begins with."""
        return self.modules.get(dotted.rpartition(".")[0])

    def defined(self) -> Iterator[tuple[Module, str, Binding]]:
        """Everything that a module of this folder defines itself."""
        for module in self.modules.values():
            for name, binding in module.bound.items():
                if not isinstance(binding, str):
                    yield module, name, binding

    def loaded_by(self, name: str) -> frozenset[str]:
        """The modules of this folder that are loaded when one is imported, with itself.

        Args:
            name: Its name.
        """
        found: set[str] = set()
        left = [name]
        while left:
            at = left.pop()
            if at in self.modules and at not in found:
                found.add(at)
                left += self.modules[at].loads
            left += [above for above in [at.rpartition(".")[0]] if above and above not in found]
        return frozenset(found & self.modules.keys())

    def _meaning(self, module: Module, expression: ast.expr, left: int) -> str:
        match expression:
            case ast.Name(id=name):
                return self._of_name(module, name, left)
            case ast.Attribute(value=value, attr=name):
                owner = self._meaning(module, value, left)
                return self._canonical(f"{owner}.{name}", left) if owner else ""
        return ""

    def _of_name(self, module: Module, name: str, left: int) -> str:
        bound = module.bound.get(name)
        if isinstance(bound, str):
            return self._canonical(bound, left - 1)
        if isinstance(bound, ast.Name | ast.Attribute) and left > 0:
            return self._meaning(module, bound, left - 1)
        if bound is not None:
            return f"{module.name}.{name}"
        for star in module.stars:
            other = self.modules.get(star)
            if other is not None and left > 0 and (found := self._of_name(other, name, left - 1)):
                return found
        return ""

    def _canonical(self, dotted: str, left: int) -> str:
        """A dotted name, with the module that defines it at its beginning."""
        parts = dotted.split(".")
        for length in range(len(parts), 0, -1):
            module = self.modules.get(".".join(parts[:length]))
            if module is None:
                continue
            inner = parts[length:]
            found = self._of_name(module, inner[0], left - 1) if inner and left > 0 else ""
            return ".".join([found, *inner[1:]]) if found else dotted
        return dotted


def names_of(python: Mapping[str, bytes]) -> tuple[Names, dict[str, Names], tuple[str, ...]]:
    """Parse Python files, and give each the name by which it is imported.

    Args:
        python: Path below the folder → content.

    Returns:
        The modules that are imported from the folder or its `src`; those that are imported from another
        folder, by that folder; and the files that are no Python.
    """
    trees = {path: parse(content) for path, content in python.items()}
    parsed = {path: tree for path, tree in trees.items() if tree is not None}
    imported = set(_imported(parsed.values()))
    packages = {str(PurePosixPath(path).parent) for path in python if path.endswith("__init__.py")}
    places: dict[str, dict[str, Module]] = {}
    for path, tree in parsed.items():
        base, name = _named(path, packages, imported)
        if name:
            places.setdefault(base, {}).setdefault(name, module_of(name, path, tree))
    here = {name: module for base in BASES for name, module in places.pop(base, {}).items()}
    elsewhere = {base: Names(modules) for base, modules in places.items()}
    return Names(here), elsewhere, tuple(path for path, tree in trees.items() if tree is None)


def _imported(trees: Iterable[ast.Module]) -> Iterator[str]:
    """The first names of what is imported anywhere."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield node.module.split(".")[0]


def _named(path: str, packages: set[str], imported: set[str]) -> tuple[str, str]:
    """The folder from which a file is imported, and its name there.

    A folder is a package if it has an `__init__.py`, or if some file imports something of its name.
    """
    file = PurePosixPath(path)
    parts = [] if file.name == "__init__.py" else [file.stem]
    at = file.parent
    while str(at) != "." and (str(at) in packages or at.name in imported):
        parts.insert(0, at.name)
        at = at.parent
    base = "" if str(at) == "." else str(at)
    return base, ".".join(parts) if all(part.isidentifier() for part in parts) else ""
