"""Reads what anybody's session.json says: every value is looked at before it is used.

A submission's session.json may be damaged or made up, so nothing here is refused: what is not
there, or stands where a section should be, reads as None, and any value is handed on as it was
found. The auditor holds it against the session's files; the report shows it as text.
"""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .session_document import Provenance


class _Told(BaseModel):
    """Is a section of which nothing is known to be right."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _of_keys(cls, value: object) -> object:
        return value if isinstance(value, dict) else {}


class ToldTool(_Told):
    """Names the program that is said to have made the session."""

    name: object = None
    version: object = None
    python: object = None
    platform: object = None


class ToldLink(_Told):
    """Says how the inputs are said to have been loaded."""

    data_bytes_per_db: object = None
    verify_load: object = None
    extension: object = None


class ToldDataset(_Told):
    """Names the inputs that are said to have been used."""

    official_list: object = None
    labels_sha256: object = None
    content_sha256: object = None
    files: object = None
    note: object = None


class ToldDevice(_Told):
    """Says who is said to have been measured."""

    address: object = None
    baud_rate: object = None
    vendor: object = None
    profile: object = None
    model_id: object = None


class ToldSimulated(_Told):
    """Says what the simulated device is said to have run."""

    model_sha256: object = None
    runtime: object = None
    note: object = None


class ToldMonitor(_Told):
    """Names what is said to have measured the energy."""

    maker: object = None
    model: object = None
    serial: object = None
    firmware: object = None
    supply_v: object = None
    sample_rate_hz: object = None


class ToldIoManager(_Told):
    """Names who is said to have stood between host and device."""

    name: object = None
    version: object = None


class ToldIterations(_Told):
    """Says how N is said to have been found."""

    by: object = None


class ToldProvenance(_Told):
    """Says how a session is said to have come about; false where nothing is said."""

    tool: ToldTool = Field(default_factory=ToldTool)
    session_id: object = None
    created: object = None
    iterations_found: ToldIterations = Field(default_factory=ToldIterations)
    task: object = None
    mode: object = None
    limit: object = None
    link: ToldLink = Field(default_factory=ToldLink)
    dataset: ToldDataset = Field(default_factory=ToldDataset)
    script_sha256: object = None
    iterations: object = None
    warmups: object = None
    device: ToldDevice = Field(default_factory=ToldDevice)
    simulated: ToldSimulated | None = None
    """The simulated device; whatever stands there, the session says that its device was one."""
    monitor: ToldMonitor = Field(default_factory=ToldMonitor)
    io_manager: ToldIoManager = Field(default_factory=ToldIoManager)

    @classmethod
    def of(cls, provenance: Provenance) -> Self:
        """Return what a session of one's own says."""
        return cls.model_validate(provenance.to_json())

    def __bool__(self) -> bool:
        return bool(self.model_fields_set)

    @property
    def is_demonstration(self) -> bool:
        """Tell whether a demonstration model is said to have run on a simulated device."""
        return self.simulated is not None and self.simulated.note is not None
