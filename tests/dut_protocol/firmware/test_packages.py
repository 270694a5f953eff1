"""The packages for vendors' kits name files that are there, and the program's version."""

from __future__ import annotations

import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml
from support.firmware.build import FIRMWARE, need
from tinyrunner import __version__

RECORD = Path(__file__).resolve().parents[2] / "support" / "firmware" / "sdk" / "record.cmake"
SDK_PORTS = FIRMWARE / "ports" / "sdk"
LIBRARY = set((FIRMWARE / "src").glob("*.c"))
KERNELS = set((FIRMWARE / "kernels").glob("*.c"))
STREAMING = set((FIRMWARE / "streaming").glob("*.c"))
GENERIC = {FIRMWARE / "ports" / "generic" / name for name in ("port.c", "model.c")}


def recorded(lists: Path, **settings: str) -> dict[str, list[str]]:
    """The calls that a CMakeLists.txt makes of its kit, by command, on a stand-in of the kit."""
    defined = [f"-D{name}={value}" for name, value in settings.items()]
    command = [need("cmake"), *defined, f"-DLISTS={lists}", "-P", RECORD]
    environment = {"PICO_SDK_PATH": str(lists.parent), "IDF_PATH": "", "ZEPHYR_BASE": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    calls: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        name, *arguments = line.removeprefix("-- ").split(";")
        calls.setdefault(name, []).extend(arguments)
    return calls


def sources(arguments: list[str], folder: Path) -> set[Path]:
    """The C files among a command's arguments, which are there."""
    found = {(folder / name).resolve() for name in arguments if name.endswith(".c")}
    assert all(path.is_file() for path in found)
    return found


def test_all_packages_have_the_programs_version():
    properties = (FIRMWARE / "library.properties").read_text("utf-8")
    pack = ElementTree.parse(FIRMWARE / "tinyrunner.firmware.pdsc").getroot()
    versions = {
        re.search(r"^version=(.*)$", properties, re.MULTILINE)[1],
        json.loads((FIRMWARE / "library.json").read_text("utf-8"))["version"],
        yaml.safe_load((FIRMWARE / "idf_component.yml").read_text("utf-8"))["version"],
        pack.find("releases/release").get("version"),
        *(component.get("Cversion") for component in pack.iter("component")),
    }
    assert versions == {__version__}


def test_the_zephyr_module_brings_library_kernels_and_the_streaming_module():
    module = yaml.safe_load((FIRMWARE / "zephyr" / "module.yml").read_text("utf-8"))
    assert (FIRMWARE / module["build"]["kconfig"]).is_file()
    lists = FIRMWARE / module["build"]["cmake"] / "CMakeLists.txt"
    chosen = {"CONFIG_TINYRUNNER_DUT": "y", "CONFIG_TINYRUNNER_RING_BYTES": "256"}
    calls = recorded(lists, **chosen)
    assert sources(calls["zephyr_library_sources"], lists.parent) == LIBRARY
    assert calls["zephyr_compile_definitions"] == ["TR_RING_BYTES=256", "TR_WIRE_EXTENSION=0"]
    calls = recorded(
        lists, **chosen, CONFIG_TINYRUNNER_NN="y", CONFIG_TINYRUNNER_WIRE_EXTENSION="y"
    )
    assert sources(calls["zephyr_library_sources"], lists.parent) == LIBRARY | KERNELS
    assert calls["zephyr_compile_definitions"] == ["TR_RING_BYTES=256"]
    calls = recorded(lists, **chosen, CONFIG_TINYRUNNER_STREAM="y")
    assert sources(calls["zephyr_library_sources"], lists.parent) == LIBRARY | STREAMING
    assert "TR_OWN_COMMANDS=1" in calls["zephyr_compile_definitions"]
    assert recorded(lists) == {}


def test_every_zephyr_setting_of_ours_is_declared():
    declared = set(re.findall(r"^config (\w+)", (FIRMWARE / "zephyr/Kconfig").read_text(), re.M))
    used = (FIRMWARE / "zephyr/CMakeLists.txt").read_text() + (
        SDK_PORTS / "zephyr/prj.conf"
    ).read_text()
    assert set(re.findall(r"CONFIG_(TINYRUNNER_\w+)", used)) == declared


def test_the_esp_idf_component_brings_library_and_kernels():
    calls = recorded(FIRMWARE / "CMakeLists.txt", ESP_PLATFORM="1")
    registered = calls["idf_component_register"]
    assert sources(registered, FIRMWARE) == LIBRARY | KERNELS
    assert registered[registered.index("INCLUDE_DIRS") :] == ["INCLUDE_DIRS", "src", "kernels"]


def test_the_esp_idf_component_brings_the_streaming_module_where_it_is_asked_for():
    asked = {"ESP_PLATFORM": "1", "BUILDS": "1", "TINYRUNNER_STREAMING": "ON"}
    calls = recorded(FIRMWARE / "CMakeLists.txt", **asked)
    registered = calls["idf_component_register"]
    assert sources(registered, FIRMWARE) == LIBRARY | KERNELS | STREAMING
    assert registered[-1] == "streaming"
    assert calls["target_compile_definitions"] == ["PUBLIC", "TR_OWN_COMMANDS=1"]


def test_the_esp_idf_project_requires_the_component_by_its_folders_name():
    lists = SDK_PORTS / "esp_idf" / "main" / "CMakeLists.txt"
    registered = recorded(lists)["idf_component_register"]
    assert sources(registered, lists.parent) == GENERIC | {lists.parent / "board.c"}
    assert FIRMWARE.name in registered[registered.index("PRIV_REQUIRES") :]


@pytest.mark.parametrize(
    ("kit", "command"), [("zephyr", "target_sources"), ("pico", "add_executable")]
)
def test_an_application_is_board_main_loop_and_model(kit: str, command: str, tmp_path: Path):
    lists = SDK_PORTS / kit / "CMakeLists.txt"
    text = lists.read_text("utf-8").replace("${CMAKE_CURRENT_LIST_DIR}", str(lists.parent))
    copy = tmp_path / "CMakeLists.txt"
    copy.write_text(text, encoding="utf-8")
    (tmp_path / "external").mkdir()
    (tmp_path / "external" / "pico_sdk_import.cmake").touch()
    calls = recorded(copy)
    assert sources(calls[command], lists.parent) == GENERIC | {lists.parent / "board.c"}
    # A port.c includes the task.h beside it: that of the port that is named, and nothing else.
    (tmp_path / "mine").mkdir()
    names = ("port.c", "model.c", "network_model.c", "sound.c")
    mine = {tmp_path / "mine" / name for name in names}
    for path in mine:
        path.touch()
    calls = recorded(
        copy, TINYRUNNER_PORT=str(tmp_path / "mine"), TINYRUNNER_DEFINITIONS="BOARD_BAUD_RATE=9600"
    )
    assert sources(calls[command], lists.parent) == mine | {lists.parent / "board.c"}
    included = calls["target_include_directories"]
    assert included[included.index("PRIVATE") + 1 :] == [str(tmp_path / "mine")]
    assert "BOARD_BAUD_RATE=9600" in calls["target_compile_definitions"]


def test_the_pico_project_links_the_streaming_module_where_it_is_asked_for(tmp_path: Path):
    lists = SDK_PORTS / "pico" / "CMakeLists.txt"
    copy = tmp_path / "CMakeLists.txt"
    copy.write_text(lists.read_text("utf-8"), encoding="utf-8")
    (tmp_path / "external").mkdir()
    (tmp_path / "external" / "pico_sdk_import.cmake").touch()
    assert "tinyrunner_stream" not in recorded(copy)["target_link_libraries"]
    asked = recorded(copy, TINYRUNNER_STREAMING="ON")
    assert "tinyrunner_stream" in asked["target_link_libraries"]


def test_platformio_compiles_all_modules_and_finds_their_headers():
    library = json.loads((FIRMWARE / "library.json").read_text("utf-8"))
    patterns = [each.removeprefix("+<").removesuffix(">") for each in library["build"]["srcFilter"]]
    every = {path for each in patterns for path in FIRMWARE.glob(each)}
    assert every == LIBRARY | KERNELS | STREAMING
    folders = [each[2:] for each in library["build"]["flags"] if each.startswith("-I")]
    for header in library["headers"]:
        assert any((FIRMWARE / folder / header).is_file() for folder in folders)
    for example in library["examples"]:
        assert all((FIRMWARE / example["base"] / name).is_file() for name in example["files"])


def test_the_cmsis_pack_lists_every_file_of_all_modules():
    pack = ElementTree.parse(FIRMWARE / "tinyrunner.firmware.pdsc").getroot()
    vendor, name = pack.findtext("vendor"), pack.findtext("name")
    assert (FIRMWARE / f"{vendor}.{name}.pdsc").is_file()
    files = [FIRMWARE / each.get("name") for each in pack.iter("file")]
    assert all(path.exists() for path in files)
    compiled = {
        FIRMWARE / each.get("name")
        for each in pack.iter("file")
        if each.get("category") == "source" and each.get("attr") != "template"
    }
    assert compiled == LIBRARY | KERNELS | STREAMING


def test_the_arduino_library_keeps_to_the_specification():
    lines = (FIRMWARE / "library.properties").read_text("utf-8").splitlines()
    fields = dict(line.split("=", 1) for line in lines)
    demanded = "name version author maintainer sentence paragraph category url architectures"
    assert fields.keys() >= set(demanded.split())
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", fields["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", fields["version"])
    assert fields["category"] == "Communication"  # one of the specification's ten
    assert (FIRMWARE / "src" / fields["includes"]).is_file()
