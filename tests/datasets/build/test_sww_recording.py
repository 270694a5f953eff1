from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from support.clips import sawtooth, write_wav
from support.reference import reference_path
from tinyrunner.datasets.build.build_dataset import BuildFailed
from tinyrunner.datasets.build.sww_recording import (
    build_recording,
    differences,
    read_recipe,
    trimmed,
)
from tinyrunner.datasets.errors import DatasetError
from tinyrunner.datasets.streaming.sound import Recording
from tinyrunner.datasets.streaming.truth import StreamingTruth, read_truths


def write_recipe(path: Path, backgrounds: list, words: list, length_s: float) -> Path:
    music, marvin = "{musan_path}/music/", "{speech_commands_path}/marvin/"
    recipe = {
        "configs_background": [[music + name, *rest] for name, *rest in backgrounds],
        "configs_wakeword": [[marvin + name, *rest] for name, *rest in words],
        "length_sec": length_s,
        "sample_rate": 16000,
    }
    path.write_text(json.dumps(recipe))
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Both data sets in small, and a clip of the same name of another word."""
    music, speech = tmp_path / "data" / "musan" / "music", tmp_path / "data" / "speech_commands"
    write_wav(music / "a.wav", sawtooth(16000 * 6, 1))
    write_wav(music / "b.wav", sawtooth(16000 * 6, 2))
    quiet = np.concatenate((np.ones(500, np.int64), sawtooth(6000, 3), np.ones(700, np.int64)))
    write_wav(speech / "marvin" / "x_nohash_0.wav", quiet)
    write_wav(speech / "yes" / "x_nohash_0.wav", sawtooth(9000, 4))
    return tmp_path / "data"


def test_the_published_short_clip_is_made_of_its_own_words(tmp_path: Path) -> None:
    """Holds trimming, levels, scaling and the odd peak against a recording not made here.

    The clip's first two words lie in silence, so that they can be cut out and put back by the
    published recipe (words at 1 s and 4 s with levels 0.7 and 0.8; length and places are those of
    its truth); what is heard behind 5 s is put back as a background.
    """
    clip = Recording.open(reference_path("datasets", "sww01", "short_wav_easy10s.wav")).whole()
    (truth,) = read_truths(reference_path("datasets", "sww01", "sww_short_test.json"))
    as_mixed = clip.astype(float)
    as_mixed[as_mixed.argmin()] = 32767  # the peak, which became -32768 in the published file
    data = tmp_path / "data"
    for number, begin, count in ((1, 16000, 10362), (2, 64000, 12188)):
        word = as_mixed[begin : begin + count]
        loud = np.concatenate((np.zeros(40), word, [3000], np.zeros(30)))
        write_wav(data / "marvin" / f"{number}.wav", loud)
    write_wav(data / "music" / "rest.wav", clip[80000:])
    unit = np.std(as_mixed[16000:26362]) / 0.7
    recipe = read_recipe(
        write_recipe(
            tmp_path / "short_wav_easy10s_spec.json",
            [("rest.wav", 5.0, 10.0, float(np.std(clip[80000:]) / unit))],
            [("1.wav", 1.0, 0.7), ("2.wav", 4.0, 0.8)],
            10.0,
        )
    )
    built = build_recording(recipe, data, tmp_path)
    assert built.recording.path.name == truth.wav_file
    assert built.recording.unplayable is None
    assert built.truth.windows_s == truth.windows_s[:2]
    made = built.recording.whole()
    assert np.abs(made.astype(int) - clip).max() <= 2
    assert made.argmin() == clip.argmin()


def test_a_clip_is_trimmed_to_what_is_louder_than_a_twentieth_of_its_peak() -> None:
    samples = np.array([0, 4, -900, 50, 100, 5, 5, 51, 9, 3], np.int16)
    assert trimmed(samples).tolist() == [50, 100, 5, 5, 51]
    assert len(trimmed(np.zeros(9, np.int16))) == 0


def test_a_recording_is_made_piece_by_piece_and_its_truth_beside_it(
    tmp_path: Path, source: Path
) -> None:
    recipe = read_recipe(
        write_recipe(
            tmp_path / "long_wav_spec.json",
            [("a.wav", 0.5, 6.0, 0.1), ("b.wav", 3.0, 9.0, 0.3)],
            [("x_nohash_0.wav", 1.25, 0.5), ("x_nohash_0.wav", 5.0, 0.25)],
            12.0,
        )
    )
    built = build_recording(recipe, source, tmp_path / "out")
    count = len(trimmed(Recording.open(source / "speech_commands/marvin/x_nohash_0.wav").whole()))
    assert 5500 < count < 6000  # the clip has 7200
    windows = ((1.25, 1.25 + count / 16000), (5.0, 5.0 + count / 16000))
    (truth,) = read_truths(tmp_path / "out" / "sww01" / "sww_long_test.json")
    assert (truth.windows_s, truth.length_s, truth.wav_file) == (windows, 12.0, "long_wav.wav")
    sound = built.recording.whole().astype(float)
    assert len(sound) == 12 * 16000
    assert not sound[:8000].any()
    assert not sound[9 * 16000 :].any()
    ratio = np.std(sound[8000 : 8000 + 12000]) / np.std(sound[6 * 16000 : 9 * 16000])
    assert ratio == pytest.approx(0.1 / 0.3, rel=0.1)
    again = build_recording(recipe, source, tmp_path / "out", official=truth)
    assert (again.unchanged, again.differing) == (True, ())
    assert not list((tmp_path / "out" / "sww01").glob(".*"))


def test_words_elsewhere_than_officially_are_named(tmp_path: Path, source: Path) -> None:
    recipe = read_recipe(
        write_recipe(tmp_path / "a_spec.json", [], [("x_nohash_0.wav", 1.0, 0.5)] * 2, 4.0)
    )
    truth = build_recording(recipe, source, tmp_path).truth
    moved = (truth.windows_s[0], (1.0, truth.windows_s[1][1] + 0.01))
    official = StreamingTruth("a.wav", moved, 4.0, 16000, "here")
    (text,) = differences(recipe, truth, official)
    assert text == (
        "marvin/x_nohash_0.wav: from 1.0000 to 1.3555 s, officially from 1.0000 to 1.3655 s"
    )
    fewer = StreamingTruth("a.wav", moved[:1], 4.0, 16000, "here")
    assert differences(recipe, truth, fewer) == ("2 words, officially 1",)


def test_the_official_recipe_asks_for_the_official_windows(tmp_path: Path) -> None:
    recipe = read_recipe(reference_path("datasets", "sww01", "long_wav_spec.json"))
    (truth,) = read_truths(reference_path("datasets", "sww01", "sww_long_test.json"))
    assert (recipe.wav_file, recipe.truth_file) == ("long_wav.wav", "sww_long_test.json")
    assert [part.begin_s for part in recipe.words] == [begin for begin, _ in truth.windows_s]
    assert (len(recipe.backgrounds), recipe.length_s) == (19, 1200.0)
    with pytest.raises(BuildFailed) as caught:
        build_recording(recipe, tmp_path, tmp_path / "out")
    assert "long_wav.wav cannot be made; nothing was written" in str(caught.value)
    assert "speech/librivox/speech-librivox-0149.wav: not there" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_twenty_minutes_take_no_more_memory_than_two(tmp_path: Path, source: Path) -> None:
    peaks = []
    for length_s in (60.0, 300.0):
        recipe = write_recipe(
            tmp_path / "a_spec.json",
            [("a.wav", 0.0, 6.0, 0.1)],
            [("x_nohash_0.wav", length_s - 2, 0.5)],
            length_s,
        )
        tracemalloc.start()
        build_recording(read_recipe(recipe), source, tmp_path / str(length_s))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


@pytest.mark.parametrize(
    ("backgrounds", "words", "expected"),
    [
        ([("a.wav", 0.0, 7.0, 0.1)], [], "a.wav: 6 s; 7 s of it are heard"),
        ([("none.wav", 0.0, 7.0, 0.1)], [], "music/none.wav: not there"),
        ([], [("x_nohash_0.wav", 9.7, 0.5)], "goes on behind the end of the recording"),
        ([("still.wav", 0.0, 1.0, 0.1)], [], "still.wav: silent"),
        ([("twice.wav", 0.0, 1.0, 0.1)], [], "could be meant; name a narrower folder"),
        ([("stereo.wav", 0.0, 1.0, 0.1)], [], "2 channels; expected mono"),
    ],
)
def test_a_part_that_cannot_be_used_is_named(
    tmp_path: Path, source: Path, backgrounds: list, words: list, expected: str
) -> None:
    music = source / "musan" / "music"
    write_wav(music / "still.wav", np.zeros(16000))
    write_wav(music / "stereo.wav", sawtooth(16000), channels=2)
    for folder in (music, source / "old" / "music"):
        write_wav(folder / "twice.wav", sawtooth(16000))
    recipe = read_recipe(write_recipe(tmp_path / "r_spec.json", backgrounds, words, 10.0))
    with pytest.raises(BuildFailed, match=expected):
        build_recording(recipe, source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"length_sec": 0}, "`length_sec` has to be within 0 and 7200 s"),
        ({"length_sec": float("nan")}, "`length_sec`"),
        ({"length_sec": 10**400}, "`length_sec`"),
        ({"sample_rate": 8000}, "`sample_rate` is 8000, expected 16000 Hz"),
        ({"configs_background": None}, "expected a list as `configs_background`"),
        ({"configs_background": [["a/b.wav", 1.0]]}, r"expected \[path, begin, end, level\]"),
        ({"configs_wakeword": [["a/b.wav", 1.0, "x"]]}, r"expected \[path, begin, level\]"),
        ({"configs_wakeword": [["b.wav", 1.0, 0.5]]}, "expected a file in a folder"),
        ({"configs_background": [["a/b.wav", 5.0, 11.0, 0.5]]}, "heard within the 10 s"),
        ({"configs_wakeword": [["a/b.wav", 5.0, 1e300]]}, "at a level up to 1000"),
    ],
)
def test_a_recipe_that_is_none_is_refused(tmp_path: Path, change: dict, expected: str) -> None:
    path = write_recipe(tmp_path / "r_spec.json", [], [], 10.0)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DatasetError, match=expected):
        read_recipe(path)
    path.write_text("[]")
    with pytest.raises(DatasetError, match=r"expected a recipe such as long_wav_spec\.json"):
        read_recipe(path)


def test_another_recording_of_the_name_is_kept(tmp_path: Path, source: Path) -> None:
    recipe = read_recipe(
        write_recipe(tmp_path / "a_spec.json", [], [("x_nohash_0.wav", 1.0, 0.5)], 4.0)
    )
    write_wav(tmp_path / "sww01" / "a.wav", sawtooth(100))
    with pytest.raises(DatasetError, match="other contents than the build made"):
        build_recording(recipe, source, tmp_path)
    assert Recording.open(tmp_path / "sww01" / "a.wav").samples == 100
    assert not build_recording(recipe, source, tmp_path, overwrite=True).unchanged
    (tmp_path / "sww01" / "sww_a_test.json").write_text("mine")
    with pytest.raises(DatasetError, match="other words than the build made"):
        build_recording(recipe, source, tmp_path)
    assert (tmp_path / "sww01" / "sww_a_test.json").read_text() == "mine"
    assert build_recording(recipe, source, tmp_path, overwrite=True).unchanged


def test_data_sets_may_be_linked_into_the_folder(tmp_path: Path, source: Path) -> None:
    together = tmp_path / "together"
    together.mkdir()
    try:
        (together / "speech").symlink_to(source / "speech_commands")
        (together / "loop").symlink_to(together)
    except OSError:
        pytest.skip("this system has no symbolic links for everybody")
    recipe = read_recipe(
        write_recipe(tmp_path / "a_spec.json", [], [("x_nohash_0.wav", 1.0, 0.5)], 4.0)
    )
    assert len(build_recording(recipe, together, tmp_path).truth.windows_s) == 1
    recipe = read_recipe(write_recipe(tmp_path / "none_spec.json", [], [], 4.0))
    with pytest.raises(DatasetError, match="nothing is heard in this recording"):
        build_recording(recipe, together, tmp_path / "new")
    assert not (tmp_path / "new").exists()
