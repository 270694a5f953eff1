from __future__ import annotations

import pytest
from tinyrunner.dut_protocol.simulated.device import DeviceSettings
from tinyrunner.dut_protocol.simulated.replay import (
    BoardText,
    LoggedAnswer,
    ReplayedDut,
    ReplayedModel,
    content_key,
)

NOTE = "this is no board: tinyrunner replays log.txt"
A, B, C = b"aaaa", b"bbbb", b"cccc"
ANSWERS = [
    LoggedAnswer((0.1, 0.9)),
    LoggedAnswer((0.2, 0.8), "0.2,0.80,"),
    LoggedAnswer((0.3, 0.7)),
]


def device(by_content=None, **text):
    model = ReplayedModel("kws01", 4, 2, ANSWERS, by_content)
    dut = ReplayedDut(model, DeviceSettings(baud_rate=0, note=NOTE), BoardText(**text))
    dut.boot(0.0)
    said(dut)
    return dut


def said(dut):
    lines = b"".join(line for _, line in dut.outgoing).decode().split("\r\n")
    dut.outgoing.clear()
    return [line for line in lines if line]


def ask(dut, command):
    dut.receive(command.encode() + b"%", 0.0)
    return said(dut)


def infer(dut, data):
    ask(dut, "db load 4")
    ask(dut, f"db {data.hex()}")
    return ask(dut, "infer 1 0")[-2]


def test_by_content_an_input_has_its_answers_in_turn_whatever_the_order():
    dut = device({content_key(A): [0, 2], content_key(B): [1]})
    answers = [infer(dut, data) for data in (B, A, B, A, A)]
    first, second, third = (
        "m-results-[0.100,0.900]",
        "m-results-[0.2,0.80,]",
        "m-results-[0.300,0.700]",
    )
    assert answers == [second, first, second, third, first]


def test_an_input_that_the_log_does_not_answer_is_refused_and_the_device_goes_on():
    dut = device({content_key(A): [0]})
    assert infer(dut, C).startswith("e-[the log has no answer")
    assert infer(dut, A) == "m-results-[0.100,0.900]"


def test_in_order_a_repeated_input_repeats_its_answer_and_another_takes_the_next():
    dut = device()
    answers = [infer(dut, data) for data in (A, A, B, B, A)]
    assert [answer[:14] for answer in answers] == [
        "m-results-[0.1", "m-results-[0.1", "m-results-[0.2", "m-results-[0.2", "m-results-[0.3",
    ]  # fmt: skip
    assert infer(dut, B).startswith("e-[the log has no answer")
    assert infer(dut, A).startswith("m-results-[0.3")


def test_a_reset_begins_the_order_anew():
    dut = device()
    infer(dut, A)
    infer(dut, B)
    dut.boot(0.0)
    said(dut)
    assert infer(dut, B) == "m-results-[0.100,0.900]"


def test_results_are_printed_as_the_log_has_them_and_again_when_asked():
    dut = device({content_key(B): [1]})
    assert infer(dut, B) == "m-results-[0.2,0.80,]"
    assert ask(dut, "results") == ["m-results-[0.2,0.80,]", "m-ready"]


def test_it_says_what_it_is_after_boot_and_in_its_profile():
    dut = device(profile="Their Firmware V1", chatter=("Booting board X",))
    dut.boot(0.0)
    banner = said(dut)
    assert banner[-4:] == ["m-init-done", NOTE, "m-ready", "Booting board X"]
    assert ask(dut, "profile") == [
        "m-profile-[Their Firmware V1]",
        "m-model-[kws01]",
        NOTE,
        "m-ready",
    ]


def test_an_unanswered_input_is_an_error_to_whoever_uses_the_model_alone():
    model = ReplayedModel("kws01", 4, 2, ANSWERS[:1])
    assert model.infer(A) == (0.1, 0.9)
    with pytest.raises(LookupError):
        model.infer(B)
