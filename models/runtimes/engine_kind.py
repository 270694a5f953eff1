"""Names the engines that a model can be run by on this computer."""

from __future__ import annotations

from enum import Enum


class EngineKind(Enum):
    """Names an engine as ``--engine`` and ``sim:kws01?engine=…`` have it."""

    LITERT = "litert"
    """LiteRT (or its older self, tflite-runtime) with its optimised kernels, without delegates."""
    LITERT_REFERENCE = "litert-reference"
    """The same runtime with its reference kernels, which are written to be read, not to be fast."""
    TFLM = "tflm"
    """TensorFlow Lite Micro, built for this computer: what most firmware runs, with the reference
    kernels, not those of a processor (CMSIS-NN, ESP-NN)."""

    @property
    def title(self) -> str:
        """Returns what a person calls it."""
        match self:
            case EngineKind.LITERT:
                return "LiteRT's optimised kernels"
            case EngineKind.LITERT_REFERENCE:
                return "LiteRT's reference kernels"
            case EngineKind.TFLM:
                return "TensorFlow Lite Micro"


ENGINE_NAMES = ", ".join(kind.value for kind in EngineKind)
"""What may be given, for helps and errors."""
