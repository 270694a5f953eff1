"""The tree itself: what is installed, and how full a folder may be."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
MOST_ENTRIES = 14


def source_files() -> list[Path]:
    """The files that git keeps, or will keep."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(asked, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("this is no checkout: git does not list its files")
    paths = map(Path, found.stdout.splitlines())
    return [path for path in paths if (CHECKOUT / path).is_file()]


def test_every_package_of_the_tree_is_installed():
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    packages = {
        ".".join(("tinyrunner", *path.parent.parts))
        for path in source_files()
        if path.name == "__init__.py" and path.parts[0] != "tests"
    }
    assert set(settings["tool"]["setuptools"]["packages"]) == packages


def test_every_folder_with_a_module_is_a_package():
    folders = {path.parent for path in source_files() if path.suffix == ".py"}
    packages = {path.parent for path in source_files() if path.name == "__init__.py"}
    apart = {Path("models/training"), Path("docs/make")}  # scripts, in no wheel
    assert {each for each in folders - packages - apart if each.parts[:1] != ("tests",)} == set()


def test_no_folder_is_crowded():
    """A dozen entries are seen at a glance; `__init__.py` says what the folder is for."""
    entries = defaultdict(set)
    for path in source_files():
        for depth in range(1, len(path.parts)):  # the root is what packaging tools make of it
            if path.parts[depth] != "__init__.py":
                entries[Path(*path.parts[:depth])].add(path.parts[depth])
    assert {
        folder: len(names) for folder, names in entries.items() if len(names) > MOST_ENTRIES
    } == {}


def test_importing_the_package_imports_nothing_else_of_it():
    """pytest imports it under the checkout's name, where an import would make every class twice."""
    code = (
        "import sys, tinyrunner; "
        "print(*(m for m in sys.modules if m.startswith('tinyrunner.') or m == 'numpy'))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def test_no_folder_of_tests_is_passed_over(pytestconfig):
    """pytest does not look into folders of some names: as it comes, not into a `build`."""
    never = pytestconfig.getini("norecursedirs")
    parts = {
        part for path in source_files() if path.parts[0] == "tests" for part in path.parts[:-1]
    }
    assert {part for part in parts if any(fnmatch(part, pattern) for pattern in never)} == set()
