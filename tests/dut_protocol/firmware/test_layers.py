"""The C library's files stand in an order: each calls only those before it."""

from __future__ import annotations

from pathlib import Path

from support.firmware.build import C99, LIBRARY, library_sources, need, run

ORDER = (
    "tr_ring.c", "tr_encoding.c", "tr_parse.c", "tr_output.c", "tr_score.c", "tr_db.c",
    "tr_infer.c", "tr_extension.c", "tr_commands.c", "tinyrunner_dut.c",
)  # fmt: skip


def symbols(path: Path) -> tuple[set[str], set[str]]:
    """The functions that an object file defines, and those it calls elsewhere."""
    lines = [line.split() for line in run([need("nm"), path]).splitlines()]
    defined = {words[-1] for words in lines if words[-2] == "T"}
    called = {words[-1] for words in lines if words[-2] == "U"}
    return defined, called


def test_no_file_calls_one_behind_it(tmp_path: Path):
    run([need("gcc"), *C99, "-c", *library_sources()], cwd=tmp_path)
    tables = {name: symbols(tmp_path / name.replace(".c", ".o")) for name in ORDER}
    assert {path.name for path in library_sources()} == set(ORDER)
    home = {function: name for name, (defined, _) in tables.items() for function in defined}
    calls = {
        (name, home[function])
        for name, (_, called) in tables.items()
        for function in called & home.keys()
    }
    assert len(calls) > 15
    backwards = {pair for pair in calls if ORDER.index(pair[1]) >= ORDER.index(pair[0])}
    assert not backwards


def test_the_headers_list_is_that_order():
    header = (LIBRARY / "tr_internal.h").read_text("utf-8")
    assert ", ".join(ORDER) in " ".join(header.replace("*", " ").split())
