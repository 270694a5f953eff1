"""The simulated Otii server against the transcript, without the vendor's package or the driver."""

from __future__ import annotations

import json
import socket

import pytest
from support.energy.transcripts import dialogues
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.simulated.otii import OtiiFaults, SimulatedOtii
from tinyrunner.energy.simulated.power_model import BoardCurrents, PowerModel, PowerState

DEVICE = "Arc512031204843494E3130393033313036"


def test_it_answers_as_the_transcript_does():
    model, clock = PowerModel(BoardCurrents(idle_a=0.01)), VirtualClock()
    faults = OtiiFaults(battery_emulator=True)
    with (
        SimulatedOtii(model, clock, faults=faults, device_id=DEVICE, noise_a=0.0) as server,
        socket.create_connection(server.bound, 5) as wire,
        wire.makefile("rb") as heard,
    ):
        for name, dialogue in dialogues("otii").items():
            if name == "it is taken while it runs":  # 2 ms of it, and an edge in their middle
                model.change(clock.now_s(), PowerState.IDLE)
                model.edge(clock.now_s() + 0.001)
                clock.pause(0.002)
            for number, line in enumerate(dialogue.lines):
                trans_id = f"{name} {number}"
                if line.send:
                    asked = json.loads(line.send) | {"trans_id": trans_id}
                    wire.sendall(json.dumps(asked).encode() + b"\r\n")
                answer = heard.readline()
                assert answer.endswith(b"\r\n")
                got, expected = json.loads(answer), json.loads(line.answer)
                if line.send:
                    assert got.pop("trans_id") == trans_id
                told, values = got.get("data"), expected.get("data")
                if told and "timestamp" in str(told.get("values")):
                    assert told.pop("values") == [
                        {"timestamp": pytest.approx(one["timestamp"]), "value": one["value"]}
                        for one in values.pop("values")
                    ]
                elif told and "values" in told:
                    assert told.pop("values") == pytest.approx(values.pop("values"))
                assert got == expected, line.send
    assert not server.supply.on


@pytest.mark.parametrize(
    ("request_", "errorcode"),
    [
        (b"not json", "Not able to parse request"),
        (b'{"type": "request"}', "Not able to parse request"),
        (b'{"type": "request", "cmd": "arc_fly", "trans_id": "1"}', "Invalid command"),
        (
            b'{"type": "request", "cmd": "arc_get_gpi", "trans_id": "1", "data": {}}',
            "Missing key in request",
        ),
    ],
)
def test_a_request_that_it_does_not_understand_is_an_error_and_the_next_is_answered(
    request_, errorcode
):
    with (
        SimulatedOtii(PowerModel(), VirtualClock()) as server,
        socket.create_connection(server.bound, 5) as wire,
        wire.makefile("rb") as heard,
    ):
        heard.readline()  # the greeting
        wire.sendall(request_ + b"\r\n")
        assert json.loads(heard.readline())["errorcode"] == errorcode
        wire.sendall(b'{"type": "request", "cmd": "otii_is_logged_in", "trans_id": "2"}\r\n')
        assert json.loads(heard.readline())["data"] == {"logged_in": True}
