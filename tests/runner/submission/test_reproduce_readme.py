"""The README says how to repeat a result: what it says, when done, gives the session again."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support.cli import document, only_session, tinyrunner
from support.sessions.altered import altered
from support.sessions.submission_trees import IMPLEMENTATION, write_description
from tinyrunner.runner.config.config import load_config
from tinyrunner.runner.submission.build import build
from tinyrunner.runner.submission.describe.description import load_description
from tinyrunner.runner.submission.session_files import HomeFolder
from tinyrunner.runner.terms import Mode


@pytest.fixture(scope="module")
def readme(built_tree) -> str:
    code = built_tree("v1.2") / "closed" / "Acme" / "code"
    path = code / "keyword_spotting" / IMPLEMENTATION / "README.md"
    return path.read_text(encoding="utf-8")


def commands(text: str) -> list[list[str]]:
    return [shlex.split(block) for block in re.findall(r"```sh\n(.+)\n```", text)]


def test_the_commands_make_the_same_sessions_again(readme, demo_sessions, tmp_path):
    found = commands(readme)
    assert len(found) == 3
    for words in found:
        assert words[:2] == ["tinyrunner", "run"]
        mode = words[words.index("--mode") + 1]
        ran = tinyrunner(*words[1:], "--sessions", tmp_path / mode)
        assert ran.status == 3, ran  # synthetic
        before = document(demo_sessions["kws", Mode(mode)])
        again = document(only_session(tmp_path / mode))
        assert again["result"] == before["result"]
        assert again["provenance"]["script_sha256"] == before["provenance"]["script_sha256"]


def test_the_configuration_is_one_that_can_be_given(readme, demo_sessions, tmp_path):
    (block,) = re.findall(r"```yaml\n(.+?)```", readme, re.DOTALL)
    path = tmp_path / "configuration.yaml"
    path.write_text(block, encoding="utf-8")
    config = load_config(path).to_json()
    assert config == document(demo_sessions["kws", Mode.ACCURACY])["provenance"]["config"]


def test_everything_that_identifies_a_session_is_told(readme, demo_sessions):
    for mode in Mode:
        provenance = document(demo_sessions["kws", mode])["provenance"]
        start = readme.index(f"/kws/{mode.value}\n")
        part = readme[start : readme.index("\n## ", start)]
        for value in (
            provenance["session_id"],
            provenance["device"]["model_id"],
            provenance["device"]["vendor"],
            provenance["device"]["profile"],
            f"baud rate | {provenance['device']['baud_rate']}",
            f"data bytes per db | {provenance['link']['data_bytes_per_db']}",
            provenance["dataset"]["labels_sha256"],
            provenance["dataset"]["content_sha256"],
            provenance["script_sha256"],
            provenance["simulated"]["model_sha256"],
            f"N, and warm-ups | {provenance['iterations']}, {provenance['warmups']}",
        ):
            assert value in part, value
    assert "not with the EEMBC runner" in readme
    assert provenance["tool"]["version"] in readme
    assert provenance["tool"]["python"] in readme
    assert provenance["tool"]["platform"] in readme
    assert "device was simulated" in readme


def test_settings_without_a_flag_ask_for_the_configuration(demo_sessions, tmp_path):
    place = ("kws", Mode.PERFORMANCE)
    changes = {"config.dut.boot_wait_s": 7.5, "config.dut.baud_rate": 9600, "config.limit": 5}
    session = altered(demo_sessions[place], tmp_path / "s", changes)
    description = load_description(write_description(tmp_path / "d", {place: session}))
    code = build(description, tmp_path / "o").root / "code" / "keyword_spotting"
    text = (code / IMPLEMENTATION / "README.md").read_text(encoding="utf-8")
    (words,) = commands(text)
    assert words[words.index("--config") + 1] == "configuration.yaml"
    assert words[words.index("--baud-rate") + 1] == "9600"
    assert words[words.index("--limit") + 1] == "5"
    assert "boot_wait_s: 7.5" in text


def test_settings_of_another_mode_are_no_flags_of_the_command(demo_sessions, tmp_path):
    place = ("kws", Mode.ACCURACY)
    changes = {"config.monitor.supply_v": 3.0, "config.iterations": 20, "config.no_board": True}
    session = altered(demo_sessions[place], tmp_path / "s", changes | {"config.limit": 5})
    description = load_description(write_description(tmp_path / "d", {place: session}))
    code = build(description, tmp_path / "o").root / "code" / "keyword_spotting"
    (words,) = commands((code / IMPLEMENTATION / "README.md").read_text(encoding="utf-8"))
    assert words[words.index("--limit") + 1] == "5"
    assert not {"--supply-v", "--iterations", "--no-board"} & {*words}


@pytest.mark.parametrize(
    ("home", "text", "hidden"),
    [
        ("/home/ada", "/home/ada/data/kws01", "~/data/kws01"),
        ("/home/ada", "/home/ada", "~"),
        ("/home/ada", "in /home/ada/x and /home/ada/y", "in ~/x and ~/y"),
        ("/home/ada", "/home/adam/x", "/home/adam/x"),
        ("/home/ada", "/mnt/home/ada/x", "/mnt/home/ada/x"),
        ("/root", "/root/.cache", "~/.cache"),
        ("/root", "chroot/root/x", "chroot/root/x"),
        ("/", "/data/x", "/data/x"),
    ],
)
def test_a_home_folder_is_replaced_where_it_is_one(home, text, hidden):
    assert HomeFolder(Path(home)).hidden(text) == hidden
