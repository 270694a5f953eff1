"""The official template of a system description: its keys in order, and what belongs to each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

STATUSES = ("available", "preview", "rdi")
"""The statuses of a system; compared without case."""


class Group(Enum):
    """Names the blocks of the template."""

    SUBMISSION = "submission"
    HARDWARE = "hardware"
    SOFTWARE = "software"
    TRAINING = "training"


@dataclass(frozen=True, slots=True)
class TemplateKey:
    """Is one key of the template, as everybody but its JSON spells it."""

    name: str
    group: Group
    hint: str
    """A hint at what belongs there, with the unit."""

    @property
    def written(self) -> str:
        """Return the key as the template's JSON has it."""
        return "Operating System " if self.name == "Operating System" else self.name


_HINTS: dict[Group, tuple[tuple[str, str], ...]] = {
    Group.SUBMISSION: (
        ("Submitter", "the organization's name"),
        ("Division", "closed or open"),
        ("Status", "available, preview or rdi (research, development, internal)"),
    ),
    Group.HARDWARE: (
        ("Board Name", "as its maker sells it, e.g. NUCLEO-L4R5ZI"),
        (
            "Board Memory capacity (not including SoC, processor, or accelerator)",
            "RAM on the board outside the chip, in kB or MB; empty: none",
        ),
        ("Board Memory type", "e.g. SDRAM; empty: none"),
        ("Board storage capacity", "flash on the board outside the chip, in MB; empty: none"),
        ("Board storage type", "e.g. QSPI flash; empty: none"),
        ("SoC Name", "the chip's part number, e.g. STM32L4R5ZIT6U"),
        (
            "SoC Memory capacity (not including processor or accelerator)",
            "RAM in the chip, e.g. 640 KB",
        ),
        ("SoC Memory type", "e.g. SRAM"),
        ("SoC storage capacity", "non-volatile memory in the chip, e.g. 2 MB"),
        ("SoC storage type", "e.g. Flash"),
        ("Processor(s) Name", "e.g. 32-bit Arm Cortex-M4 (DSP + FPU)"),
        ("Processor(s) Frequencies", "while it was measured, in MHz"),
        ("Processor memory type and capacity", "caches and tightly coupled RAM, in KB"),
        ("Processor storage type and capacity", "with its unit; empty: none"),
        ("Accelerator", "its name; empty: none"),
        ("Accelerator(s) Frequencies", "while it was measured, in MHz; empty: none"),
        ("Accelerator memory type and capacity", "in KB; empty: none"),
        ("Accelerator storage type and capacity", "with its unit; empty: none"),
        ("Hardware Notes", "e.g. supply voltage in V, external SMPS, wait states"),
    ),
    Group.SOFTWARE: (
        ("Inference Framework", "with its version, e.g. TensorFlow Lite for Microcontrollers"),
        ("Software Libraries", "kernels, with versions, e.g. CMSIS-NN 5.0"),
        ("Operating System", "e.g. bare metal, Zephyr 3.6"),
        ("Other Software Stack", "drivers and SDKs, with versions; empty: none"),
        ("Software Notes", "anything that helps to repeat it"),
    ),
    Group.TRAINING: (
        ("Quantization Method", "e.g. TensorFlow int8, post-training"),
        ("Training framework (open division)", "with its version; empty in the closed division"),
        ("ML Model Compiler(s)", "with versions; empty: none"),
        ("General Compiler(s)", "with versions and options, e.g. GCC 10.3 -O3"),
        ("Other Software", "empty: none"),
        ("Training and Quantization Notes", "anything that helps to repeat it"),
    ),
}

TEMPLATE: tuple[TemplateKey, ...] = tuple(
    TemplateKey(name, group, hint) for group, rows in _HINTS.items() for name, hint in rows
)
"""The official template's keys, in its order."""

TEMPLATE_NAMES: tuple[str, ...] = tuple(key.name for key in TEMPLATE)


def template_name(key: str) -> str:
    """Return a key as it is called here, whichever way Operating System is spelt."""
    return key.rstrip(" ") if key.rstrip(" ") == "Operating System" else key
