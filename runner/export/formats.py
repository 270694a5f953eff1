"""Names the formats, and the kinds of rows; imports nothing that reads or writes."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from ..errors import SetupError
from .rows import InputRow, LayerRow, Row, SessionRow, WindowRow


class ExportFormat(Enum):
    """Names what a file is written as."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    MARKDOWN = "markdown"
    PARQUET = "parquet"
    JUNIT = "junit"
    BENCHER = "bencher"
    BIGGER_IS_BETTER = "customBiggerIsBetter"
    SMALLER_IS_BETTER = "customSmallerIsBetter"

    @property
    def is_table(self) -> bool:
        """Tell whether it takes rows of any kind; the others are of sessions."""
        return self in _TABLES

    @classmethod
    def of_file(cls, path: Path | None) -> ExportFormat:
        """Return the format that a file's name ends in; CSV where there is none."""
        if path is None:
            return cls.CSV
        if path.suffix.lower() not in _ENDINGS:
            raise SetupError(
                f"{path.name} does not tell its format; name one with --format, or end the name in "
                f"{', '.join(_ENDINGS)}"
            )
        return _ENDINGS[path.suffix.lower()]


_TABLES = (ExportFormat.CSV, ExportFormat.JSON_LINES, ExportFormat.MARKDOWN, ExportFormat.PARQUET)
_ENDINGS = {
    ".csv": ExportFormat.CSV,
    ".jsonl": ExportFormat.JSON_LINES,
    ".md": ExportFormat.MARKDOWN,
    ".parquet": ExportFormat.PARQUET,
    ".xml": ExportFormat.JUNIT,
}


class RowKind(Enum):
    """Names what a row is of."""

    SESSIONS = "sessions"
    WINDOWS = "windows"
    INPUTS = "inputs"
    LAYERS = "layers"

    @property
    def schema(self) -> type[Row]:
        return {
            RowKind.SESSIONS: SessionRow,
            RowKind.WINDOWS: WindowRow,
            RowKind.INPUTS: InputRow,
            RowKind.LAYERS: LayerRow,
        }[self]
