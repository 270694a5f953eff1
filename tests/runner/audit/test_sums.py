"""Recorded hashes: made at the build, compared at the audit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.runner.audit.evidence.findings import Rule
from tinyrunner.runner.audit.evidence.tree import find_layout, read_tree
from tinyrunner.runner.audit.sums import check_sums
from tinyrunner.runner.score.rules import Severity
from tinyrunner.runner.submission.sums import file_sha256, render_sums

FILES = {"results/b/kws/accuracy/log.txt": b"one\ntwo\n", "systems/b.json": b"{}\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "closed" / "acme"
    for name, data in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "SHA256SUMS").write_text(render_sums(root, FILES), encoding="utf-8", newline="\n")
    return root


def found(root: Path) -> list[tuple[Rule, Severity, str, int | None]]:
    tree = read_tree(root)
    findings = check_sums(tree, find_layout(tree).submitters)
    return [(one.rule, one.severity, one.path, one.line) for one in findings]


def test_untouched_files_have_no_findings(root: Path) -> None:
    assert found(root) == []


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_the_file_is_one_that_sha256sum_checks(root: Path) -> None:
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    assert subprocess.run(command, cwd=root, capture_output=True).returncode == 0


def test_a_changed_byte_is_a_violation(root: Path) -> None:
    (root / "results/b/kws/accuracy/log.txt").write_bytes(b"one\ntwO\n")
    assert found(root) == [(Rule.HASH, Severity.VIOLATION, "results/b/kws/accuracy/log.txt", None)]


def test_changed_line_ends_are_a_warning(root: Path) -> None:
    (root / "results/b/kws/accuracy/log.txt").write_bytes(b"one\r\ntwo\r\n")
    assert found(root) == [(Rule.HASH, Severity.WARNING, "results/b/kws/accuracy/log.txt", None)]


def test_a_removed_file_is_a_violation_at_its_line(root: Path) -> None:
    (root / "systems/b.json").unlink()
    assert found(root) == [(Rule.HASH, Severity.VIOLATION, "SHA256SUMS", 2)]


def test_a_file_without_a_line_is_a_warning(root: Path) -> None:
    (root / "systems/c.json").write_bytes(b"{}")
    assert found(root) == [(Rule.HASH, Severity.WARNING, "SHA256SUMS", None)]


def test_a_second_line_for_a_file_is_a_violation_and_not_hashed_again(root: Path) -> None:
    line = f"{'0' * 64}  systems/b.json\n"
    with (root / "SHA256SUMS").open("a", encoding="utf-8") as stream:
        stream.write(line * 3)
    assert found(root) == [(Rule.HASH, Severity.VIOLATION, "SHA256SUMS", n) for n in (3, 4, 5)]


def test_a_path_out_of_the_tree_is_not_looked_at(root: Path) -> None:
    (root.parent / "secret").write_bytes(b"x")
    for name in ("../secret", str(root.parent / "secret"), "a\x00b"):
        (root / "SHA256SUMS").write_text(f"{'0' * 64}  {name}\n", encoding="utf-8")
        assert (Rule.HASH, Severity.VIOLATION, "SHA256SUMS", 1) in found(root)


def test_a_line_of_another_form_is_a_violation(root: Path) -> None:
    (root / "SHA256SUMS").write_text("no hash\n", encoding="utf-8")
    assert (Rule.HASH, Severity.VIOLATION, "SHA256SUMS", 1) in found(root)


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\r\n", b"x" * (1 << 20)]), max_size=12))
def test_line_ends_are_folded_as_replacing_them_would(parts: list[bytes]) -> None:
    import hashlib
    import tempfile

    data = b"".join(parts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        expected = hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()
        assert file_sha256(path, unix_lines=True) == expected
        assert file_sha256(path) == hashlib.sha256(data).hexdigest()
