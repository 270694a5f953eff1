"""The C library's files stand in an order: each calls only those before it."""

from __future__ import annotations

from pathlib import Path

from support.firmware.build import (
    C99,
    LIBRARY,
    STREAM_FLAGS,
    library_sources,
    need,
    run,
    streaming_sources,
)

ORDER = (
    "tr_ring.c", "tr_encoding.c", "tr_parse.c", "tr_output.c", "tr_score.c", "tr_db.c",
    "tr_infer.c", "tr_extension.c", "tr_commands.c", "tinyrunner_dut.c",
)  # fmt: skip
STREAMING_ORDER = (
    "tr_front_end_tables.c", "tr_front_end.c", "tr_stream.c", "tr_stream_commands.c",
)  # fmt: skip
"""They may call what is above: the library calls none of them."""


def symbols(path: Path) -> tuple[set[str], set[str]]:
    """The functions that an object file defines, and those it calls elsewhere."""
    lines = [line.split() for line in run([need("nm"), path]).splitlines()]
    defined = {words[-1] for words in lines if words[-2] in "TR"}
    called = {words[-1] for words in lines if words[-2] == "U"}
    return defined, called


def test_no_file_calls_one_behind_it(tmp_path: Path):
    sources = [*library_sources(), *streaming_sources()]
    order = (*ORDER, *STREAMING_ORDER)
    run([need("gcc"), *C99, *STREAM_FLAGS, "-I", LIBRARY, "-c", *sources], cwd=tmp_path)
    tables = {name: symbols(tmp_path / name.replace(".c", ".o")) for name in order}
    assert {path.name for path in sources} == set(order)
    home = {function: name for name, (defined, _) in tables.items() for function in defined}
    calls = {
        (name, home[function])
        for name, (_, called) in tables.items()
        for function in called & home.keys()
    }
    assert len(calls) > 15
    backwards = {pair for pair in calls if order.index(pair[1]) >= order.index(pair[0])}
    assert not backwards


def test_the_headers_list_is_that_order():
    header = (LIBRARY / "tr_internal.h").read_text("utf-8")
    assert ", ".join(ORDER) in " ".join(header.replace("*", " ").split())
