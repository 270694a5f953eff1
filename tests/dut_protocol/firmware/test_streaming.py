"""The firmware's streaming wake word on this computer: features, commands, pins, activations."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from support.devices.device_dialogues import BANNER, Dialogue, R, answers
from support.firmware.build import C99, STREAMING, build, streaming_host_dut
from support.firmware.device import DeviceProcess, hold
from support.firmware.dialogues import load_commands
from support.firmware.front_end_tables import rising, tables_source
from support.firmware.host_kernels import KERNELS, kernels_object
from support.firmware.streaming_dialogues import (
    IDLE,
    LOUD,
    NOISE,
    SILENCE,
    START,
    STREAMING_DIALOGUES,
)
from support.firmware.wake_word import frames_of, numbers
from support.reference import reference_path
from tinyrunner.datasets.streaming.front_end import features_of, mel_weights
from tinyrunner.datasets.streaming.sound import Recording
from tinyrunner.dut_protocol.simulated.streaming.card import Sound
from tinyrunner.dut_protocol.simulated.streaming.device import StreamingDevice, StreamingSettings
from tinyrunner.models.export.export_c import export_model

QUICK = ("--task", "sww", "--inference-us", "10")
HOP = 512


def booted(*arguments: str, program: Path | None = None) -> DeviceProcess:
    device = DeviceProcess(program or streaming_host_dut(), *QUICK, *arguments)
    assert device.answer(1)
    return device


# ---- features ------------------------------------------------------------------------------------


def test_the_tables_are_those_of_the_definition():
    assert (STREAMING / "tr_front_end_tables.c").read_text("ascii") == tables_source()


def test_each_bin_is_shared_by_the_triangles_that_numpy_has():
    weights, band = mel_weights()[1:], 0
    for number, share in enumerate(rising()):
        band += int(number > 0 and share < rising()[number - 1])
        shares = np.zeros(42)
        shares[band], shares[band - 1] = share, 1 - share
        assert weights[number] == pytest.approx(shares[:40], abs=1e-9), number + 1


class FrontEnd:
    """The C front end, called in this process."""

    def __init__(self) -> None:
        library = build(
            "gcc",
            [*C99, "-O2", "-ffp-contract=off", "-shared", "-fPIC", "-I", STREAMING],
            sorted(STREAMING.glob("tr_front_end*.c")),
            f"front_end{'.dll' if sys.platform == 'win32' else '.so'}",
        )
        self._library = ctypes.CDLL(str(library))
        self._state = ctypes.create_string_buffer(8192)
        self._library.tr_front_end_reset(self._state)

    def features(self, samples: np.ndarray, step: int = 1) -> np.ndarray:
        rows = []
        for hop in samples.reshape(-1, step * HOP):
            out = ctypes.create_string_buffer(40)
            sound = np.ascontiguousarray(hop).ctypes.data_as(ctypes.c_void_p)
            self._library.tr_front_end_hear(self._state, sound, ctypes.c_size_t(step), out)
            rows.append(np.frombuffer(out.raw, np.int8))
        return np.array(rows)


@cache
def clip() -> np.ndarray:
    samples = Recording.open(reference_path("datasets", "sww01", "short_wav_easy10s.wav")).whole()
    return samples[: len(samples) // HOP * HOP]


def test_the_features_of_the_short_clip_are_numpys():
    ours, numpys = FrontEnd().features(clip()), features_of(clip())
    assert ours.shape == (312, 40)
    assert int((ours != numpys).sum()) == 0  # of 12480


def noises() -> Iterator[np.ndarray]:
    """Sound of every loudness, a tone, and what is louder than the model's range."""
    source = np.random.default_rng(3)
    for loudness in (1, 30, 1000, 9000):
        yield source.normal(0, loudness, 100 * HOP)
    at = np.arange(50 * HOP)
    yield 20000 * np.sin(at * 0.31)
    yield 32767 * np.sign(np.sin(at * 0.002))
    yield np.where(at % 4 < 2, 32767, -32768)


def test_of_other_sound_hardly_a_feature_differs_and_by_one_only():
    """float32 here, float64 in numpy: a value that lies closer to a step than float32 tells."""
    differing = compared = 0
    for noise in noises():
        samples = noise.clip(-32768, 32767).astype(np.int16)
        off = FrontEnd().features(samples).astype(int) - features_of(samples)
        assert np.abs(off).max() <= 1
        differing += int((off != 0).sum())
        compared += off.size
    assert compared == 22000
    assert differing <= 2  # measured: none of these, 4 of 1,200,000 features of other noise


def test_of_stereo_the_left_channel_is_heard():
    stereo = np.stack([clip()[: 9 * HOP], np.full(9 * HOP, 12345, np.int16)], axis=1).ravel()
    assert (FrontEnd().features(stereo, 2) == FrontEnd().features(clip()[: 9 * HOP])).all()


# ---- commands ------------------------------------------------------------------------------------


def named(table: tuple[Dialogue, ...]) -> dict[str, object]:
    return {"argvalues": table, "ids": [dialogue.name for dialogue in table]}


@pytest.mark.parametrize("dialogue", **named(STREAMING_DIALOGUES))
def test_the_module_answers_as_the_table_says(dialogue: Dialogue):
    with DeviceProcess(streaming_host_dut(), *QUICK) as device:
        assert answers(BANNER, device.answer(1))
        hold(device, dialogue)


def test_what_is_printed_are_the_features_with_their_signs():
    expected = features_of(np.frombuffer(NOISE, "<i2").astype(np.int16))[0]
    with booted() as device:
        for command in load_commands(NOISE):
            device.ask(command)
        said = device.ask(b"extract_uart_stream%").decode()
    assert said.startswith(f"m-features-[{', '.join(f'{value:+3d}' for value in expected)}]\r\n")
    assert expected.min() < 0 < expected.max()


def test_the_pins_move_as_the_references_do():
    """The origin of time is the first frame; then only what is above the threshold is told."""
    with booted("--energy") as device:
        device.ask(START[0])
        for data in (SILENCE, SILENCE, LOUD):
            for command in [*load_commands(data), b"frame%"]:
                device.ask(command)
        device.ask(b"stop%")
        _, moved = device.end()
    frame = ["processing high", "processing low"]
    told = ["processing high", "detected", "processing low"]
    assert moved.splitlines() == [
        "processing low", "pulse",  # at rest; the boot banner's
        "pulse", "processing low", *frame, "listening", *told, *frame, *told, "not listening",
        "pulse",
    ]  # fmt: skip


def test_activations_that_do_not_fit_are_told():
    with booted(program=streaming_host_dut("-DHOST_ACTIVATIONS=2")) as device:
        device.ask(START[0])
        for command in [*load_commands(SILENCE), *[b"frame%"] * 3]:
            device.ask(command)
        said = device.ask(b"stop%")
    assert (
        b"3 frames, of which are printed: 2\r\ntarget activations: \r\n[-128, -128  \r\n]" in said
    )


def test_the_echo_and_the_count_of_bytes_are_as_mlcommons_script_wants_them():
    """``stream_wav_uart.py`` compares the first and reads the second, block by block."""
    program = streaming_host_dut("-DTR_ECHO=1", "-DTR_COMMAND_BYTES=1028")
    blocks = load_commands(NOISE, 512)
    with booted(program=program) as device:
        for command, said in zip(
            blocks,
            (b"m-[Expecting 1024 bytes]", b"512 bytes received", b"m-load-done"),
            strict=True,
        ):
            echo = b"Received command: " + command[:-1] + b"\r\n"
            assert device.ask(command) == echo + said + b"\r\n" + R
        assert device.ask(b"stop%") == b"Received command: stop\r\n" + IDLE


class Deaf:
    """Hears the least in everything, as the host port does in silence."""

    def start(self) -> None:
        pass

    def hear(self, sound: Sound, index: int) -> int:
        return -128


def test_the_library_with_its_echo_says_what_the_simulated_reference_device_says():
    """Somebody else's reading of the same firmware; stamps differ, `state` has more lines there."""
    simulated = StreamingDevice(Deaf(), StreamingSettings(prints_stamps=True))
    simulated.boot(0.0)
    silence = Sound("silence.wav", 16_000, 17)
    with booted(program=streaming_host_dut("-DTR_ECHO=1", "-DTR_COMMAND_BYTES=1028")) as device:
        for command in (b"stop%", b"start%", b"start%", b"frames", b"state%", b"stop%", b"stop%"):
            if command == b"frames":
                for load in load_commands(SILENCE, 512):
                    device.ask(load)
                for index in range(17):
                    device.ask(b"frame%")
                    simulated.hear(1.0 + index, silence, index)
                continue
            simulated.outgoing.clear()
            simulated.receive(command, simulated.now_s)
            theirs = b"".join(data for _, data in simulated.outgoing).splitlines()
            ours = device.ask(command).splitlines()
            assert [line for line in theirs if comparable(line)] == list(filter(comparable, ours))


def comparable(line: bytes) -> bool:
    return not line.startswith((b"m-lap-us-", b"    Status:", b"g_i2s_status="))


# ---- the reference model -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_the_reference_model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("network")
    exported = export_model(reference_path("models", "str_ww_ref_model.tflite"), folder, "network")
    return streaming_host_dut(
        "-O2", "-DHOST_NETWORK", "-DTR_RING_BYTES=4096", "-I", str(KERNELS), "-I", str(folder),
        more=[kernels_object(), exported.source],
    )  # fmt: skip


def hops(samples: np.ndarray) -> list[bytes]:
    return [hop.astype("<i2").tobytes() for hop in samples.reshape(-1, HOP)]


def test_features_and_activations_of_each_frame_are_the_engines(with_the_reference_model: Path):
    """Of the first three seconds: the first word is in them."""
    sound = clip()[: 94 * HOP]
    frames = frames_of(sound)
    with booted(program=with_the_reference_model) as device:
        for hop, frame in zip(hops(sound), frames, strict=True):
            for command in load_commands(hop):
                device.ask(command)
            features, activations, _ = device.ask(b"extract_uart_stream%").splitlines()
            assert numbers(features) == list(frame.features)
            assert numbers(activations) == list(frame.activations)
    assert any(frame.pulses for frame in frames)


def test_from_start_to_stop_it_detects_what_the_engine_detects(with_the_reference_model: Path):
    frames = frames_of(clip())
    with booted(program=with_the_reference_model) as device:
        device.ask(START[0])
        for hop in hops(clip()):
            for command in [*load_commands(hop), b"frame%"]:
                device.ask(command)
        said = device.ask(b"stop%")
        _, moved = device.end()
    printed = numbers(said.split(b"target activations:")[1].split(b"]")[0])
    assert len(printed) == 312
    assert printed == [frame.activations[0] for frame in frames]
    parts = moved.split("listening\n")[1].removesuffix("not ").split("processing high\n")[1:]
    assert ["detected" in part for part in parts] == [frame.pulses for frame in frames]
    assert sum(frame.pulses for frame in frames) > 20
