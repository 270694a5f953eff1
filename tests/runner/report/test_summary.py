"""The top of a page: whose figures share a card, which session is shown, digits and signs."""

from __future__ import annotations

from dataclasses import replace

from support.sessions.for_reports import accuracy, energy, performance
from tinyrunner.runner.report.gather import Asked, gather, told_apart
from tinyrunner.runner.report.plots.dots import LEAST_SPAN, dots_of, fixed, points
from tinyrunner.runner.report.render import render_report
from tinyrunner.runner.report.summary import cards

MONDAY, TUESDAY = "2026-01-05T08:00:00+00:00", "2026-01-06T08:00:00+01:00"


def device(vendor, address="x"):
    known = {"baud_rate": 1, "profile": None, "model_id": None}
    return {"address": address, "vendor": vendor} | known


def simulated(model):
    known = {"model": "m", "runtime": "none", "note": None, "baud_rate": 1, "inference_time_s": 1.0}
    return known | {"model_sha256": model * 32}


def sessions(folder):
    return gather([folder], Asked()).sessions


def test_a_card_shows_the_newest_session_of_each_mode(tmp_path):
    performance(tmp_path / "a", [10.0] * 5, created=TUESDAY)
    performance(tmp_path / "b", [20.0] * 5, created=MONDAY)
    accuracy(tmp_path / "c")
    (card,) = cards(sessions(tmp_path))
    assert [tile.value for tile in card.tiles] == ["12.500", "80.00", "100.0"]
    assert card.date == "2026-01-06"


def test_a_newer_session_that_is_not_valid_is_not_shown_for_a_valid_one(tmp_path):
    performance(tmp_path / "old", [10.4] * 5, created=MONDAY)
    performance(tmp_path / "short", [5.0] * 2, created=TUESDAY)
    (old, short) = sessions(tmp_path)
    (card,) = cards([replace(old, findings=()), short])  # the list's are not official
    assert [(tile.value, tile.verdict) for tile in card.tiles] == [("13.000", ""), ("76.92", "")]


def test_a_figure_of_no_valid_session_says_so(tmp_path):
    performance(tmp_path / "short", [5.0] * 2)
    (card,) = cards(sessions(tmp_path))
    assert {tile.verdict for tile in card.tiles} == {"not valid"}


def test_two_devices_share_no_card(tmp_path):
    performance(tmp_path / "a", [10.0] * 5, device=device("left"))
    performance(tmp_path / "b", [20.0] * 5, device=device("right"))
    performance(tmp_path / "c", [5.0] * 5, device=device("left"), config={"board": "third"})
    assert [card.device for card in cards(sessions(tmp_path))] == ["left", "right", "left (third)"]


def test_two_boards_with_one_firmware_share_no_card_and_their_ports_stand_in_the_heading(tmp_path):
    ports = "/dev/ttyACM0", "/dev/ttyACM1"
    for number, port in enumerate(ports):
        performance(tmp_path / f"p{number}", [10.0 + number] * 5, device=device("acme", port))
        accuracy(tmp_path / f"a{number}", device=device("acme", port))
    found = sessions(tmp_path)
    assert [card.device for card in cards(found)] == [f"acme, at {port}" for port in ports]
    assert [len(card.tiles) for card in cards(found)] == [3, 3]
    text = render_report(gather([tmp_path], Asked()))
    for part in ("nav", "tbody"):
        told = text.split(f"<{part}", 1)[1].split(f"</{part}>")[0]
        assert [told.count(f"acme, at {port}") for port in ports] == [2, 2]


def test_a_board_with_its_energy_behind_an_io_manager_has_one_card_and_no_port_in_it(tmp_path):
    performance(tmp_path / "p", [10.0] * 5, device=device("acme", "/dev/ttyACM0"))
    behind = device("acme", "the device behind /dev/ttyUSB0")
    energy(tmp_path / "e", samples=65_000, device=behind)
    (card,) = cards(sessions(tmp_path))
    assert (card.device, len(card.tiles)) == ("acme", 3)
    performance(tmp_path / "q", [11.0] * 5, device=device("acme", "/dev/ttyACM1"))
    assert {card.device for card in cards(sessions(tmp_path))} == {
        "acme, at /dev/ttyACM0", "acme, at /dev/ttyACM1", "acme, behind /dev/ttyUSB0",
    }  # fmt: skip


def test_a_serial_number_stays_a_boards_wherever_it_is_plugged_in(tmp_path):
    for number, serial in enumerate(("A1", "A1", "B2")):
        asked = {"dut": {"address": f"usb:{serial}"}}
        moved = device("acme", f"/dev/ttyACM{number}")
        performance(tmp_path / f"p{number}", [10.0] * 5, device=moved, config=asked)
    assert [card.device for card in cards(sessions(tmp_path))] == [
        "acme, at usb:A1", "acme, at usb:B2",
    ]  # fmt: skip


def test_boards_that_have_names_or_ports_of_a_moment_are_told_by_no_port(tmp_path):
    for number in range(2):
        moved = device("acme", f"/dev/ttyACM{number}")
        performance(tmp_path / f"p{number}", [10.0] * 5, device=moved, config={"board": "h7"})
        emulated = device("qemu", f"/dev/pts/{number}")
        performance(tmp_path / f"q{number}", [10.0] * 5, device=emulated)
    assert [card.device for card in cards(sessions(tmp_path))] == ["acme (h7)", "qemu"]


def test_two_models_share_no_card(tmp_path):
    performance(tmp_path / "a", [10.0] * 5, simulated=simulated("ab"))
    performance(tmp_path / "b", [20.0] * 5, simulated=simulated("cd"))
    performance(tmp_path / "c", [5.0] * 5)
    assert len(cards(sessions(tmp_path))) == 3


def test_table_and_contents_say_which_session_of_which_device_it_is(tmp_path):
    performance(tmp_path / "all" / "night", [10.0] * 5, created=TUESDAY, device=device("left"))
    performance(tmp_path / "all" / "day", [10.0] * 5, created="yesterday", device=device("right"))
    text = render_report(gather([tmp_path / "all"], Asked()))
    for part in ("nav", "tbody"):
        told = text.split(f"<{part}", 1)[1].split(f"</{part}>")[0]
        for word in ("left", "2026-01-06 08:00", "night", "right", "day"):
            assert word in told


def test_windows_that_are_equal_are_drawn_at_the_one_finest_axis():
    for values in ([2.0] * 5, [2.0, 2.00000001, 2.0], [2.0, 2.00019, 2.0]):
        drawn = dots_of("Latency", "ms", list(enumerate(values)))
        assert drawn.ticks[0].text == f"+{100 * LEAST_SPAN:g} %"
        assert all(14 <= dot.y <= 120 for dot in drawn.dots)
    assert dots_of("Latency", "ms", [(1, 2.0), (2, 2.001), (3, 2.0)]).ticks[0].text == "+0.05 %"


def test_nothing_is_less_than_nothing():
    assert fixed(-1e-12, 2, 0.0) == "0.00"
    assert points(-1e-5) == "+0.0 pp"
    (low, *_) = dots_of("Latency", "ms", [(1, 2.0 - 1e-9), (2, 2.0), (3, 2.0)]).dots
    assert "(+0.0000%)" in low.text


def test_a_session_deep_in_a_folder_is_called_by_its_path_and_a_hidden_one_is_none(tmp_path):
    for board in ("left", "right"):
        performance(tmp_path / "night" / board / "kws", [10.4] * 5)
    performance(tmp_path / ".cache" / "kws", [10.4] * 5)
    page = gather([tmp_path / "night"], Asked())
    assert [one.title for one in page.sessions] == ["left/kws", "right/kws"]
    assert len(gather([tmp_path], Asked()).sessions) == 2


def test_two_devices_without_a_name_share_no_card(tmp_path):
    performance(tmp_path / "a", [10.0] * 5)
    performance(tmp_path / "b", [20.0] * 5)
    named = sessions(tmp_path)
    assert len(cards(named)) == 1
    for session in named:
        session.assessment.facts.names.clear()
    unnamed = [replace(session, system=None) for session in named]
    assert len(cards(unnamed)) == 2
    told = told_apart(unnamed)
    assert [card.device for card in cards(told)] == ["a device at /dev/ttyACM0"]
