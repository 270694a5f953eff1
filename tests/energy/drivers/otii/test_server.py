"""What is used of Qoitech's package is there, in the release that is installed, as it is used."""

from __future__ import annotations

import inspect
import socket
import sys

import pytest
from otii_tcp_client import arc, otii, otii_connection, otii_exception, project, recording
from tinyrunner.energy.drivers.otii import recording as ours
from tinyrunner.energy.drivers.otii.driver import INPUTS
from tinyrunner.energy.drivers.otii.server import (
    ANSWER_TIMEOUT_S,
    DEFAULT_PORT,
    connect,
    told_as_ours,
)
from tinyrunner.energy.errors import MonitorError, MonitorRefused, MonitorTimeout

USED = [
    (otii_connection.OtiiConnection, ("127.0.0.1", 1905), {}),
    (otii_connection.OtiiConnection.connect_to_server, (None,), {"try_for_seconds": 0}),
    (otii_connection.OtiiConnection.receive_response, (None, 3.0, "1"), {}),
    (otii_connection.OtiiConnection.close_connection, (None,), {}),
    (otii.Otii, (None,), {}),
    (otii.Otii.is_logged_in, (None,), {}),
    (otii.Otii.has_license, (None, "Automation"), {}),
    (otii.Otii.get_devices, (None, 2, ["Arc", "Ace"]), {}),
    (otii.Otii.get_active_project, (None,), {}),
    (otii.Otii.create_project, (None,), {}),
    (arc.Arc.add_to_project, (None,), {}),
    (arc.Arc.get_version, (None,), {}),
    (arc.Arc.get_supply_mode, (None,), {}),
    (arc.Arc.set_supply_power_box, (None,), {}),
    (arc.Arc.set_src_cur_limit_enabled, (None, False), {}),
    (arc.Arc.set_range, (None, "low"), {}),
    (arc.Arc.enable_exp_port, (None, True), {}),
    (arc.Arc.enable_channel, (None, "mc", True), {}),
    (arc.Arc.get_channel_samplerate, (None, "mc"), {}),
    (arc.Arc.get_gpi, (None, 1), {}),
    (arc.Arc.set_max_current, (None, 0.5), {}),
    (arc.Arc.set_main_voltage, (None, 3.0), {}),
    (arc.Arc.get_main_voltage, (None,), {}),
    (arc.Arc.set_exp_voltage, (None, 3.0), {}),
    (arc.Arc.set_main, (None, True), {}),
    (arc.Arc.get_main, (None,), {}),
    (project.Project.start_recording, (None,), {}),
    (project.Project.stop_recording, (None,), {}),
    (project.Project.get_last_recording, (None,), {}),
    (recording.Recording.get_channel_data_count, (None, "id", "mc"), {}),
    (recording.Recording.get_channel_data, (None, "id", "mc", 0, 1), {}),
    (recording.Recording.delete, (None,), {}),
]


def _id(one: object) -> str:
    # Without the address in a function's own text: pytest-xdist wants the same ids everywhere.
    return getattr(one, "__qualname__", None) or str(one)[:60]


@pytest.mark.parametrize(("called", "given", "named"), USED, ids=_id)
def test_a_method_that_is_called_takes_what_it_is_given(called, given, named):
    inspect.signature(called).bind(*given, **named)


def test_the_packages_constants_are_those_that_are_relied_on():
    from otii_tcp_client import otii_client

    assert otii_client.DEFAULT_PORT == DEFAULT_PORT
    assert recording.CHUNK_SIZE == ours.CHUNK_SAMPLES
    documented = inspect.getdoc(arc.Arc.enable_channel)
    for channel in (ours.CURRENT, ours.VOLTAGE, *INPUTS):
        assert f"**{channel}**" in documented
    assert "Automation" in inspect.getsource(otii_client)
    assert '"low" enables auto-range' in inspect.getdoc(arc.Arc.set_range)


def test_the_package_prints_nothing_where_it_is_used():
    for module in (otii_connection, otii, arc, project, recording):
        assert "print(" not in inspect.getsource(module)


@pytest.mark.parametrize(
    ("raised", "kind", "said"),
    [
        (TimeoutError("timed out"), MonitorTimeout, "did not answer in time"),
        (ConnectionResetError("reset"), MonitorError, "reset"),
        (otii_connection.DisconnectedException(), MonitorError, "DisconnectedException"),
        (Exception("Transaction id mismatch"), MonitorError, "Transaction id mismatch"),
        (KeyError("trans_id"), MonitorError, "trans_id"),
        (
            otii_exception.Otii_Exception({"errorcode": "No license", "cmd": "arc_set_main"}),
            MonitorRefused,
            "the Otii server says: No license",
        ),
        (
            otii_exception.Otii_Exception({"errorcode": "Invalid command", "cmd": "arc_x"}),
            MonitorRefused,
            "the Otii server says: arc_x Error: .Invalid command.",
        ),
    ],
)
def test_what_the_package_raises_is_a_monitors_error_and_says_what_was_being_done(
    raised, kind, said
):
    with (
        pytest.raises(kind, match=f"switching off: .*{said}") as caught,
        told_as_ours("switching off"),
    ):
        raise raised
    assert caught.value.__cause__ is raised


def test_an_interrupt_stays_what_it_is():
    with pytest.raises(KeyboardInterrupt), told_as_ours("anything"):
        raise KeyboardInterrupt


def test_without_the_package_it_is_told_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("otii_tcp_client")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "otii_tcp_client", None)
    with pytest.raises(MonitorRefused, match=r"not installed: pip install 'tinyrunner\[otii\]'"):
        connect("127.0.0.1", 1)


def test_a_package_that_is_too_old_is_told_which_one_is_needed(monkeypatch):
    monkeypatch.delattr(otii.Otii, "has_license")
    with pytest.raises(MonitorRefused, match=r"too old, 1.0.11 or later is needed: pip install"):
        connect("127.0.0.1", 1)


def test_a_server_that_is_not_there_is_told_and_how_to_start_it():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(MonitorError, match=f"127.0.0.1:{port}: .*refused; start Otii 3"):
        connect("127.0.0.1", port)


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "connecting to the Otii server at 127.0.0.1:.*start Otii 3"),
        (b'{"type": "error", "errorcode": "Connection denied", "trans_id": ""}\r\n', "Connection"),
        (b"", "did not answer in time"),
    ],
)
def test_something_else_that_listens_there_is_told(greeting, said):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        from threading import Thread

        kept = []

        def serve():
            connection, _ = listener.accept()
            kept.append(connection)
            connection.sendall(greeting)

        Thread(target=serve, daemon=True).start()
        with pytest.raises(MonitorError, match=said):
            connect(*listener.getsockname()[:2], timeout_s=0.1)
        kept[0].close()


def test_no_answer_is_waited_for_without_an_end():
    """The package's own wait for a channel's data has none."""
    assert "None)" in inspect.getsource(recording.Recording.get_channel_data)
    assert ANSWER_TIMEOUT_S < 60
