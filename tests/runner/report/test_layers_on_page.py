"""Layers in a report: a table and a chart for each log that is named or found, and its marks."""

from __future__ import annotations

import re

import pytest
from support.report.cli import command
from support.report.layer_logs import layer_log
from support.sessions.for_reports import performance


def report_of(tmp_path, *paths) -> str:
    out = tmp_path / "report.html"
    told = command("report", *paths, "--out", out, "--force")
    assert told.status == 0, told.error
    return re.sub(r"[ \n]+", " ", out.read_text("utf-8"))


def test_logs_in_a_folder_stand_beside_its_sessions(tmp_path):
    lab = tmp_path / "lab"
    performance(lab / "p", [10.0] * 5, device={"address": "x", "baud_rate": 1})
    layer_log(lab / "b.layers.log", [("mean", 5, 1)], begun="2026-02-01T12:00:00Z")
    layer_log(lab / "p" / "a.layers.log")
    (lab / ".hidden").mkdir()
    layer_log(lab / ".hidden" / "c.layers.log")
    (lab / "other.log").write_text("nothing")
    page = report_of(tmp_path, lab)
    assert "1 session, 2 profiles of layers" in page
    assert page.index("<bdi>a.layers.log</bdi>") < page.index("<bdi>b.layers.log</bdi>")
    assert page.count('<svg class="bars"') == 2
    assert "c.layers.log" not in page
    assert 'class="hollow"' not in page
    assert "cycles measured by DWT CYCCNT" in page
    assert "a.layers.log" in report_of(tmp_path, lab / "p")


def test_a_bar_is_as_long_as_its_layers_share(tmp_path):
    page = report_of(tmp_path, layer_log(tmp_path / "any name.log"))
    widths = [float(width) for width in re.findall(r"<rect x=.*? width=\"([\d.]+)\"", page)]
    assert widths[1] / widths[0] == pytest.approx(300 / 1600, abs=1e-3)
    assert "80.0 %" in page
    assert "15.0 %" in page
    assert "layer 0: convolution 25x5x64, 320\u202f000 MACs, 1\u202f600 cycles" in page
    row = "".join(f"<bdi>{cell}</bdi>" for cell in ("between layers", "", "", "100", "", "1"))
    assert row in re.sub(r"</?td[^>]*>", "", page)
    assert "0 of 0 sessions" not in page


def test_a_profile_names_the_sessions_of_its_model_on_its_device(tmp_path):
    lab = tmp_path / "lab"
    performance(lab / "p", [10.0] * 5)
    layer_log(lab / "a.layers.log")
    layer_log(lab / "b.layers.log", vendor="other-board")
    page = report_of(tmp_path, lab)
    assert page.count('<a href="#s1"><bdi>kws performance</bdi></a>') == 1


@pytest.mark.parametrize(
    ("counter", "mark", "unit"),
    [
        ("simulated: a clock", "SIMULATED", "Cycles"),
        ("emulated: microseconds of QEMU's clock", "EMULATED", "Ticks"),
    ],
)
def test_what_is_no_chips_is_marked(tmp_path, counter: str, mark: str, unit: str):
    page = report_of(tmp_path, layer_log(tmp_path / "a.layers.log", counter=counter))
    assert f'<span class="badge simulated">{mark}</span>' in page
    assert f"<strong>{mark}</strong>" in page
    assert f"<figcaption>Share of the inference by layer, {mark}</figcaption>" in page
    assert page.count('class="hollow"') == 2
    assert f">{unit}</th>" in page


def test_a_found_log_that_cannot_be_read_is_a_finding_and_a_named_one_an_error(tmp_path):
    lab = tmp_path / "lab"
    performance(lab / "p", [10.0] * 5)
    damaged = layer_log(lab / "a.layers.log")
    damaged.write_text(damaged.read_text().replace("x-layer-0", "x-layer-5"))
    assert "layers left out" in report_of(tmp_path, lab)
    told = command("report", damaged, "--out", tmp_path / "r.html")
    assert told.status == 2
    assert "lost on the way" in told.error


def test_odd_words_of_a_device_stay_words(tmp_path):
    odd = [('<script>alert(1)</script> & "co"', 5, 1)]
    page = report_of(tmp_path, layer_log(tmp_path / "a.layers.log", odd, vendor="<b>acme</b>"))
    assert "<script>alert" not in page
    assert "<b>acme" not in page
    assert "&lt;b&gt;acme&lt;/b&gt;" in page
