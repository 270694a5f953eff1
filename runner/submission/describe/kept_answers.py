"""Keeps what `submission init` was told so far, in a file beside the one that it will write.

    {"answers_version": 1, "sessions": ["/home/…/20261128_…"], "answers": {"organization": "Acme"}}

It is written anew after each answer, and removed when the description is there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ....errors import in_words
from ...config.strict_json import read_json
from ...errors import SetupError
from ...journal.session_folder import write_atomically
from .interview import Answers

ENDING = ".answers"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """Is the file of answers of one description."""

    path: Path

    @classmethod
    def of(cls, description: Path) -> KeptAnswers:
        return cls(description.with_name(description.name + ENDING))

    def read(self) -> tuple[list[Path], Answers]:
        """Return sessions and answers, none where there is no file; SetupError for another one."""
        try:
            tree = read_json(self.path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return [], {}
        except (OSError, ValueError) as error:
            raise self._unusable(in_words(error)) from error
        if not isinstance(tree, dict) or tree.get("answers_version") != _VERSION:
            raise self._unusable("it holds no answers of `submission init`")
        sessions, answers = tree.get("sessions"), tree.get("answers")
        if not isinstance(sessions, list) or not isinstance(answers, dict):
            raise self._unusable("it is damaged")
        if not all(isinstance(one, str) for one in [*sessions, *answers.values()]):
            raise self._unusable("it is damaged")
        return [Path(one) for one in sessions], answers

    def write(self, sessions: list[Path], answers: Answers) -> None:
        """Keep all of this; SetupError where nothing can be written there."""
        tree = {
            "answers_version": _VERSION,
            "sessions": [str(path.absolute()) for path in sessions],
            "answers": dict(answers),
        }
        try:
            write_atomically(self.path, json.dumps(tree, indent=2) + "\n")
        except OSError as error:
            raise SetupError(
                f"cannot keep the answers in {self.path}: {error.strerror or error}; name a file "
                "in a folder that can be written"
            ) from error

    def remove(self) -> None:
        """Remove the file, which has served its purpose."""
        self.path.unlink(missing_ok=True)

    def _unusable(self, why: str) -> SetupError:
        return SetupError(f"{self.path} cannot be gone on with: {why}; remove it to begin anew")
