"""What stands below the options in each command's help: examples, and the exit statuses.

A command's row holds three commands that can be typed as they are, with the names of somebody's own
files and ports, and what its statuses mean; a test parses the former. A group's page is made of
those of its commands.
"""

from __future__ import annotations

from typing import NamedTuple


class HelpPage(NamedTuple):
    """Is the end of one command's help."""

    examples: tuple[str, ...]
    """Without the program's name."""
    done: str = "done"
    """What status 0 says."""
    failed: str = "it failed"
    """What status 1 says."""
    not_good: str = ""
    """What status 3 says; empty where there is none."""
    powers: bool = False
    """Whether it may leave a supply on: status 4."""
    interrupted: str = "interrupted (Ctrl-C, a kill)"
    """What status 130 says; empty where Ctrl-C is the way to end it."""

    @property
    def statuses(self) -> dict[int, str]:
        """Return the exit statuses that there are, with what they mean."""
        meanings = {
            0: self.done,
            1: self.failed,
            2: "usage or configuration: nothing was begun",
            3: self.not_good,
            4: "a supply may be on: switch it off by hand" if self.powers else "",
            130: self.interrupted,
        }
        return {status: meaning for status, meaning in meanings.items() if meaning}

    def text(self) -> str:
        """Return the page as lines, the head of each part at the left."""
        lines = ["Examples:", *(f"  tinyrunner {example}" for example in self.examples)]
        lines += ["", "Exit status:"]
        lines += [f"  {status:>3}  {meaning}" for status, meaning in self.statuses.items()]
        return "\n".join(lines) + "\n"


PAGES = {
    "run": HelpPage(
        (
            "run kws --mode performance --dut /dev/ttyACM0 --datasets data",
            "run all --mode accuracy --dut sim: --for development",
            "run --resume sessions/20260131_120000_kws_accuracy",
        ),
        done="finished, and good for what was asked (--for)",
        failed="a run failed; what was measured is in its session's folder",
        not_good="finished, but not good for what was asked: the findings say why",
        powers=True,
        interrupted="interrupted (Ctrl-C, a kill): the supply is off, --resume goes on",
    ),
    "campaign": HelpPage(
        (
            "campaign init night.yaml",
            "campaign plan night.yaml",
            "campaign night.yaml --resume --jobs auto",
        ),
        done="all cells ran, and are good for what was asked",
        failed="a cell failed; the table names which, and why",
        not_good="all ran, and not all are good for what was asked",
        powers=True,
        interrupted="interrupted (Ctrl-C, a kill): --resume goes on",
    ),
    "sessions list": HelpPage(
        ("sessions list", "sessions list night/nucleo", "sessions list --json"),
    ),
    "sessions show": HelpPage(
        (
            "sessions show sessions/20260131_120000_kws_accuracy",
            "sessions show sessions/20260131_120000_kws_accuracy --json",
            "sessions show night/nucleo/20260131_120000_nucleo_kws_energy",
        ),
    ),
    "sessions prune": HelpPage(
        ("sessions prune", "sessions prune night/nucleo --incomplete", "sessions prune --yes"),
        done="done, or nothing was to be removed",
        failed="something was not removed, and why",
    ),
    "sessions repair": HelpPage(
        (
            "sessions repair sessions/20260131_120000_kws_accuracy",
            "sessions repair SESSION --dut sim: --datasets demo",
            "sessions repair SESSION --labels y_labels.csv",
        ),
        done="restored, or nothing was missing",
    ),
    "score": HelpPage(
        (
            "score sessions/20260131_120000_kws_accuracy",
            "score log.txt --labels y_labels.csv --round v1.1",
            "score SESSION --for development --json",
        ),
        done="good for what was asked (--for)",
        not_good="not good for what was asked: the findings say why",
    ),
    "devices": HelpPage(
        ("devices", "devices --probe-all", "devices --json"),
        done="listed, even where there is none",
    ),
    "check": HelpPage(
        (
            "check --dut /dev/ttyACM0",
            "check --dut usb:0670FF49 --task kws --quick",
            "check --dut sim:kws01 --junit check.xml",
        ),
        done="passed: no rule that was tried is broken (warnings allowed)",
        failed="no device was reached, or it could not be tried to the end",
        not_good="a rule is broken: the report says which, and what to do",
    ),
    "profile": HelpPage(
        (
            "profile --dut /dev/ttyACM0",
            "profile kws --dut sim: --out sessions --html layers.html",
            "profile kws --dut usb:0670FF49 --model kws_ref_model.tflite --json",
        ),
        failed="no device was reached, or its firmware tells no layers",
    ),
    "engines": HelpPage(
        (
            "engines kws --datasets ~/datasets",
            "engines --session sessions/20260131_120000_kws_accuracy",
            "engines ic --dut /dev/ttyACM0 --model my.tflite --inputs 20",
        ),
        done="compared, whether they differ or not",
        failed="no device was reached, or one or a model failed in the middle",
    ),
    "console": HelpPage(
        (
            "console --dut /dev/ttyACM0",
            "console --dut sim:kws01",
            "console --io /dev/ttyACM1 --monitor lpm01a:/dev/ttyACM2",
        ),
        done="left by quit or Ctrl-D",
        failed="the link is dead; from a pipe also: a command did not succeed",
        powers=True,
    ),
    "demo": HelpPage(
        ("demo", "demo --open", "demo /tmp/tried --round v1.1"),
        done="all was run, and what was built is sound",
        not_good="what was built is not sound: please report it",
    ),
    "report": HelpPage(
        (
            "report sessions",
            "report night/nucleo night/esp32 --out night.html",
            "report submission/closed/Acme --force",
        ),
    ),
    "export": HelpPage(
        (
            "export sessions --out sessions.csv",
            "export night --format markdown >> $GITHUB_STEP_SUMMARY",
            "export night/nucleo --rows windows --out windows.parquet",
        ),
        done="written, whatever came of the sessions: the column `verdict` says",
    ),
    "energy read": HelpPage(
        (
            "energy read trace.ppk2 --supply-v 3.0 --html trace.html",
            "energy read sessions/20260131_120000_kws_energy",
            "energy read recorded.jls --windows 1.5-11.5,12-22 --json",
        ),
    ),
    "compare": HelpPage(
        (
            "compare before after",
            "compare before after --threshold throughput=2%,energy=3%",
            "compare before.layers.log after.layers.log --threshold 2%",
        ),
        done="compared; within the --threshold where one is given",
        not_good="B is worse than --threshold allows, or it cannot be told",
    ),
    "history add": HelpPage(
        (
            "history add sessions --tag commit=3f2a91c --tag branch=main",
            "history add night/nucleo --tag board=h7 --db lab.db",
            "history add SESSION --db postgresql://ci@lab/tinyrunner",
        ),
        done="added, or there already",
        failed="another content of a session is there already: the others were added",
    ),
    "history list": HelpPage(
        ("history list", "history list kws --board h7 --tag branch=main", "history list --json"),
    ),
    "history trend": HelpPage(
        (
            "history trend kws --board h7",
            "history trend --tag branch=main --last 500",
            "history trend kws --mode energy --min-change energy=2%",
        ),
        done="drawn, whatever it shows",
    ),
    "history gate": HelpPage(
        (
            "history gate sessions --baseline branch=main --last 20",
            "history gate SESSION --tag branch=topic --min-change latency=1%",
            "history gate sessions --baseline release=2.1 --require-baseline",
        ),
        done="no regression; or the baseline is too short to tell",
        not_good="a figure is worse than the baseline, or a session has no figure",
    ),
    "standings": HelpPage(
        (
            "standings kws",
            "standings vww --mode energy --round v1.2 --division closed",
            "standings kws --with sessions/20260131_120000_kws_performance",
        ),
    ),
    "submission init": HelpPage(
        (
            "submission init --session sessions",
            "submission init acme.yaml --organization Acme --round v1.2",
            "submission init mine.yaml --session sessions --division open",
        ),
        done="the description is written",
        failed="left before its end (Ctrl-D): the answers are kept",
        interrupted="interrupted (Ctrl-C, a kill): the answers are kept",
    ),
    "submission build": HelpPage(
        (
            "submission build --out submission",
            "submission build acme.yaml --out submission --force",
            "submission build acme.yaml --allow-mixed",
        ),
        done="built, and submittable",
        not_good="built, but not submittable: the findings say why",
    ),
    "submission rules": HelpPage(
        ("submission rules", "submission rules division", "submission rules system-json"),
    ),
    "submission table": HelpPage(
        (
            "submission table tiny_results_v1.2",
            "submission table ~/v1.1 ~/v1.2 --csv record.csv",
            "submission table tiny_results_v1.2 --json",
        ),
    ),
    "submission verify": HelpPage(
        (
            "submission verify submission/closed/Acme",
            "submission verify tiny_results_v1.1 --level sound",
            "submission verify closed --html audit.html --csv summary.csv",
        ),
        done="the verdict of --level holds",
        not_good="the verdict of --level does not hold: the findings say why",
    ),
    "simulate dut": HelpPage(
        (
            "simulate dut --task kws --pty",
            "simulate dut --task vww --tcp 127.0.0.1:5000 --inference-ms 120",
            "simulate dut --replay log.txt --pty",
        ),
        done="ended by Ctrl-C or a kill",
        interrupted="",
    ),
    "simulate monitor": HelpPage(
        (
            "simulate monitor",
            "simulate monitor --kind lpm01a --pty --load-ma 5",
            "simulate monitor --replay wire.log --tcp 127.0.0.1:0",
        ),
        done="ended by Ctrl-C or a kill",
        interrupted="",
    ),
    "simulate bench": HelpPage(
        (
            "simulate bench",
            "simulate bench --task ic --inference-ms 30",
            "simulate bench --task sww --kind lpm01a --pty --datasets demo",
        ),
        done="ended by Ctrl-C or a kill",
        interrupted="",
    ),
    "simulate interface-board": HelpPage(
        (
            "simulate interface-board --datasets demo --pty",
            "simulate interface-board --tcp 127.0.0.1:0 --datasets data",
            "simulate interface-board --pty --dut 'sim:sww01?fault=no_card'",
        ),
        done="ended by Ctrl-C or a kill",
        interrupted="",
    ),
    "config example": HelpPage(
        ("config example", "config example board-usb", "config example energy-lpm01a"),
    ),
    "config check": HelpPage(
        ("config check bench.yaml", "config check night.yaml", "config check custom.yaml"),
        done="a run would take it",
    ),
    "firmware new": HelpPage(
        (
            "firmware new port --task kws",
            "firmware new f405 --task kws --board stm32f405",
            "firmware new word --task sww --board qemu-mps2",
        ),
    ),
    "firmware library": HelpPage(
        (
            "firmware library tinyrunner-firmware",
            "firmware library modules/tinyrunner",
            "firmware library components/tinyrunner",
        ),
    ),
    "firmware boards": HelpPage(
        (
            "firmware boards",
            "firmware boards --json",
            "firmware boards --help",
        ),
    ),
    "firmware export": HelpPage(
        (
            "firmware export model.tflite --out port",
            "firmware export kws_int8.tflite --report",
            "firmware export ~/models/ad01_int8.tflite --out src/model",
        ),
    ),
    "models list": HelpPage(
        ("models list", "models list --json", "models list --help"),
    ),
    "models fetch": HelpPage(
        ("models fetch", "models fetch kws ad", "models fetch all --from /media/models"),
        failed="a model could not be had, or is not the right one",
    ),
    "models verify": HelpPage(
        ("models verify", "models verify model.tflite", "models verify ~/models"),
        failed="a file is missing, or is no known model",
    ),
    "datasets list": HelpPage(
        ("datasets list", "datasets list --datasets ~/datasets", "datasets list --help"),
    ),
    "datasets build": HelpPage(
        (
            "datasets build kws --from ~/speech_commands --out ~/datasets",
            "datasets build sww --from ~/data --out ~/datasets",
            "datasets build vww --from ~/coco --index vww.csv --keep-going",
        ),
        done="all inputs are made",
        failed="some could not be made, or have other words; the report says which",
    ),
    "datasets verify": HelpPage(
        ("datasets verify ~/datasets", "datasets verify kws01", "datasets verify . --json"),
        done="all are there and as listed",
        failed="some are missing or differ",
    ),
    "datasets info": HelpPage(
        ("datasets info kws", "datasets info ad", "datasets info ~/datasets/kws01"),
    ),
    "datasets fetch": HelpPage(
        ("datasets fetch", "datasets fetch ad01-reduced", "datasets fetch --from /media/lists"),
        failed="a list could not be had, or is not the right one",
    ),
}
"""The pages by command; a test asks for that of each."""

_MOST = 3

ROOT = HelpPage(
    (
        "demo",
        "devices",
        "run kws --mode performance --dut /dev/ttyACM0 --datasets data",
    ),
    done="done; of a run: good for what was asked",
    not_good="finished, but not good for what was asked",
    powers=True,
)


def page_of(name: str) -> HelpPage:
    """Return the page of a command, a group of them, or ("") of the program."""
    if not name:
        return ROOT
    if name in PAGES:
        return PAGES[name]
    below = [page for key, page in PAGES.items() if key.startswith(f"{name} ")]
    turns = [page.examples[turn] for turn in range(_MOST) for page in below]
    return HelpPage(
        tuple(turns[:_MOST]),
        not_good="finished, but not good: see each command's help"
        if any(page.not_good for page in below)
        else "",
    )
