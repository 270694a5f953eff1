"""Says what a configuration's bench is used for, by which its flags have an effect or none."""

from __future__ import annotations

from ...models.suite import STREAMING_TASKS
from ..config.config import Config
from ..config.effect import Use
from ..config.sim_address import is_simulated
from ..terms import Mode
from .streaming import is_device_behind, with_simulated_board


def use_of(task_key: str, mode: Mode, config: Config) -> Use:
    """Return what a run of a task in a mode uses its bench for."""
    energy, streaming = mode is Mode.ENERGY, task_key in STREAMING_TASKS
    own_port = not energy
    if streaming:
        config = with_simulated_board(config)
        own_port = config.no_board or not is_device_behind(config)
    return Use(
        simulated=is_simulated(config),
        energy=energy,
        accuracy=mode is Mode.ACCURACY,
        streaming=streaming,
        no_board=streaming and config.no_board,
        own_port=own_port,
    )
