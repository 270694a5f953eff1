"""Holds the questions of the submission checklist."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """Is one of the questions that only the submitter can answer."""

    key: str
    """The key in the description's checklist."""
    text: str
    """The question as the checklist asks it."""
    hint: str
    """An example of an answer."""


UNANSWERED_MARK = "tinyrunner checklist, not answered: "
"""How the keywords of the checklist's PDF begin where keys of questions without answers follow."""

ASKED: tuple[Question, ...] = (
    Question("engineers", "Certifying engineer(s)", "names, with commas between"),
    Question("emails", "Email(s) of the certifying engineer(s)", "with commas between"),
    Question(
        "same_code_in_both_modes",
        "Was the same code run in accuracy and in performance mode?",
        "yes or no",
    ),
    Question(
        "calibrated_outside_official_set",
        "Were weights calibrated with data outside the official calibration set?",
        "yes or no",
    ),
    Question(
        "numerics", "Numerics", "INT4, INT8, INT16, UINT8, FP16, BF16, FP32 or other; or several"
    ),
    Question("backend", "Backend", "vendor, TF-Lite Micro, Micro TVM or other"),
    Question(
        "caching_techniques",
        "Caching techniques",
        "none, or what is kept between inferences",
    ),
    Question("disallowed_techniques", "Are disallowed techniques used?", "no, or which"),
    Question(
        "congruent_with_rules",
        "Is the submission congruent with the rules?",
        "yes; or no, and why",
    ),
    Question(
        "reflects_real_world_performance",
        "Does the submission reflect the real-world performance of the system?",
        "yes; or no, and why",
    ),
)
