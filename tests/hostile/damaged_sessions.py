"""Session folders as a power failure or a bad disk leaves them, each by its seed, and what the
program makes of them.

What was measured is known beforehand: the scores of each input, read from the whole log by two
patterns. Whatever is done to a copy of the session, it is continued to the same, or it is refused
with words on what to do; nothing else may be shown on the way.

By hand, from the folder `tests` (300 take some minutes):

    python -m hostile.damaged_sessions 300
"""

from __future__ import annotations

import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from support.cli import only_session, tinyrunner

BLOCK = 4096
ADVICE = re.compile(
    r"start a new run|sessions repair|--resume|give |remove it|--labels|say with|measure"
)


@dataclass(frozen=True)
class Base:
    """A session that nothing happened to."""

    folder: Path
    flags: tuple[str, ...]
    """What its user knows of it."""
    scores: dict[tuple[str, int, int], str]
    """By file, offset and how often it was there before: what the device answered."""

    @property
    def log(self) -> bytes:
        return (self.folder / "log.txt").read_bytes()


def measured(root: Path, task: str, mode: str, limit: int) -> Base:
    flags = ("--dut", "sim:", "--datasets", "demo", "--limit", str(limit))
    steady = ("--iterations", "500") if mode == "performance" else ()
    ran = tinyrunner("run", task, "--mode", mode, *flags, *steady, "--sessions", root)
    assert ran.status == 3, ran
    folder = only_session(root)
    return Base(folder, flags, answers((folder / "log.txt").read_text()))


def answers(log: str) -> dict[tuple[str, int, int], str]:
    """What a log without interruptions holds."""
    loads = re.findall(r'Command "bload dut "[^"]*/([^"/]+)"(?: (\d+) \d+)?"', log)
    results = re.findall(r"dut: m-results-\[(.*)\]", log)
    assert len(loads) == len(results)
    found: dict[tuple[str, int, int], str] = {}
    seen: Counter[tuple[str, int]] = Counter()
    for (file, offset), result in zip(loads, results, strict=True):
        place = file, int(offset or 0)
        found[(*place, seen[place])] = result
        seen[place] += 1
    return found


# --- what happens to a folder ---------------------------------------------------------------------


def cut(data: bytearray, chance: random.Random, other: bytes) -> None:
    del data[chance.randrange(len(data)) :]


def nul_tail(data: bytearray, chance: random.Random, other: bytes) -> None:
    at = chance.randrange(len(data))
    data[at:] = bytes(len(data) - at + chance.choice((0, 0, 100, 3 * BLOCK)))


def nul_hole(data: bytearray, chance: random.Random, other: bytes) -> None:
    at = block_in(data, chance)
    size = min(BLOCK * chance.choice((1, 1, 2, 5)), len(data) - at)
    data[at : at + size] = bytes(size)


def old_block(data: bytearray, chance: random.Random, other: bytes) -> None:
    """A block of this log's own, from before or behind."""
    at, source = block_in(data, chance), block_in(data, chance)
    size = min(BLOCK, len(data) - max(at, source))
    data[at : at + size] = data[source : source + size]


def old_end(data: bytearray, chance: random.Random, other: bytes) -> None:
    """The last block is an earlier one."""
    at = (len(data) - 1) // BLOCK * BLOCK
    source = chance.randrange(max(1, at // BLOCK)) * BLOCK
    data[at:] = data[source : source + len(data) - at]


def foreign_block(data: bytearray, chance: random.Random, other: bytes) -> None:
    """A block of another session's log, from the same place of that."""
    at = block_in(data, chance)
    size = min(BLOCK, len(data) - at, max(0, len(other) - at))
    data[at : at + size] = other[at : at + size]


def foreign_end(data: bytearray, chance: random.Random, other: bytes) -> None:
    at = block_in(data, chance)
    data[at:] = other[at : at + len(data) - at]


def noise(data: bytearray, chance: random.Random, other: bytes) -> None:
    at = block_in(data, chance)
    size = min(BLOCK, len(data) - at)
    data[at : at + size] = chance.randbytes(size)


def lost_block(data: bytearray, chance: random.Random, other: bytes) -> None:
    at = block_in(data, chance)
    del data[at : at + BLOCK * chance.choice((1, 1, 2))]


def junk_behind(data: bytearray, chance: random.Random, other: bytes) -> None:
    data += chance.choice((other[:BLOCK], chance.randbytes(BLOCK), bytes(BLOCK), b"00001.000 dut:"))


def block_in(data: bytearray, chance: random.Random) -> int:
    return chance.randrange(max(1, -(-len(data) // BLOCK))) * BLOCK


LOG_DAMAGE = (
    cut, nul_tail, nul_hole, old_block, old_end, foreign_block, foreign_end, noise, lost_block,
    junk_behind,
)  # fmt: skip


def missing(path: Path, chance: random.Random) -> None:
    path.unlink()


def empty(path: Path, chance: random.Random) -> None:
    path.write_bytes(b"")


def nuls(path: Path, chance: random.Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def shortened(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(len(data))])


def holed(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    at = chance.randrange(len(data))
    data[at : at + 200] = bytes(len(data[at : at + 200]))
    path.write_bytes(data)


FILE_DAMAGE = (missing, empty, nuls, shortened, holed)
FILES = ("session.json", "script.async", "y_labels.csv")


def damage(base: Base, folder: Path, seed: int, other: bytes) -> str:
    """Damage a copy of the session; what was done."""
    chance = random.Random(seed)
    shutil.copytree(base.folder, folder)
    done = []
    log = folder / "log.txt"
    if chance.random() < 0.5:  # it was going on still, when it happened
        data = bytearray(log.read_bytes())
        cut(data, chance, other)
        log.write_bytes(data)
        (folder / "result.txt").unlink()
        done.append("unfinished")
    if chance.random() < 0.75 and log.stat().st_size:
        how = chance.choice(LOG_DAMAGE)
        data = bytearray(log.read_bytes())
        how(data, chance, other)
        log.write_bytes(data)
        done.append(how.__name__)
    if chance.random() < 0.5 or not done:
        for name in chance.sample(FILES, chance.choice((1, 1, 1, 2, 3))):
            spoil = chance.choice(FILE_DAMAGE)
            spoil(folder / name, chance)
            done.append(f"{name} {spoil.__name__}")
    if chance.random() < 0.1:
        log.unlink()
        done.append("log.txt missing")
    return ", ".join(done)


# --- what becomes of it ---------------------------------------------------------------------------


def outcome(base: Base, folder: Path) -> str:
    """Score, continue and repair the folder as its user would; AssertionError where it is wrong."""
    refuse_wrong_scores(base, folder, "as it was found")
    tinyrunner("score", folder)
    repaired = ""
    ran = tinyrunner("run", "--resume", folder)
    if "sessions repair" in ran.err:
        flags = base.flags if "session.json" in ran.err else ()
        repair = tinyrunner("sessions", "repair", folder, *flags)
        if repair.status != 0:
            return refused(repair, "repair")
        repaired = "repaired and "
        ran = tinyrunner("run", "--resume", folder)
    if ran.status not in (0, 3):
        return refused(ran, "resume")
    refuse_wrong_scores(base, folder, "continued", whole=True)
    return f"{repaired}continued"


def refused(ran, what: str) -> str:
    assert ran.status in (1, 2), ran
    assert ADVICE.search(ran.err), ran
    kinds = {
        "nothing to restore": "without its log",
        "holds no session.json": "without its log and its session.json",
        "does not begin as a log": "without the beginning of its log",
        "too little": "its log ends before the device is named",
        "is not the list of": "a damaged list, and no hash to know it by",
    }
    said = next((kind for text, kind in kinds.items() if text in ran.err), ran.err.strip())
    return f"refused to {what}: {said}"


def refuse_wrong_scores(base: Base, folder: Path, when: str, *, whole: bool = False) -> None:
    """What the program takes for measured is what was measured, each once."""
    from tinyrunner import load_session
    from tinyrunner.errors import TinyrunnerError

    try:
        session = load_session(folder)
    except TinyrunnerError as error:
        session, said = None, str(error)
    if session is None:
        assert not whole, said
        assert ADVICE.search(said) or "holds no log.txt" in said, said
        return
    seen: Counter[tuple[str, int]] = Counter()
    places = zip(session.files, session.offsets.tolist(), session.scores.tolist(), strict=True)
    for file, offset, scores in places:
        expected = base.scores[(file, offset, seen[(file, offset)])]
        assert scores == [float(text) for text in expected.split(",")], (when, file, offset)
        seen[(file, offset)] += 1
    if whole:
        assert sum(seen.values()) == len(base.scores), when
        kinds = {finding.rule for finding in session.result.findings}
        assert not kinds & {"log damaged", "session unfinished"}, (when, kinds)
        assert session.result.simulated, when


def bases(root: Path, *, small: bool) -> tuple[list[Base], list[bytes]]:
    """The sessions that are damaged, and another log of the same kind for each."""
    kinds = [("kws", "accuracy", 12 if small else 40), ("kws", "performance", 5)]
    kinds += [] if small else [("ad", "accuracy", 1)]
    found = [measured(root / f"{task}-{mode}", task, mode, n) for task, mode, n in kinds]
    again = [measured(root / f"{task}-{mode}-2", task, mode, n) for task, mode, n in kinds]
    return found, [base.log for base in again]


def main(count: int, first: int = 0) -> None:
    table: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as root:
        known, others = bases(Path(root), small=False)
        for seed in range(first, first + count):
            base, other = known[seed % len(known)], others[seed % len(known)]
            folder = Path(root, f"damaged-{seed}")
            done = damage(base, folder, seed, other)
            try:
                table[outcome(base, folder)] += 1
            except Exception as error:  # noqa: BLE001, whatever it is, it is wrong
                print(
                    f"seed {seed} ({done}): {type(error).__name__}: {str(error)[:600]}", flush=True
                )
                table["WRONG"] += 1
            shutil.rmtree(folder)
    for what, how_often in table.most_common():
        print(f"{how_often:6} {what}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
