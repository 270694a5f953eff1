"""The table of settings that have a flag or a name, for command line, YAML and README.

A row says where the setting stands in a configuration (`Config` has its type and what is allowed
there), and which flag of `tinyrunner run` sets it. Commands take their flags from here, a flag's
value goes to its place from here, and the README of a submission repeats a session by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Setting:
    """Is one setting."""

    name: str
    """The name; with dashes for underscores, the flag: `--baud-rate`."""
    place: tuple[str, ...]
    """The section and key in the YAML: `dut:` `baud_rate:`."""
    help: str = ""
    """The flag's help; empty where there is no flag."""
    kind: type = str
    """The type that the command line takes; the configuration says what is allowed."""
    negated: bool = False
    """Whether there is a `--no-…` too, for what a file may have switched on."""
    repeated: bool = True
    """Whether it has to be given again, by its flag, to repeat a session."""
    default: str = ""
    """What holds where neither flag nor file says, as `--help` shows it; where the configuration
    has a value of its own, just that."""
    unit: str = ""
    """What the flag's value counts, as `--help` shows it: `VOLTS`."""
    flag_word: str = ""
    """The flag's word where it is not the name, which Python has to take."""

    @property
    def flag(self) -> str:
        """Return the flag: `--baud-rate`."""
        return "--" + (self.flag_word or self.name.replace("_", "-"))


_ROWS = (
    Setting(
        "dut",
        ("dut", "address"),
        "Port, usb:SERIAL, URL (socket://host:port), labgrid:PLACE, auto, or sim: (sim:kws01).",
        default="required, here or in --config",
        unit="ADDRESS",
    ),
    Setting(
        "io",
        ("io_manager", "address"),
        "Energy: port or URL of the IO manager.",
        default="none; energy needs one",
        unit="ADDRESS",
    ),
    Setting(
        "interface_board",
        ("interface_board", "address"),
        "sww: port or URL of the board that plays the recording.",
        default="none; sww needs one",
        unit="ADDRESS",
    ),
    Setting(
        "monitor",
        ("monitor", "address"),
        "Energy: a VISA resource, lpm01a:PORT, ppk2:PORT, scpi:FILE, …",
        default="none; energy needs one",
        unit="ADDRESS",
    ),
    Setting(
        "supply_v",
        ("monitor", "supply_v"),
        "Energy: what the device is powered with.",
        float,
        default="none; energy needs it",
        unit="VOLTS",
    ),
    Setting(
        "max_v",
        ("monitor", "max_voltage_v"),
        "Energy: no supply above it.",
        float,
        default="3.6",
        unit="VOLTS",
    ),
    Setting(
        "ppk2_default_calibration",
        ("monitor", "ppk2_default_calibration"),
        "Energy: take a PPK2 that tells no calibration; the session says so.",
        bool,
        default="off",
    ),
    Setting(
        "soft_markers",
        ("monitor", "soft_markers"),
        "Energy: the host's stamps for edges; never valid.",
        bool,
        default="off",
    ),
    Setting(
        "model",
        ("model",),
        "What a sim: device runs: a .tflite file, demo, or reference.",
        default="demo",
        unit="MODEL",
    ),
    Setting(
        "engine",
        ("simulate", "engine"),
        "What runs a sim: device's model: litert, litert-reference (kernels), tflm (TFLite Micro).",
        default="litert",
        unit="ENGINE",
    ),
    Setting(
        "datasets",
        ("datasets",),
        "Folder holding kws01/, vww01/, …; or demo.",
        default="$TINYRUNNER_DATASETS; with sim: demo",
        unit="DIR|demo",
    ),
    Setting(
        "recording",
        ("recording",),
        "sww: the wav that is played, by its name on the board's card.",
        default="long_wav.wav",
        unit="WAV",
    ),
    Setting(
        "no_board",
        ("no_board",),
        "sww accuracy without a board: sound over the UART, frame by frame; never valid.",
        bool,
        default="off",
    ),
    Setting(
        "sessions",
        ("sessions",),
        "Where session folders are made.",
        Path,
        repeated=False,
        default="sessions",
        unit="DIR",
    ),
    Setting(
        "board",
        ("board",),
        "What you call this board; session folders carry it.",
        default="none",
        unit="NAME",
    ),
    Setting(
        "baud_rate",
        ("dut", "baud_rate"),
        "Of the device's port.",
        int,
        default="115200",
        unit="BAUD",
    ),
    Setting(
        "iterations",
        ("iterations",),
        "N of a performance window; auto calibrates it.",
        default="auto",
        unit="N|auto",
    ),
    Setting("warmups", ("warmups",), "Before each window.", int, default="1", unit="N"),
    Setting(
        "limit",
        ("limit",),
        "Only the first files: a smoke test.",
        int,
        default="all of them",
        unit="FILES",
    ),
    Setting(
        "purpose",
        ("for",),
        "submission, or development: what can be no submission is noted; exit status 0 if good.",
        repeated=False,
        flag_word="for",
        default="submission",
        unit="PURPOSE",
    ),
    Setting(
        "labels",
        ("labels",),
        "Another label list: FILE or kws=FILE.",
        list,
        repeated=False,
        default="the inputs' own y_labels.csv",
        unit="FILE",
    ),
    Setting(
        "input_format",
        ("input_formats",),
        "Open division: what an input is instead: float32, int16:32000 (bytes), kws=….",
        list,
        repeated=False,
        default="the official one",
        unit="KIND",
    ),
    Setting("division", ("division",), "closed or open.", default="closed", unit="DIVISION"),
    Setting("round", ("round",), "Whose rules apply: v1.1 … v1.4.", default="v1.2", unit="ROUND"),
    Setting(
        "data_bytes_per_db",
        ("dut", "data_bytes_per_db"),
        "1 to 38, or auto: as checked, else 30 (28 behind an IO manager).",
        default="auto",
        unit="BYTES|auto",
    ),
    Setting(
        "pipelining",
        ("dut", "pipelining"),
        "Several db in flight; check it first.",
        bool,
        negated=True,
        default="off",
    ),
    Setting(
        "extension",
        ("dut", "extension"),
        "Denser loads, if the device offers them.",
        bool,
        negated=True,
        default="off",
    ),
    Setting(
        "verify_load",
        ("dut", "verify_load"),
        "Which loads are read back: first, all, never.",
        default="first",
        unit="WHICH",
    ),
    Setting(
        "confirm_results",
        ("dut", "confirm_results"),
        "Ask twice, on a bad link: all, or never.",
        default="never",
        unit="WHICH",
    ),
    Setting(
        "expected_inference_s",
        ("dut", "expected_inference_s"),
        "About; for devices slower than 10 s an inference.",
        float,
        default="measured, up to 10 s",
        unit="SECONDS",
    ),
    Setting(
        "wire_log",
        ("dut", "wire_log"),
        "Write every byte both ways, a monitor's too, into this file; one there is continued.",
        Path,
        repeated=False,
        default="none is written",
        unit="FILE",
    ),
    Setting("boot_wait_s", ("dut", "boot_wait_s"), repeated=False),
    Setting("inference_time_s", ("simulate", "inference_time_s"), repeated=False),
)

SETTINGS = {row.name: row for row in _ROWS}
"""All settings by name, in the order in which `tinyrunner run --help` shows them."""
