"""The source of the project as the house's rules see it: files by their path in the repository, parsed."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Module:
    """One Python file. Rules are tried on planted ones too, so nothing here looks at the disk."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def docstrings(self) -> frozenset[ast.AST]:
        """The nodes of docstrings: text that is not data. An attribute's docstring is one too."""
        bodies = [node.body for node in ast.walk(self.tree) if isinstance(node, ast.Module | ast.ClassDef | _FUNCTIONS)]
        lines = [line.value for body in bodies for line in body if isinstance(line, ast.Expr)]
        return frozenset(line for line in lines if isinstance(line, ast.Constant) and isinstance(line.value, str))

    @cached_property
    def imports(self) -> tuple[str, ...]:
        """Dotted names of what is imported, each as far as it is known: `from a import b` is `a.b`."""
        return tuple(self._imports())

    def _imports(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def strings(self) -> Iterator[tuple[int, str]]:
        """Line and text of every string that is no docstring."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in self.docstrings:
                yield node.lineno, node.value

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, _FUNCTIONS))

    def within(self, *places: str) -> bool:
        """Whether the file is one of `places`, or lies in one, or its path begins like one that ends in `*`."""
        path = str(self.path)
        return any(
            path.startswith(place[:-1]) if place.endswith("*") else path == place or path.startswith(f"{place}/")
            for place in places
        )


_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an expression that is such a chain, calls in it or not; what stands before is left out."""
    if isinstance(node, ast.Call):
        return dotted(node.func)
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


@cache
def repository_files() -> tuple[PurePosixPath, ...]:
    """Every file that is, or would be, committed."""
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    return tuple(PurePosixPath(name) for name in sorted(set(names)) if name and (ROOT / name).is_file())


@cache
def text_of(path: PurePosixPath) -> str:
    """The text of a file; an empty one for what is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@cache
def modules(folder: str) -> tuple[Module, ...]:
    """Every Python file below `folder`."""
    paths = [path for path in repository_files() if path.suffix == ".py" and path.parts[0] == folder]
    return tuple(Module(path, text_of(path)) for path in paths)
