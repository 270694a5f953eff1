"""``tinyrunner firmware``: port skeletons that build, and models as C."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.firmware.build import C99, CHECKOUT, build, cmake_build, library_sources, need, run
from support.firmware.qemu_board import BoardTalk, EmulatedBoard, firmware_image
from support.firmware.tflite_file import write_unknown
from support.reference import reference_path
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.suite import AD, IC, KWS, TASKS, VWW, Task
from tinyrunner.runner.commands.prepare.boards import BOARDS
from tinyrunner.runner.commands.prepare.new_port import (
    SOURCES,
    SWW_FRAMES,
    copy_library,
    new_port,
)
from tinyrunner.runner.errors import SetupError
from typer.testing import CliRunner

GENERIC, QEMU = BOARDS["generic"], BOARDS["qemu-mps2"]
PORT_BOARD = CHECKOUT / "tests" / "support" / "firmware" / "programs" / "port_board.c"
PORT_PROJECT = """\
cmake_minimum_required(VERSION 3.13)
project(port C)
add_subdirectory(library)
add_library(port STATIC port.c board.c model.c)
target_link_libraries(port PRIVATE tinyrunner_dut)
"""


def firmware(*arguments: str):
    from tinyrunner.runner.commands.app import app

    return CliRunner().invoke(app, ["firmware", *arguments])


def make(folder: Path, *arguments: str) -> None:
    need("make")
    done = subprocess.run(
        ["make", "-C", folder, *arguments], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr


@pytest.mark.parametrize("task", [KWS.key, SWW_FRAMES.key])
def test_a_generic_port_builds_as_it_is(task: str, tmp_path):
    """The other tasks' have another task.h alone, which is compiled below."""
    need("cc")
    assert firmware("new", str(tmp_path / "p"), "--task", task).exit_code == 0
    make(tmp_path / "p")
    assert (tmp_path / "p/build/libfirmware.a").stat().st_size > 5000


def test_the_library_is_copied_whole_and_nothing_is_overwritten(tmp_path):
    copied = firmware("library", str(tmp_path / "lib"))
    assert copied.exit_code == 0
    assert copied.stdout.strip() == str(tmp_path / "lib")
    named = re.findall(r"\S+/README\.md", copied.stderr.replace("\\", "/"))
    assert len(named) == 2
    assert all(Path(each).is_file() for each in named)
    for path in (path for path in SOURCES.rglob("*") if path.is_file()):
        assert (tmp_path / "lib" / path.relative_to(SOURCES)).read_bytes() == path.read_bytes()
    with pytest.raises(SetupError, match="the library goes into an empty folder"):
        copy_library(tmp_path)


def test_a_generic_port_builds_for_a_small_processor(tmp_path):
    compiler = need("arm-none-eabi-gcc")
    new_port(tmp_path / "p", KWS, GENERIC, None)
    make(tmp_path / "p", f"CC={compiler}", "AR=arm-none-eabi-ar", "CPU=-mcpu=cortex-m0 -mthumb")


@pytest.mark.parametrize(
    ("task", "sizes"),
    [(VWW, (27648, 2, 1)), (IC, (3072, 10, 1)), (KWS, (490, 12, 0)), (AD, (2560, 1, 0))],
    ids=lambda value: getattr(value, "key", ""),
)
def test_a_port_has_the_tasks_sizes(task: Task, sizes: tuple[int, ...], tmp_path):
    new_port(tmp_path, task, GENERIC, None)
    text = (tmp_path / "task.h").read_text("utf-8")
    for name, value in zip(("INPUT_BYTES", "SCORES", "INPUT_IS_UINT8"), sizes, strict=True):
        assert f"#define TASK_{name} {value}\n" in text
    assert f'#define TASK_MODEL_ID "{task.model_id}"\n' in text


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_generic_port_answers_with_the_tasks_sizes(task: Task, tmp_path):
    """With a board.c whose UART is standard input and output."""
    new_port(tmp_path, task, GENERIC, None)
    library = build("gcc", [*C99, "-r", "-nostdlib"], library_sources(), "library.o")
    sources = [PORT_BOARD, *(tmp_path / name for name in ("port.c", "model.c")), library]
    program = tmp_path / "device"
    folders = ["-I", tmp_path, "-I", tmp_path / "library"]
    run([need("gcc"), *C99, *folders, *sources, "-o", program])
    too_many = task.input_bytes + 1
    commands = f"name%profile%db load {too_many}%db load {task.input_bytes}%infer 1 0%"
    done = subprocess.run([program], input=commands.encode(), capture_output=True, timeout=60)
    replies = done.stdout.decode("ascii")
    assert "m-name-dut-[my-board]\r\n" in replies
    assert f"m-model-[{task.model_id}]\r\n" in replies
    assert f"size {too_many} exceeds maximum of {task.input_bytes}\n" in replies
    assert f"m-[Expecting {task.input_bytes} bytes]\r\n" in replies
    assert f"m-results-[{','.join(['0.000'] * task.score_count)}]\r\n" in replies


def test_a_generic_port_of_a_streaming_task_starts_and_stops(tmp_path):
    """Also as C++; its silent model hears nothing, and one frame of zeros is loaded."""
    new_port(tmp_path, SWW_FRAMES, GENERIC, None)
    folders = [tmp_path, tmp_path / "library", tmp_path / "streaming"]
    sources = [
        PORT_BOARD,
        *(path for folder in folders for path in folder.glob("*.c") if path.name != "board.c"),
    ]
    includes = [flag for folder in folders for flag in ("-I", folder)]
    more = ["-DTR_OWN_COMMANDS=1", "-DTR_RING_BYTES=4096", *includes, *sources]
    commands = "profile%start%stop%stop%db load 1024%" + 32 * f"db {64 * '0'}%" + "infer 1 0%"
    for compiler, flags in (("gcc", C99), ("g++", ("-x", "c++", "-std=c++17", *C99[1:]))):
        run([need(compiler), *flags, *more, "-o", tmp_path / "device"])
        done = subprocess.run(
            [tmp_path / "device"], input=commands.encode(), capture_output=True, timeout=60
        )
        replies = done.stdout.decode("ascii")
        for said in (
            "m-model-[sww01]\r\n", "DMA receive initiated.\r\n", "activations: \r\n[]\r\n",
            "I2S is already idle.", "m-load-done\r\n", "m-results-[0.000,0.000,0.000]\r\n",
        ):  # fmt: skip
            assert said in replies


def test_a_generic_port_with_a_model_runs_it(tmp_path):
    """The scores are those of a network, and add up to 1."""
    port, answers = tmp_path / "p", []
    made = firmware("new", str(port), "--task", "kws", "--model", str(demo_model_path(KWS)))
    assert made.exit_code == 0
    shutil.copy(PORT_BOARD, port / "board.c")
    make(port, "CC=gcc", "CPPFLAGS=-DTR_RING_BYTES=4096")
    program = tmp_path / "device"
    run([need("gcc"), port / "build" / "libfirmware.a", "-o", program])
    for byte in (b"00", b"7f"):
        load = b"db load 490%" + 49 * (b"db " + 10 * byte + b"%") + b"infer 1 0%"
        done = subprocess.run([program], input=load, capture_output=True, timeout=60)
        scores = re.search(rb"m-results-\[([0-9.,]+)\]", done.stdout)
        assert scores is not None
        answers.append([float(score) for score in scores[1].split(b",")])
    assert all(sum(scores) == pytest.approx(1, abs=0.02) for scores in answers)
    assert answers[0] != answers[1]


def test_the_repositorys_generic_port_is_the_one_that_is_written_for_kws(tmp_path):
    new_port(tmp_path, KWS, GENERIC, None)
    for path in (SOURCES / "ports" / "generic").glob("*.[ch]"):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()
    assert (SOURCES / "ports" / "generic" / "task.h").is_file()


def test_the_repositorys_generic_port_builds_where_it_stands(tmp_path):
    need("cc")
    make(SOURCES / "ports" / "generic", f"OUT={tmp_path}")
    assert (tmp_path / "libfirmware.a").stat().st_size > 5000


def test_a_ports_library_is_a_target_of_cmake(tmp_path):
    new_port(tmp_path / "p", KWS, GENERIC, None)
    (tmp_path / "p/CMakeLists.txt").write_text(PORT_PROJECT, "utf-8")
    cmake_build(tmp_path / "p", tmp_path / "build")
    assert list((tmp_path / "build").glob("*port*"))


def test_a_port_stands_alone(tmp_path):
    """Nothing in it points out of its folder, and what it includes is there."""
    for task, board, model in (
        (KWS, GENERIC, None),
        (SWW_FRAMES, GENERIC, None),
        (KWS, QEMU, demo_model_path(KWS)),
        (AD, GENERIC, demo_model_path(AD)),
        (SWW_FRAMES, QEMU, reference_path("models", "str_ww_ref_model.tflite")),
        *((KWS, board, None) for board in BOARDS.values() if board.runs_model),
    ):
        folder = tmp_path / task.key / board.key / str(model is None)
        files = new_port(folder, task, board, model)
        names = {path.name for path in files}
        assert {"README.md", "GUIDE.md"} <= names
        for path in files:
            text = path.read_text("utf-8")
            assert "../" not in text
            for included in re.findall(r'#include "([^"]+)"', text):
                assert included in names, f"{path.name} includes {included}"


def test_a_port_of_the_emulated_board_boots_and_says_that_it_is_in_qemu(tmp_path):
    """It is byte for byte what the other tests of boards build."""
    written, asked = tmp_path / "p", ("--task", "kws", "--board", "qemu-mps2")
    assert firmware("new", str(written), *asked).exit_code == 0
    image = firmware_image(KWS, demo_model_path(KWS))
    (port,) = (folder for folder in image.parents if (folder / "board.mk").exists())
    names = [path.relative_to(written) for path in written.rglob("*") if path.is_file()]
    assert len(names) > 30
    for name in names:
        assert (written / name).read_bytes() == (port / name).read_bytes(), name
    with EmulatedBoard(image) as board, BoardTalk(board) as device:
        assert device.answer(1).startswith(b"m-timestamp-mode-performance\r\n")
        named = b"m-name-dut-[tinyrunner-simulated (qemu-mps2-an386 in QEMU)]\r\nm-ready\r\n"
        assert device.ask(b"name%") == named
        assert b"m-model-[kws01]" in device.ask(b"profile%")


@pytest.mark.parametrize("there", [False, True], ids=["a new folder", "an empty folder"])
def test_what_was_begun_is_removed_where_the_disk_is_full(there: bool, tmp_path, monkeypatch):
    """So that the next try finds the folder empty."""
    folder, written = tmp_path / "f", []

    def full(path: Path, _: object) -> None:
        if len(written) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(path)
        path.touch()

    monkeypatch.setattr("tinyrunner.runner.commands.prepare.new_port.write_new", full)
    monkeypatch.setattr(Path, "write_bytes", full)
    for begin in (lambda: new_port(folder, KWS, GENERIC, None), lambda: copy_library(folder)):
        if there:
            folder.mkdir(exist_ok=True)
        with pytest.raises(OSError, match="No space left") as failed:
            begin()
        assert len(written) == 3
        assert folder.exists() is there
        assert not there or not any(folder.iterdir())
        written.clear()
    assert folder in Path(failed.value.filename).parents


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("TOOLS=none-",),
            "none-gcc is not found. Debian and Ubuntu have it in: gcc-arm-none-eabi",
        ),
        (("run", "QEMU=no-qemu -M x"), "no-qemu is not found. Debian and Ubuntu have it in: qemu-"),
    ],
    ids=["compiler", "emulator"],
)
def test_a_program_that_is_not_there_is_told_with_what_brings_it(words, said, tmp_path):
    for tool in ("make", "arm-none-eabi-gcc"):
        need(tool)
    new_port(tmp_path / "p", KWS, BOARDS["stm32f405"], None)
    done = subprocess.run(
        ["make", "-C", tmp_path / "p", *words], capture_output=True, text=True, timeout=300
    )
    assert done.returncode != 0
    assert said in done.stderr
    assert "It waits for its host" not in done.stdout


def test_a_custom_task_has_the_sizes_of_its_configuration(tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text(
        "custom:\n  model_id: mynet01\n  input: int8\n  input_bytes: 1024\n  classes: 5\n", "utf-8"
    )
    done = firmware("new", str(tmp_path / "p"), "--task", "custom", "--config", str(config))
    assert done.exit_code == 0
    text = (tmp_path / "p/task.h").read_text("utf-8")
    assert "#define TASK_INPUT_BYTES 1024\n" in text
    assert '#define TASK_MODEL_ID "mynet01"\n' in text


def test_a_chip_that_the_model_does_not_fit_is_told_by_its_bytes_before_anything_is_written(
    tmp_path,
):
    """What is reckoned with is what the linker finds: ad, which does fit, builds in the 8 kB."""
    small = ("--board", "stm32f100")
    done = firmware("new", str(tmp_path / "p"), "--task", "kws", *small)
    assert isinstance(done.exception, SetupError)
    assert re.search(r"takes 8,\d+ bytes of RAM, and the chip has 8,192", str(done.exception))
    assert not (tmp_path / "p").exists()
    assert firmware("new", str(tmp_path / "ad"), "--task", "ad", *small).exit_code == 0
    assert firmware_image(AD, demo_model_path(AD), board="stm32f100").exists()


def test_the_boards_are_shown_with_what_was_run():
    told = firmware("boards")
    assert told.exit_code == 0
    assert [line.split()[0] for line in told.stdout.splitlines()[1 : 1 + len(BOARDS)]] == [*BOARDS]
    assert "Nothing was run on silicon" in told.stdout
    rows = json.loads(firmware("boards", "--json").stdout)
    assert {row["board"]: row["ran"] for row in rows} == {
        board.key: board.ran for board in BOARDS.values()
    }


# ---- refusals ------------------------------------------------------------------------------------


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "task.h").write_text("mine", "utf-8")
    with pytest.raises(SetupError, match="goes into an empty folder"):
        new_port(tmp_path, KWS, GENERIC, None)
    assert (tmp_path / "task.h").read_text("utf-8") == "mine"
    with pytest.raises(SetupError, match="goes into an empty folder"):
        new_port(tmp_path / "task.h", KWS, GENERIC, None)


def test_a_model_of_another_task_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(SetupError, match="is no model for kws: it takes 640 numbers and gives 640"):
        new_port(tmp_path / "p", KWS, QEMU, demo_model_path(AD))
    assert not (tmp_path / "p").exists()


def test_a_model_without_kernels_is_refused_and_nothing_written(tmp_path):
    model = write_unknown(tmp_path / "x.tflite", 49)
    with pytest.raises(SetupError, match=r"no kernel for operator 0 \(SPLIT\)"):
        new_port(tmp_path / "p", IC, QEMU, model)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--task", "kws", "--board", "qemu-mps3"), "did you mean qemu-mps2?"),
        (("--task", "asr"), "no task 'asr'"),
        (("--task", "kws", "--board", "esp32"), "--board generic is a port to fill in"),
        (("--task", "kws", "--model", "x.tflite"), "cannot read the model"),
        (("--task", "sww", "--model", "demo"), "`run_model()` in model.c to be filled in"),
        (("--task", "kws", "--board", "qemu-mps2", "--model", "x.tflite"), "cannot read the model"),
        (("--task", "sww", "--board", "stm32f405", "--model", "x.tflite"), "has no pins for sww"),
        (("--task", "sww", "--board", "stm32f405", "--model", "none"), "use --board generic"),
    ],
)
def test_a_wrong_option_says_what_there_is(arguments, said, tmp_path):
    done = firmware("new", str(tmp_path / "p"), *arguments)
    assert isinstance(done.exception, SetupError)
    assert said in str(done.exception)


# ---- export --------------------------------------------------------------------------------------


def test_export_names_its_files_after_the_model(tmp_path):
    model = tmp_path / "2nd Net-v1.tflite"
    model.write_bytes(demo_model_path(KWS).read_bytes())
    done = firmware("export", str(model), "--out", str(tmp_path / "c"))
    assert done.exit_code == 0
    assert [Path(line).name for line in done.stdout.splitlines()] == [
        "nd_net_v1_model.h",
        "nd_net_v1_model.c",
    ]
    assert "void nd_net_v1_infer(" in (tmp_path / "c/nd_net_v1_model.h").read_text("ascii")


def test_export_says_what_it_cannot(tmp_path):
    model = write_unknown(tmp_path / "x.tflite", 49)
    done = firmware("export", str(model), "--out", str(tmp_path / "c"))
    assert isinstance(done.exception, SetupError)
    assert "operator 0 (SPLIT)" in str(done.exception)


def test_export_without_a_folder_wants_to_know_what_for():
    done = firmware("export", str(demo_model_path(KWS)))
    assert isinstance(done.exception, SetupError)
    assert "--out DIR" in str(done.exception)


def test_the_report_tells_layers_memory_and_flash_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = firmware("export", str(demo_model_path(IC)), "--report")
    assert done.exit_code == 0
    assert not list(tmp_path.iterdir())
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["layer", "output", "MACs", "flash,", "bytes"]
    assert any(line.startswith("sum ") for line in lines)
    assert re.search(
        r"^arena [\d ]+ bytes, beside 3 072 of input and 10 of output$", done.stdout, re.M
    )
    assert re.search(r"^flash [\d ]+ bytes with the kernels", done.stdout, re.M)
