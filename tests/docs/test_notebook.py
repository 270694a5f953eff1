"""docs/notebook.ipynb: its form is that of a notebook, and its cells do what it shows.

The cells are run one behind the other in one namespace, as a kernel does it; no Jupyter is needed,
for they hold nothing but Python. The form is that of nbformat 4.5 as its documentation tells it.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebook.ipynb"


@pytest.fixture(scope="module")
def notebook():
    return json.loads(NOTEBOOK.read_text("utf-8"))


def test_it_is_a_notebook(notebook):
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert set(notebook) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert notebook["metadata"]["kernelspec"].keys() >= {"name", "display_name"}
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each) for each in ids)
    for cell in notebook["cells"]:
        common = {"cell_type", "id", "metadata", "source"}
        assert all(isinstance(line, str) for line in cell["source"])
        if cell["cell_type"] == "markdown":
            assert set(cell) == common
            continue
        assert cell["cell_type"] == "code"
        assert set(cell) == common | {"execution_count", "outputs"}
        for output in cell["outputs"]:
            asked = {"stream": {"name", "text"}, "display_data": {"data", "metadata"},
                     "execute_result": {"data", "metadata", "execution_count"}}  # fmt: skip
            assert set(output) == {"output_type"} | asked[output["output_type"]]


def test_its_cells_give_what_it_shows(notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: None)  # the canvas of a kernel
    names: dict[str, object] = {}
    shown = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            printed, last = run_cell("".join(cell["source"]), names)
            assert printed == text_of(cell, "stream"), cell["id"]
            assert last == text_of(cell, "execute_result"), cell["id"]
            shown += bool(printed or last)
    assert shown == 4


def run_cell(code: str, names: dict[str, object]) -> tuple[str, str]:
    """What a cell prints, and what its last expression is shown as."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)
        value = None if last is None else eval(ast.unparse(last), names)
    return printed.getvalue(), value._repr_html_() if hasattr(value, "_repr_html_") else ""


def text_of(cell: dict[str, object], kind: str) -> str:
    """What is kept of a cell's outputs of a kind: printed text, or the HTML of the last value."""
    outputs = [each for each in cell["outputs"] if each["output_type"] == kind]
    texts = [each["text"] if kind == "stream" else each["data"]["text/html"] for each in outputs]
    return "".join("".join(text) for text in texts)
