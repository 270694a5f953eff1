"""Reads what anybody's session.json says: every value is looked at before it is used.

A submission's session.json may be damaged or made up, so nothing here is refused: what is not
there, or stands where a section should be, reads as None, and any value is handed on as it was
found. The auditor holds it against the session's files; the report shows it as text.
"""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...dut_protocol.wire.simulation import is_simulated_name
from ...models.demo_models import DEMO_NOTE
from ..terms import Purpose
from .session_document import Provenance


class _ClaimedPart(BaseModel):
    """Is a section of which nothing is known to be right."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _of_keys(cls, value: object) -> object:
        return value if isinstance(value, dict) else {}


class ClaimedTool(_ClaimedPart):
    """Names the program that is said to have made the session."""

    name: object = None
    version: object = None
    python: object = None
    platform: object = None


class ClaimedLink(_ClaimedPart):
    """Says how the inputs are said to have been loaded."""

    data_bytes_per_db: object = None
    verify_load: object = None
    extension: object = None


class ClaimedDataset(_ClaimedPart):
    """Names the inputs that are said to have been used."""

    official_list: object = None
    labels_sha256: object = None
    content_sha256: object = None
    files: object = None
    note: object = None


class ClaimedDevice(_ClaimedPart):
    """Says who is said to have been measured."""

    address: object = None
    baud_rate: object = None
    vendor: object = None
    profile: object = None
    model_id: object = None


class ClaimedSimulated(_ClaimedPart):
    """Says what the simulated device is said to have run."""

    model_sha256: object = None
    runtime: object = None
    note: object = None


class ClaimedMonitor(_ClaimedPart):
    """Names what is said to have measured the energy."""

    maker: object = None
    model: object = None
    serial: object = None
    firmware: object = None
    supply_v: object = None
    sample_rate_hz: object = None


class ClaimedIoManager(_ClaimedPart):
    """Names who is said to have stood between host and device."""

    name: object = None
    version: object = None


class ClaimedIterations(_ClaimedPart):
    """Says how N is said to have been found."""

    by: object = None


class ClaimedDut(_ClaimedPart):
    """Says at which address the device is said to have been asked for."""

    address: object = None


class ClaimedConfig(_ClaimedPart):
    """Holds what is said to have been asked for, as far as anybody looks at it."""

    for_: object = Field(default=None, alias="for")
    board: object = None
    dut: ClaimedDut = Field(default_factory=ClaimedDut)


class ClaimedProvenance(_ClaimedPart):
    """Says how a session is said to have come about; false where nothing is said."""

    tool: ClaimedTool = Field(default_factory=ClaimedTool)
    session_id: object = None
    created: object = None
    iterations_found: ClaimedIterations = Field(default_factory=ClaimedIterations)
    task: object = None
    mode: object = None
    limit: object = None
    for_: object = Field(default=None, alias="for")
    config: ClaimedConfig = Field(default_factory=ClaimedConfig)
    link: ClaimedLink = Field(default_factory=ClaimedLink)
    dataset: ClaimedDataset = Field(default_factory=ClaimedDataset)
    script_sha256: object = None
    iterations: object = None
    warmups: object = None
    device: ClaimedDevice = Field(default_factory=ClaimedDevice)
    simulated: ClaimedSimulated | None = None
    """The simulated device; whatever stands there, the session says that its device was one."""
    monitor: ClaimedMonitor = Field(default_factory=ClaimedMonitor)
    io_manager: ClaimedIoManager = Field(default_factory=ClaimedIoManager)
    restored: object = None

    @classmethod
    def of(cls, provenance: Provenance) -> Self:
        """Return what a session of one's own says."""
        return cls.model_validate(provenance.to_json())

    def __bool__(self) -> bool:
        return bool(self.model_fields_set)

    @property
    def is_restored(self) -> bool:
        """Tell whether it says that anything of the session was lost and restored."""
        return bool(self.restored)

    @property
    def purpose(self) -> Purpose:
        """Return what the run is said to have been for, in one of the two places or in both."""
        development = Purpose.DEVELOPMENT.value in (self.for_, self.config.for_)
        return Purpose.DEVELOPMENT if development else Purpose.SUBMISSION

    @property
    def is_demonstration(self) -> bool:
        """Tell whether a demonstration model is said to have run on a simulated device."""
        return self.simulated is not None and self.simulated.note == DEMO_NOTE

    @property
    def is_simulated(self) -> bool:
        """Tell whether the device is said to have been a simulated one, or to have its name."""
        vendor = self.device.vendor
        named = isinstance(vendor, str) and is_simulated_name(vendor)
        return self.simulated is not None or named
