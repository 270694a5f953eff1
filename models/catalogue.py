"""Lists the published files that the program can fetch: reference models and label lists.

Each is pinned: repository, commit, path, size and SHA-256. A file with another hash is never used,
so neither a moved branch nor a mirror can change what a result was measured with.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .cache import cache_root
from .suite import SWW, TASKS

MLCOMMONS_TINY = "mlcommons/tiny"

MODELS_COMMIT = "1afd2c9820f795965a6134facd0b4dfae41ef23f"

_TRAINING = "benchmark/training"
_DATASETS = "benchmark/evaluation/datasets"


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedFile:
    """A pinned file is one file of one commit of a GitHub repository."""

    name: str
    """What the user calls it."""
    file_name: str
    """What it is called on disk, and in a folder that is searched for it."""
    repository: str
    commit: str
    path: str
    """Where it is inside the repository, with slashes."""
    sha256: str
    size_bytes: int
    licence: str
    """SPDX identifier."""

    @property
    def url(self) -> str:
        """Returns the address where it is published."""
        return f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/{self.path}"

    @property
    def cached_path(self) -> Path:
        """Returns where it stands once it is fetched."""
        return cache_root() / self.cache_folder / self.file_name

    @property
    def cache_folder(self) -> str:
        """Returns its folder inside the cache, with slashes."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceModel(PinnedFile):
    """A reference model is the int8 model that a closed-division submission starts from."""

    task: str
    """Key of the task it is for."""
    round_note: str
    """In which rounds it counts."""
    later_round: bool
    """It came after the four tasks that every round has."""

    @property
    def cache_folder(self) -> str:
        return "models"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelListFile(PinnedFile):
    """Is an official ``y_labels.csv``, under the name that ``datasets.official_lists`` gives it."""

    task: str

    @property
    def cache_folder(self) -> str:
        return f"labels/{TASKS[self.task].model_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingFile(PinnedFile):
    """Is a file of the streaming task: when words are spoken in a recording, or its recipe."""

    wav_file: str
    """The recording that it is of."""

    @property
    def cache_folder(self) -> str:
        return f"labels/{SWW.model_id}"


def _model(
    name: str,
    path: str,
    sha256: str,
    size_bytes: int,
    *,
    task: str,
    round_note: str = "every round",
) -> ReferenceModel:
    return ReferenceModel(
        name=name,
        file_name=path.rsplit("/", 1)[1],
        repository=MLCOMMONS_TINY,
        commit=MODELS_COMMIT,
        path=f"{_TRAINING}/{path}",
        sha256=sha256,
        size_bytes=size_bytes,
        licence="Apache-2.0",
        task=task,
        round_note=round_note,
        later_round=task not in TASKS,
    )


# Size and hash were taken from copies of the files of MODELS_COMMIT. The paths are those of
# mlcommons/tiny as public projects that pin these very hashes give them: kws at MODELS_COMMIT
# itself; ic, vww, ad and sww at its neighbour 4addd0fa08d216e20637637874e084895f289da4. ic2's is
# that of the commit that added it (05d65c62b90bc9d3a48b828b639b029283b3eb1b), with this size.
REFERENCE_MODELS: tuple[ReferenceModel, ...] = (
    _model(
        "vww",
        "visual_wake_words/trained_models/vww_96_int8.tflite",
        "597a384c8c2c8a1276f04702f25013b7838f2f814f1ca7c174d295b73e3d6b7b",
        333_288,
        task="vww",
    ),
    _model(
        "ic",
        "image_classification/trained_models/pretrainedResnet_quant.tflite",
        "3c002613d1b2475eb51dd78dfb85a546c8ae658dee71cf6ade43b022fe205415",
        98_496,
        task="ic",
    ),
    _model(
        "kws",
        "keyword_spotting/trained_models/kws_ref_model.tflite",
        "aeea436800704fce17b17292e4412630ad856e9d777c044c64ef748a880bd0ae",
        53_936,
        task="kws",
    ),
    _model(
        "ad",
        "anomaly_detection/trained_models/ad01_int8.tflite",
        "87cf24194ef93d1d9b11a591d805526b98008e351655d29883c825c9c106ba24",
        276_976,
        task="ad",
    ),
    _model(
        "sww",
        "streaming_wakeword/trained_models/str_ww_ref_model.tflite",
        "3af8550895ba7d5c584277102b5075c52dcfa63ba9d2b2240f37c4e6abd5dd2b",
        74_520,
        task="sww",
        round_note="from v1.3",
    ),
    _model(
        "ic2",
        "image_classification/trained_models/pretrainedResnet_large_int8.tflite",
        "dc27dcd823f5665533352f7da516b0c9bc6f089914b8283782e55961b3423fcf",
        512_024,
        task="ic2",
        round_note="from v1.4, with ic",
    ),
)


def _labels(
    name: str,
    task: str,
    commit: str,
    sha256: str,
    size_bytes: int,
    *,
    upstream_name: str = "y_labels.csv",
    file_name: str | None = None,
) -> LabelListFile:
    return LabelListFile(
        name=name,
        file_name=file_name or upstream_name,
        repository=MLCOMMONS_TINY,
        commit=commit,
        path=f"{_DATASETS}/{TASKS[task].model_id}/{upstream_name}",
        sha256=sha256,
        size_bytes=size_bytes,
        licence="Apache-2.0",
        task=task,
    )


# The hashes are of the files' own bytes (they have LF line ends), taken from copies. Each commit is
# one whose file was compared with the copy, as a public index of GitHub has its text:
# - ad01, ad01-reduced, ic01-2021: the whole text has this hash;
# - kws01, vww01, ic01: length and the rows looked at are the same; for kws01 and vww01 (and ad01)
#   this hash is also pinned by other public projects.
# EEMBC's own repository, eembc/energyrunner, held the 2021 list as well; no commit of it could be
# confirmed, while this one of mlcommons/tiny, from before the list was exchanged, could.
LABEL_LIST_FILES: tuple[LabelListFile, ...] = (
    _labels(
        "vww01",
        "vww",
        "6dff252349fcdcca762fd1aa0d1c47319d37d6f3",
        "3697ca57c48b23b21602ae9bdb32b1925407a1d41d79167cdfb365054cb9c33d",
        21_000,
    ),
    _labels(
        "ic01",
        "ic",
        "42c20356e69922a321dbf1a0d80dd3e05b986604",
        "79e1f19ad731f046983a1a4480bda6369df26c5acee47505a860f164fb58ccd4",
        5_709,
    ),
    _labels(
        "ic01-2021",
        "ic",
        "6dff252349fcdcca762fd1aa0d1c47319d37d6f3",
        "f7d22979b6f81a3dbf83e7a09ac488d0eb6090b62e4a02bc30245581c0802ec7",
        5_751,
        file_name="y_labels_2021.csv",
    ),
    _labels(
        "kws01",
        "kws",
        "14602536b654437c81a263e548e68b72b367840b",
        "6cb3709762d53fe64eb00eaf4a75796248bb3c1386f1d1f93ccdb07b071e9698",
        27_048,
    ),
    _labels(
        "ad01",
        "ad",
        "14602536b654437c81a263e548e68b72b367840b",
        "4ecd91868e197ee0a6739d4bd7abde73eac2fa31e9a88d6bc6aedefa136ff2a4",
        13_004,
    ),
    _labels(
        "ad01-reduced",
        "ad",
        "380f1174f5a1026900b11b7e0b38f23ee7fac749",
        "e1ac10e782bada1015d63585a05398e54e41429db599dc45de3ae67fe6cd8b4c",
        3_780,
        upstream_name="y_labels_alt.csv",
    ),
)


def _streaming(name: str, wav_file: str, path: str, sha256: str, size_bytes: int) -> StreamingFile:
    return StreamingFile(
        name=name,
        file_name=path.rsplit("/", 1)[1],
        repository=MLCOMMONS_TINY,
        commit=MODELS_COMMIT,
        path=f"benchmark/{path}",
        sha256=sha256,
        size_bytes=size_bytes,
        licence="Apache-2.0",
        wav_file=wav_file,
    )


# Size and hash were taken from copies of MODELS_COMMIT's files. A public index of GitHub has the
# same paths at earlier commits: the medium and the short one with this very text; the long one and
# the recipe with other words, from before they were changed.
STREAMING_FILES: tuple[StreamingFile, ...] = (
    _streaming(
        "sww01",
        "long_wav.wav",
        "runner/sww_data_dir/sww_long_test.json",
        "0dcaf559213930320cd2ad7143a484b9e82d79b9ea59b7434d3014179f873c1e",
        3_284,
    ),
    _streaming(
        "sww01-medium",
        "med_wav_2m_8p.wav",
        "runner/sww_data_dir/sww_med_test.json",
        "8cae641e59200ab39af4c3b38857489b1cc2a1a668ce6542a5ab7ec4a7823c63",
        631,
    ),
    _streaming(
        "sww01-short",
        "short_wav_easy10s.wav",
        "runner/sww_data_dir/sww_short_test.json",
        "c1da7de188c118a2abcffedc459469ea250b55a504f63f17110827a1298a6c08",
        216,
    ),
    _streaming(
        "sww01-recipe",
        "long_wav.wav",
        "training/streaming_wakeword/long_wav_spec.json",
        "729eb5240f7ef611973cbd113ca132081f671516d2d1058de14fe166fe378a73",
        9_523,
    ),
)

FETCHED_LISTS: tuple[LabelListFile | StreamingFile, ...] = (*LABEL_LIST_FILES, *STREAMING_FILES)
"""What `datasets fetch` gets."""


def identify(sha256: str) -> PinnedFile | None:
    """Returns the published file that has this hash; None if none of them has."""
    everything: tuple[PinnedFile, ...] = (*REFERENCE_MODELS, *FETCHED_LISTS)
    return next((item for item in everything if item.sha256 == sha256), None)
