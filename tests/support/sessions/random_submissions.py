"""Small results repositories, mutated at random where the official checker looks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from random import Random

STATUSES = ("available", "Preview", "RDI", "AVAILABLE")
BENCHMARKS = ("ad", "ic", "kws", "vww")
TARGETS = {"ad": "0.85", "ic": "85", "kws": "90", "vww": "80", "ic2": "91"}
LEAST_STEP = {"ad": 0.001, "ic": 0.1, "kws": 0.1, "vww": 0.1, "ic2": 0.1}


def accuracy_lines(benchmark: str, figure: str, *, new: bool, random: Random) -> list[str]:
    """In either dialect; the other figure, which must not count, stands there too."""
    top1, auc = (figure, "0.990") if benchmark != "ad" else ("99.0", figure)
    if new:
        return [f"0726.010109 ulp-mlperf: Top 1% = {top1}", f"0726.010109 ulp-mlperf: AUC = {auc}"]
    source = random.choice(("ulp-mlperf", "ulp-ml"))
    return [f"00154.000 {source}: Top-1: {top1}%", f"00154.000 {source}: AUC: {auc}"]


def throughput_lines(figure: str, *, new: bool) -> list[str]:
    stamp, gap = ("0726.010245", "    ") if new else ("00155.007", "")
    return [
        "Performance results for window 1",
        f"{stamp} ulp-mlperf: {'-' * 57}",
        f"{stamp} ulp-mlperf: Median throughput is {gap}{figure} inf./sec.",
    ]


def energy_lines(figure: str, *, new: bool) -> list[str]:
    stamp = "" if new else "00176.016 ulp-ml: "
    return [f"{stamp}Median energy cost is {figure} uJ/inf.", f"{stamp}{'-' * 57}"]


def write(path: Path, lines: list[str], *, end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + end for line in lines).encode())


def make_benchmark(folder: Path, benchmark: str, random: Random) -> None:
    """A good benchmark's folder: accuracy above or below the target, energy or none."""
    new = random.random() < 0.5
    end = random.choice(("\n", "\r\n"))
    step = random.choice((0.0, 0.0, 1.0, 2.0, 5.0, -1.0))
    least = float(TARGETS.get(benchmark, "90"))
    figure = f"{least + step * LEAST_STEP.get(benchmark, 0.1):.3f}"
    if benchmark != "ad" and random.random() < 0.5:
        figure = f"{float(figure):.1f}"
    modes = {
        "accuracy": accuracy_lines(benchmark, figure, new=new, random=random),
        "performance": throughput_lines(f"{random.uniform(1, 900):.3f}", new=new),
    }
    if random.random() < 0.5:
        modes["energy"] = energy_lines(f"{random.uniform(50, 9000):.4f}", new=new)
    for mode, lines in modes.items():
        write(folder / mode / "results.txt", lines, end=end)
        for name in ("log.txt", "results.json" if new else "script.async"):
            write(folder / mode / name, ["x"])


def make_submitter(folder: Path, random: Random, benchmarks: tuple[str, ...]) -> None:
    for system in random.sample(["board_a", "board-b"], random.randint(1, 2)):
        description = {
            "Submitter": folder.name, "Status": random.choice(STATUSES), "Board Name": system,
            "Processor(s) Name": "Cortex-M4", "Processor(s) Frequencies": "120 MHz",
            "Hardware Notes": 'with "quotes", and a comma', "Inference Framework": "X-CUBE-AI",
        }  # fmt: skip
        if random.random() < 0.1:
            description["Accelerator"] = 7
        write(folder / "systems" / f"{system}.json", [json.dumps(description)])
        for benchmark in random.sample(benchmarks, random.randint(1, 3)):
            make_benchmark(folder / "results" / system / benchmark, benchmark, random)
    write(folder / "code" / "kws" / "main.c", ["int main;"])


def make_repository(root: Path, random: Random, benchmarks: tuple[str, ...] = BENCHMARKS) -> str:
    """Build a repository under ``root`` and mutate it; what was done to it, for a message."""
    for division in random.sample(["closed", "open"], random.randint(1, 2)):
        for name in random.sample(["Acme", "Krai", "ST micro"], random.randint(1, 2)):
            make_submitter(root / division / name, random, benchmarks)
    count = random.choice((0, 1, 1, 1, 2, 3))
    return "; ".join(_mutate(root, random) for _ in range(count)) or "nothing"


def _mutate(root: Path, random: Random) -> str:
    mutation = random.choice(MUTATIONS)
    done = mutation(root, random)
    return f"{mutation.__name__.strip('_')} {done}" if done else f"no {mutation.__name__}"


def _one(root: Path, random: Random, pattern: str) -> Path | None:
    """A file where the pattern's last part has a dot, else a folder."""
    is_right = Path.is_file if "." in pattern.rpartition("/")[2] else Path.is_dir
    found = sorted(path for path in root.glob(pattern) if is_right(path))
    return random.choice(found) if found else None


def _tell(root: Path, path: Path | None, change: Callable[[Path], object]) -> str | None:
    if path is None:
        return None
    change(path)
    return path.relative_to(root).as_posix()


def _remove_file(root: Path, random: Random) -> str | None:
    names = ("results.txt", "results.txt", "log.txt", "results.json", "script.async")
    path = _one(root, random, f"*/*/results/*/*/*/{random.choice(names)}")
    return _tell(root, path, Path.unlink)


def _remove_mode(root: Path, random: Random) -> str | None:
    mode = random.choice(("accuracy", "performance", "energy"))
    return _tell(root, _one(root, random, f"*/*/results/*/*/{mode}"), _remove)


def _remove_system_json(root: Path, random: Random) -> str | None:
    return _tell(root, _one(root, random, "*/*/systems/*.json"), Path.unlink)


def _remove_results(root: Path, random: Random) -> str | None:
    return _tell(root, _one(root, random, "*/*/results"), _remove)


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    folder.rmdir()


def _rename_benchmark(root: Path, random: Random) -> str | None:
    name = random.choice(("anomaly_detection", "KWS", "sine", "kws2", "ic2"))

    def rename(path: Path) -> None:
        if not path.with_name(name).exists():
            path.rename(path.with_name(name))

    return _tell(root, _one(root, random, "*/*/results/*/*"), rename)


def _rename_results(root: Path, random: Random) -> str | None:
    name = random.choice(("result.txt", "Results.txt", "accuracy_results.txt"))
    path = _one(root, random, "*/*/results/*/*/*/results.txt")
    return _tell(root, path, lambda found: found.rename(found.with_name(name)))


def _map_benchmark(root: Path, random: Random) -> str | None:
    text = random.choice(
        ('{"mine": "kws"}', '{"mine": "kws"}', '{"mine": "other"}', "{}", "[]", "{", '{"mine": ""}')
    )

    def map_it(folder: Path) -> None:
        (folder.parents[2] / "model_mapping.json").write_text(text)
        if not folder.with_name("mine").exists():
            folder.rename(folder.with_name("mine"))

    path = _one(root, random, f"{random.choice(('open', 'open', '*'))}/*/results/*/kws")
    return _tell(root, path, map_it)


def _status(root: Path, random: Random) -> str | None:
    values = ("Available ", "research", "", None, 3, ["rdi"], "missing")
    value = random.choice(values)

    def change(path: Path) -> None:
        found = json.loads(path.read_text())
        if not isinstance(found, dict):
            return
        found["Status"] = value
        if value == "missing":
            del found["Status"]
        path.write_text(json.dumps(found))

    path = _one(root, random, "*/*/systems/*.json")
    return _tell(root, path if path and _is_json(path) else None, change)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text())
    except ValueError:
        return False
    return True


def _system_json(root: Path, random: Random) -> str | None:
    text = random.choice((
        "{", "[]", '{"Status": "rdi", "Status": "preview"}', '\ufeff{"Status": "rdi"}',
        '{"Status": "rdi", "system_type": "edge"}', '{"Status": "rdi", "system_type": null}',
        '{"Status": "bad", "system_type": "edge"}', '{"Status": "rdi", "Board Name": "Ω"}',
    ))  # fmt: skip
    path = _one(root, random, "*/*/systems/*.json")
    return _tell(root, path, lambda found: found.write_text(text, encoding="utf-8"))


def _figures(root: Path, random: Random) -> str | None:
    """A results file with another figure, or none, or two, or one that is no number."""
    figure = random.choice(("0", "0.000", "90.", "1.2.3", "...", "89.99999", "90.0", "1e3", "-1"))
    mode = random.choice(("accuracy", "performance", "energy"))
    new = random.random() < 0.5
    lines = {
        "accuracy": lambda: [f"0726.010109 ulp-mlperf: Top 1% = {figure}",
                             f"0726.010109 ulp-mlperf: AUC = {figure}"],
        "performance": lambda: throughput_lines(figure, new=new),
        "energy": lambda: energy_lines(figure, new=new),
    }[mode]()  # fmt: skip

    def change(path: Path) -> None:
        before = path.read_text(errors="replace").splitlines()
        write(path, random.choice(([*before, *lines], [*lines, *before], lines, [])))

    return _tell(root, _one(root, random, f"*/*/results/*/*/{mode}/results.txt"), change)


def _wording(root: Path, random: Random) -> str | None:
    """A line that is nearly one that is looked for."""
    before, after = random.choice((
        ("Top 1%", "Top-1"), ("Top-1:", "Top1:"), ("= ", "="), (": ", ":  "), ("AUC", "auc"),
        ("AUC = ", "AUC: "), ("inf./sec.", "inf/sec."), ("uJ/inf", "uJ"), ("ulp-mlperf: ", ""),
        ("0726.010109 ulp-mlperf: ", ""), ("Median", " Median"), ("cost is ", "cost is  "),
        ("throughput is", "throughput is \t"), ("%", ""),
    ))  # fmt: skip

    def change(path: Path) -> None:
        path.write_bytes(path.read_bytes().replace(before.encode(), after.encode()))

    return _tell(root, _one(root, random, "*/*/results/*/*/*/results.txt"), change)


def _bytes(root: Path, random: Random) -> str | None:
    """Text that is no UTF-8, or has a byte order mark, or lone carriage returns."""

    def change(path: Path) -> None:
        text = path.read_bytes()
        path.write_bytes(random.choice((
            text + b"\xff\xfe\n", b"\xef\xbb\xbf" + text, text.replace(b"\n", b"\r"), b"\0" + text,
        )))  # fmt: skip

    return _tell(root, _one(root, random, "*/*/results/*/*/*/results.txt"), change)


def _link(root: Path, random: Random) -> str | None:
    target = random.choice(("log.txt", "/nowhere"))

    def change(folder: Path) -> None:
        link = folder / "link"
        if not os.path.lexists(link):
            link.symlink_to(target)

    return _tell(
        root, _one(root, random, f"*/*/{random.choice(('code/kws', 'results/*/*/*'))}"), change
    )


def _link_at_the_top(root: Path, random: Random) -> str | None:
    def change(folder: Path) -> None:
        link = folder.with_name("linked.txt")
        if not os.path.lexists(link):
            link.symlink_to("nowhere")

    return _tell(root, _one(root, random, "*/*"), change)


def _folder(root: Path, random: Random) -> str | None:
    """An empty folder, a cache, debris."""
    name, content = random.choice((
        ("empty", None), ("__pycache__", "a.pyc"), ("my__pycache__", "a.pyc"),
        ("__pycache__2", "a.pyc"), (".hidden", "a"), ("with space", "a"), ("nested/empty", None),
    ))  # fmt: skip
    where = random.choice(("code", "systems", "results", "results/*", "results/*/*", "."))

    def change(folder: Path) -> None:
        made = folder / name
        made.mkdir(parents=True, exist_ok=True)
        if content is not None:
            write(made / content, ["x"])

    return _tell(root, _one(root, random, f"*/*/{where}" if where != "." else "*/*"), change)


def _debris(root: Path, random: Random) -> str | None:
    name = random.choice(("._results.txt", ".DS_Store", "extra.txt", "EEMBC_RUNNER", "~$a.docx"))
    where = random.choice(("results/*/*/*", "results/*/*", "results/*", "results", "code"))
    path = _one(root, random, f"*/*/{where}")
    return _tell(root, path, lambda folder: write(folder / name, ["x"]))


def _other_top(root: Path, random: Random) -> str | None:
    name = random.choice((".git", "network", "Closed2", "assets", "docs"))
    write(root / name / "Acme" / "results" / "s" / "kws" / "a", ["x"])
    return name


def _file_for_folder(root: Path, random: Random) -> str | None:
    def change(folder: Path) -> None:
        _remove(folder)
        folder.write_text("no folder\n")

    where = random.choice(("results/*/*/energy", "results/*/*/performance", "results/*/*/accuracy"))
    return _tell(root, _one(root, random, f"*/*/{where}"), change)


def _folder_for_file(root: Path, random: Random) -> str | None:
    def change(path: Path) -> None:
        path.unlink()
        write(path / "inside.txt", ["x"])

    return _tell(root, _one(root, random, "*/*/results/*/*/*/results.txt"), change)


def _huge(root: Path, random: Random) -> str | None:
    size = 500 * 1024 * 1024 + random.choice((0, 1))

    def change(folder: Path) -> None:
        with (folder / "weights.bin").open("wb") as file:
            file.truncate(size)

    return _tell(root, _one(root, random, "*/*/code/kws"), change)


MUTATIONS = (
    _remove_file, _remove_mode, _remove_system_json, _remove_results, _rename_benchmark,
    _rename_results, _map_benchmark, _map_benchmark, _status, _system_json, _figures, _figures,
    _wording, _wording, _bytes, _link, _link_at_the_top, _folder, _folder, _debris, _other_top,
    _file_for_folder, _folder_for_file, _huge,
)  # fmt: skip
