"""Explains each rule of an audit: who asks for it, from which round on, and how to put it right.

Sources, as far as they are public: the description of the tree in the results repositories of v1.1
and v1.2; the run rules and the submission template in mlcommons/tiny; its submission checker at the
commits that :mod:`..official.rules` names. Where none of them asks, the rule is this program's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..evidence.findings import Rule

_TREE = "the results repositories' description of the tree (v1.1 on)"
_CHECKER = "the official submission checker"
_RUN_RULES = "the run rules (every round)"
_TEMPLATE = "the system description's template in mlcommons/tiny"
_OWN = "no round says so: it is what makes a figure believable, and this program asks for it"


@dataclass(frozen=True, slots=True)
class RuleGuide:
    """Says of a rule where it comes from and what to do about a finding."""

    source: str
    remedy: str


GUIDES: dict[Rule, RuleGuide] = {
    Rule.DIVISION: RuleGuide(
        f"{_TREE}; {_CHECKER}", "put the organization's folder into `closed` or `open`"
    ),
    Rule.SUBMITTER_FOLDERS: RuleGuide(
        _TREE, "add the folder that is missing; `tinyrunner submission build` makes all three"
    ),
    Rule.SYSTEM_JSON: RuleGuide(
        f"{_TREE}; {_CHECKER}",
        "name it as the folder below results is named, and make it one JSON object of texts",
    ),
    Rule.SYSTEM_KEYS: RuleGuide(
        _TEMPLATE,
        "write each key of the template once, empty where there is nothing to say: of a key that "
        "stands there twice, readers see one value",
    ),
    Rule.SYSTEM_STATUS: RuleGuide(
        f"{_TEMPLATE}; {_CHECKER}", "write Status as available, preview or rdi"
    ),
    Rule.DIVISION_FIELD: RuleGuide(
        _TEMPLATE, "write the division of the folder, or move the folder"
    ),
    Rule.BENCHMARK: RuleGuide(
        f"{_CHECKER}; model_mapping.json in the open division",
        "name the folder vww, ic, kws or ad (v1.3: sww too, v1.4: ic2 too)",
    ),
    Rule.MODE_FOLDER: RuleGuide(
        f"{_TREE}; {_CHECKER}", "give performance and accuracy of each benchmark, named so"
    ),
    Rule.REQUIRED_FILE: RuleGuide(
        f"{_TREE}; v1.3 on: the files of MLCommons' runner",
        "copy the whole session: results, log.txt, and script.async (results.json from v1.3 on)",
    ),
    Rule.CHECKLIST: RuleGuide(_TREE, "fill the round's checklist and put it into systems"),
    Rule.HOOKUP: RuleGuide(_TREE, "add Energy-Hookup as PDF, picture or text to systems"),
    Rule.CODE: RuleGuide(
        _TREE, "add code/<benchmark>/<implementation> with sources and a README that rebuilds it"
    ),
    Rule.DEBRIS: RuleGuide(
        _CHECKER, "remove what an editor or macOS left, such as .DS_Store or ._files"
    ),
    Rule.EMPTY_FOLDER: RuleGuide(_CHECKER, "remove the folder, or fill it; git does not keep it"),
    Rule.SYMLINK: RuleGuide(_CHECKER, "put the file itself there"),
    Rule.FILE_SIZE: RuleGuide(_CHECKER, "leave out what nobody needs, or compress it"),
    Rule.FILE_NAME: RuleGuide(_CHECKER, "rename it: no leading dot, no blank at its ends"),
    Rule.NESTING: RuleGuide(_OWN, "flatten it: what lies so deep is not looked at"),
    Rule.UNEXPECTED: RuleGuide(_TREE, "move it to where the description has it, or remove it"),
    Rule.HASH: RuleGuide(
        "SHA256SUMS, which `tinyrunner submission build` writes",
        "build anew instead of editing what was built",
    ),
    Rule.LOG: RuleGuide(
        _OWN, "submit the log as the runner wrote it; `tinyrunner score` names the line"
    ),
    Rule.TRACE: RuleGuide(
        _OWN, "submit the trace and its timestamps as the runner wrote them, all edges in them"
    ),
    Rule.RESULT_LINE: RuleGuide(
        _OWN,
        "submit the results that belong to this log; `tinyrunner score` prints what it gives",
    ),
    Rule.RESULTS_ALIKE: RuleGuide(
        "v1.1 and v1.2 name both result.txt and results.txt", "make them the same, or keep one"
    ),
    Rule.INPUT_ORDER: RuleGuide(
        _RUN_RULES, "run accuracy over the whole list in its order, performance over its first five"
    ),
    Rule.SESSION: RuleGuide(
        f"{_RUN_RULES}: five windows of ten seconds and ten inferences, on five inputs; of "
        "sww one recording, played whole",
        "measure again, whole, with more inferences a window (`--iterations`) where it is short",
    ),
    Rule.MODEL: RuleGuide(
        _RUN_RULES,
        "let the firmware name the benchmark's model: `profile%` says m-model-[kws01] or so",
    ),
    Rule.FIRMWARE: RuleGuide(
        "the checklist: the same code in accuracy and performance mode",
        "measure all modes with one firmware",
    ),
    Rule.THROUGHPUTS: RuleGuide(
        _OWN, "find out what differs between the two runs: clock, cache, supply"
    ),
    Rule.SCRIPT: RuleGuide(_OWN, "submit the script.async that was run"),
    Rule.SESSION_ID: RuleGuide(_OWN, "submit each session once; a copy is no second measurement"),
    Rule.SESSION_JSON: RuleGuide(
        "tinyrunner's own session.json", "submit the session as it was written"
    ),
    Rule.TIMER: RuleGuide(
        _OWN, "mend the firmware's clock: its microseconds are not the host's; `check` measures it"
    ),
    Rule.PRIVACY: RuleGuide(
        _OWN, "build with `tinyrunner submission build`, which puts `~` in place of home folders"
    ),
    Rule.OFFICIAL_LIST: RuleGuide(
        f"{_RUN_RULES}: the official label lists",
        "run the official inputs whole; `tinyrunner datasets verify` tells which list it is",
    ),
    Rule.DEVICE: RuleGuide(_RUN_RULES, "measure on a board"),
    Rule.OFFICIAL_CHECKER: RuleGuide(_CHECKER, "put right what its message names"),
    Rule.ROUND_RULE: RuleGuide(
        f"{_RUN_RULES}, and what each round adds",
        "see the finding's own text: targets, markers, tasks",
    ),
    Rule.ANSWERS: RuleGuide(
        "the round's checklist", "answer each question; `submission init` asks them one by one"
    ),
    Rule.SOURCES: RuleGuide(_TREE, "put the sources there, or a README that says where they are"),
    Rule.PROCESSOR: RuleGuide(_TEMPLATE, "name the processor: the public table shows it"),
}
