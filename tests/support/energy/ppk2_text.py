"""What a PPK2 tells of itself, in the form that kits have."""

from __future__ import annotations

NAMES = ("R", "GS", "GI", "O", "S", "I", "UG")
VALUES = {
    "R": (1000.0, 100.0, 10.0, 1.0, 0.05),
    "GS": (0.0, 100.0, 20.0, 2.0, 0.1),
    "GI": (1.0, 0.97, 0.96, 0.95, 0.96),
    "O": (112.0, 75.0, 64.0, 50.0, 87.0),
    "S": (5e-8, 6e-7, 1.5e-6, 1.4e-5, 5e-4),
    "I": (-1e-7, -1e-6, -2e-6, -3e-5, -1e-3),
    "UG": (1.0, 1.01, 0.99, 1.0, 1.0),
}


def metadata(*last: str) -> bytes:
    """The whole text, with these lines in front of its end."""
    lines = ["Calibrated: 0"]
    lines += [f"{name}{k}: {VALUES[name][k]:.9f}" for name in NAMES for k in range(5)]
    return "\n".join([*lines, "HW: 9173", "mode: 2", "IA: 56", *last, "END"]).encode() + b"\n"
