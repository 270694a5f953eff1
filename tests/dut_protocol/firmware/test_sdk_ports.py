"""The ports for vendors' kits compile and answer on stand-ins of the kits' functions.

No kit is here: what is proved is that a port fits the declarations, and its own arithmetic.
"""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest
from support.cli import tinyrunner
from support.firmware.build import (
    C99,
    FIRMWARE,
    STREAMING,
    build,
    library_sources,
    need,
    run,
    streaming_sources,
)

SDK = Path(__file__).resolve().parents[2] / "support" / "firmware" / "sdk"
PORTS = FIRMWARE / "ports" / "sdk"
GENERIC = FIRMWARE / "ports" / "generic"
BOARDS = {
    "zephyr": PORTS / "zephyr" / "board.c",
    "esp_idf": PORTS / "esp_idf" / "main" / "board.c",
    "pico": PORTS / "pico" / "board.c",
    "stm32_hal": PORTS / "stm32_hal" / "board.c",
}
RING = ["-DTR_RING_BYTES=4096"]
INPUT = bytes(range(245)) * 2
BLOCKS = [f"db {INPUT[at : at + 32].hex()}%" for at in range(0, len(INPUT), 32)]
COMMANDS = f"name%profile%db load 490%{''.join(BLOCKS)}timestamp%infer 1 0%results%timestamp%"


def flags(kit: str, port: Path = GENERIC) -> list[str | Path]:
    own_main = [] if kit in ("zephyr", "pico") else ["-DBOARD_MAIN=port_main"]
    return [*own_main, *RING, "-I", SDK / kit, "-I", port]


def answered(kit: str, *more: str) -> tuple[list[str], str]:
    """The lines that the port sends, and the timestamp pin's levels."""
    library = build("gcc", [*C99, *RING, "-r", "-nostdlib"], library_sources(), "library.o")
    sources = [GENERIC / "port.c", GENERIC / "model.c", library]
    return said_to(COMMANDS, kit, [*flags(kit), *more], sources)


def said_to(
    commands: str, kit: str, compiled: list[str | Path], sources: list[Path]
) -> tuple[list[str], str]:
    """The lines that a program of the kit's board.c and ``sources`` sends, and its pin's levels."""
    stand_ins = [SDK / "talk.c", SDK / kit / "kit.c"]
    inputs = sorted(SDK.rglob("*.h"))
    every = [BOARDS[kit], *sources, *stand_ins]
    program = build("gcc", [*C99, *compiled], every, "device", inputs)
    done = subprocess.run(
        [program], input=commands, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("kit", BOARDS)
def test_a_port_answers_in_performance_mode(kit: str):
    lines, levels = answered(kit)
    assert "m-timestamp-mode-performance" in lines
    assert "m-name-dut-[my-board]" in lines
    assert "m-model-[kws01]" in lines
    assert "m-load-done" in lines
    assert [line for line in lines if line.startswith("e-")] == []
    assert lines.count("m-ready") == 1 + COMMANDS.count("%")
    laps = [int(line.removeprefix("m-lap-us-")) for line in lines if line.startswith("m-lap-us-")]
    assert len(laps) == 5
    assert all(later > earlier for earlier, later in itertools.pairwise(laps))
    assert levels == "1"


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A port of sww, as `firmware new` writes it."""
    folder = tmp_path_factory.mktemp("sww") / "port"
    assert tinyrunner("firmware", "new", str(folder), "--task", "sww").status == 0
    return folder


@pytest.mark.parametrize("kit", BOARDS)
def test_a_port_of_the_streaming_wake_word_listens(kit: str, listener: Path):
    own = [*RING, "-DTR_OWN_COMMANDS=1", "-I", STREAMING]
    every = [*library_sources(), *streaming_sources()]
    library = build("gcc", [*C99, *own, "-r", "-nostdlib"], every, "streaming.o")
    sources = [listener / name for name in ("port.c", "model.c", "sound.c")]
    lines, _ = said_to(
        "profile%start%state%stop%", kit, [*flags(kit, listener), *own], [*sources, library]
    )
    assert "m-model-[sww01]" in lines
    assert "DMA receive initiated." in lines
    assert "g_i2s_state = 2, g_int16s_read=0" in lines
    assert "Streaming stopped." in lines


@pytest.mark.parametrize("direction", ["up", "down"])
def test_zephyrs_counter_of_16_bits_gives_microseconds_beyond_its_width(direction: str):
    lines, _ = answered("zephyr", *(["-DCOUNTS_DOWN=true"] if direction == "down" else []))
    laps = [int(line.removeprefix("m-lap-us-")) for line in lines if line.startswith("m-lap-us-")]
    # A look takes 1250 us. At the fourth the counter turns, after 4096: it is looked at once more.
    assert laps == [1250, 2500, 3750, 6250, 7500]


def test_the_pin_rests_high_and_falls_for_each_timestamp():
    lines, levels = answered("pico", "-DBOARD_MODE=TR_MODE_ENERGY")
    assert "m-timestamp-mode-energy" in lines
    assert levels == "1" + "01" * 5


@pytest.mark.parametrize("kit", BOARDS)
def test_a_port_compiles_as_kits_compile_it(kit: str):
    warnings = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    run([need("clang"), *warnings, *flags(kit), "-I", FIRMWARE / "src", BOARDS[kit]])


@pytest.mark.parametrize("kit", BOARDS)
def test_a_ports_readme_tells_what_nobody_has_run(kit: str):
    text = (PORTS / kit / "README.md").read_text("utf-8")
    assert "**What was run:**" in text
    assert "nobody has run it on a board yet" in " ".join(text.split())
