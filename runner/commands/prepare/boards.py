"""The boards that a port of the firmware can be begun for, and what of each was run where."""

from __future__ import annotations

from dataclasses import dataclass

_ARM = ("arm-none-eabi-gcc", "qemu-system-arm")
_RISC_V = ("riscv64-unknown-elf-gcc", "qemu-system-riscv32")
_CHECKED = "all, in QEMU"


@dataclass(frozen=True, slots=True)
class Board:
    """Is a kind of port that can be begun with."""

    key: str
    folders: tuple[str, ...]
    """The folders of its files, in ports/, the later the stronger."""
    vendor: str
    """The vendor's name that it says to `name`, until somebody changes it."""
    chip: str
    core: str
    flash_bytes: int = 0
    ram_bytes: int = 0
    own_ram_bytes: int = 0
    """Of the RAM what library, ring and stack take: the rest is the model's and its inputs'."""
    runs_model: bool = True
    """Whether it runs a model unless told otherwise, and is booted: no template to fill in."""
    streams: bool = False
    """Whether it has the pins of the streaming wake word."""
    tools: tuple[str, ...] = ()
    """What compiles and boots it: names of programs."""
    ran: str = _CHECKED
    """What of it was run, and where."""


BOARDS: dict[str, Board] = {
    board.key: board
    for board in (
        Board(
            "generic", ("generic",), "my-board", "yours", "yours", runs_model=False,
            ran="it compiles",
        ),
        Board(
            "qemu-mps2", ("bare", "qemu_mps2"), "qemu-mps2-an386", "Arm MPS2 AN386", "Cortex-M4F",
            4 << 20, 4 << 20, 17_000, streams=True,
            tools=_ARM,
        ),
        Board(
            "mps2-an505", ("bare", "qemu_mps2", "mps2_an505"), "qemu-mps2-an505", "Arm MPS2 AN505",
            "Cortex-M33", 4 << 20, 2 << 20, 17_000, tools=_ARM,
        ),
        Board(
            "mps3-an547", ("bare", "qemu_mps2", "mps3_an547"), "qemu-mps3-an547", "Arm MPS3 AN547",
            "Cortex-M55", 512 << 10, 2 << 20, 17_000, tools=_ARM,
        ),
        Board(
            "stm32f405", ("bare", "stm32", "stm32f405"), "stm32f405", "STM32F405xG", "Cortex-M4F",
            1 << 20, 128 << 10, 8_500, tools=_ARM,
        ),
        Board(
            "stm32f100", ("bare", "stm32", "stm32f100"), "stm32f100", "STM32F100xB", "Cortex-M3",
            128 << 10, 8 << 10, 1_500, tools=_ARM,
            ran="protocol, in QEMU",
        ),
        Board(
            "nrf51", ("bare", "nrf51"), "nrf51822", "nRF51822", "Cortex-M0",
            256 << 10, 16 << 10, 2_300, tools=_ARM,
        ),
        Board(
            "fe310", ("bare", "fe310"), "fe310", "FE310-G000", "RV32IMAC",
            12 << 20, 16 << 10, 2_300, tools=_RISC_V,
        ),
    )
}  # fmt: skip
