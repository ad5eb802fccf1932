"""The repository holds what it should: a closed top level, pages without traps, no trace of a machine, its settings."""

import json
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

import pytest

from tests.house.source import ROOT, repository_files, text_of
from tradeul.configuration import config_document

TOP_LEVEL = {
    "tradeul",
    "tests",
    "static",
    "config.toml",
    "pyproject.toml",
    "Makefile",
    "README.md",
    "requirements.lock",
}

# Put together here, so that this file does not hold what it looks for.
REGISTRIES = [
    ".".join(name)
    for name in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("debian", "org"),
        ("golang", "org"),
        ("crates", "io"),
    )
]
FOLDERS_OF_A_MACHINE = [f"/{name}/" for name in ("work", "root", "home", "Users")]

TRAPS_IN_SCRIPTS = (
    r"\b(inner|outer)HTML\b",
    r"\binsertAdjacentHTML\b",
    r"\bdocument\s*\.\s*write",
    r"\beval\s*\(",
    r"\bnew\s+Function\b",
    r"\b(setTimeout|setInterval)\s*\(\s*['\"`]",
    r"\bsetAttribute\s*\(\s*['\"`](on|style)",
    r"javascript:",
)
TRAPS_IN_PAGES = (
    r"<[^>]*\son\w+\s*=",
    r"<[^>]*\sstyle\s*=",
    r"<style\b",
    r"<script(?![^>]*\ssrc\s*=)",
    r"<(script|link|img|iframe)\b[^>]*\s(src|href)\s*=\s*['\"]?(https?:)?//",
    r"javascript:",
)


def strangers(paths: Iterable[PurePosixPath]) -> set[str]:
    """What stands on the top level and has no business there."""
    return {path.parts[0] for path in paths} - TOP_LEVEL - {path.parts[0] for path in paths if path.parts[0][0] == "."}


def found(words: Iterable[str], text: str) -> list[str]:
    return [word for word in words if word in text]


def traps(path: PurePosixPath, text: str) -> list[str]:
    patterns = {".js": TRAPS_IN_SCRIPTS, ".mjs": TRAPS_IN_SCRIPTS, ".html": TRAPS_IN_PAGES}.get(path.suffix, ())
    return [f"{path}: {match[0]}" for pattern in patterns for match in re.finditer(pattern, text, re.IGNORECASE)]


def static_files() -> list[PurePosixPath]:
    return [path for path in repository_files() if path.parts[0] == "static" and "vendor" not in path.parts]


def test_the_top_level_is_closed() -> None:
    """What is new goes into one of the folders that are there."""
    assert strangers(repository_files()) == set()


def test_a_new_name_on_the_top_level_is_seen() -> None:
    """The rule bites."""
    assert strangers([PurePosixPath("docs/x.md"), PurePosixPath(".ci/run"), PurePosixPath("Makefile")]) == {"docs"}


@pytest.mark.parametrize("words", [REGISTRIES, FOLDERS_OF_A_MACHINE], ids=["registries", "folders"])
def test_no_file_knows_a_machine_or_a_registry(words: list[str]) -> None:
    """The project is installed from wherever its user gets packages, into wherever they like."""
    knowing = {str(path): names for path in repository_files() if (names := found(words, text_of(path)))}

    assert knowing == {}


def test_the_name_of_a_registry_is_seen() -> None:
    """The rule bites."""
    assert found(REGISTRIES, f"--index-url https://{REGISTRIES[0]}/simple") == [REGISTRIES[0]]
    assert found(FOLDERS_OF_A_MACHINE, f"cd {FOLDERS_OF_A_MACHINE[0]}main") == [FOLDERS_OF_A_MACHINE[0]]


def test_the_page_has_no_traps() -> None:
    """No markup from data, no inline code or style, nothing loaded from elsewhere."""
    assert [trap for path in static_files() for trap in traps(path, text_of(path))] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.js", "row.innerHTML = name"),
        ("x.js", "cell.insertAdjacentHTML('beforeend', name)"),
        ("x.js", "eval (text)"),
        ("x.js", "new Function(text)"),
        ("x.js", "setTimeout('run()', 1)"),
        ("x.js", "link.href = 'javascript:x'"),
        ("x.js", "cell.setAttribute('onclick', code)"),
        ("x.html", "<button class='a' onclick='x()'>"),
        ("x.html", "<p style='color: red'>"),
        ("x.html", "<style>"),
        ("x.html", "<script type='module'>run()</script>"),
        ("x.html", "<script src='//elsewhere/x.js'></script>"),
        ("x.html", "<link rel='stylesheet' href='https://elsewhere/x.css'>"),
    ],
)
def test_a_trap_is_seen(name: str, text: str) -> None:
    """The rule bites."""
    assert traps(PurePosixPath("static") / name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.js", "cell.textContent = name; medieval(x); setTimeout(() => run(), 1); button.onclick = run"),
        ("x.html", "<script type='module' src='/static/main.js'></script><a href='https://elsewhere/'>x</a>"),
    ],
)
def test_what_only_looks_like_a_trap_is_none(name: str, text: str) -> None:
    """The rule lets go."""
    assert traps(PurePosixPath("static") / name, text) == []


def test_scripts_are_short() -> None:
    """No script of the page has more than 420 lines."""
    scripts = [path for path in static_files() if path.suffix == ".js"]

    assert {str(path): lines for path in scripts if (lines := text_of(path).count("\n")) > 420} == {}


def test_the_file_of_settings_is_the_generated_one() -> None:
    """config.toml says every setting with its default, as settings.py does; `make fmt` writes it."""
    assert (ROOT / "config.toml").read_text(encoding="utf-8") == config_document()


LOCKS = (
    "requirements.lock",
    "tests/requirements.lock",
    "tests/benchmarks/requirements.lock",
    ".ci/uv.txt",
    ".ci/pip-audit.txt",
)


def unsealed(text: str) -> list[str]:
    """The lines of a lock file that name something to install and not one version of it with what it must hash to."""
    lines = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text)).splitlines()
    return [line for line in lines if line and not re.search(r"^[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)]


@pytest.mark.parametrize("name", LOCKS)
def test_what_is_installed_is_what_was_looked_at(name: str) -> None:
    """Each package has one version and a hash."""
    assert unsealed(text_of(PurePosixPath(name))) == []


def test_a_package_without_a_hash_is_seen() -> None:
    """So is one whose version is open."""
    seal = f"--hash=sha256:{'0' * 64}"

    assert unsealed(f"a==1 \\\n    {seal}\n    # via b\n") == []
    assert len(unsealed(f"a==1\nb>=2 \\\n    {seal}\nc @ file:c\n")) == 3


@pytest.mark.parametrize("name", ["tests/browser/package-lock.json", "tests/benchmarks/package-lock.json"])
def test_what_the_page_is_checked_with_is_what_was_looked_at(name: str) -> None:
    """The same for what comes from the other registry."""
    packages: dict[str, dict[str, object]] = json.loads(text_of(PurePosixPath(name)))["packages"]

    assert [path for path, package in packages.items() if path and "integrity" not in package] == []
