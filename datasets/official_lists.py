"""Knows the label lists in circulation by the hash of their rows.

A published submission may use one list for accuracy and another for performance; the user is
told which one a run had. The hashes are :attr:`LabelList.sha256`, over the normalised rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from .labels import LabelList


@dataclass(frozen=True, slots=True)
class OfficialList:
    """An official list is a published one; ``task`` is the task's key."""

    task: str
    name: str
    title: str
    sha256: str
    file_count: int


OFFICIAL_LISTS: tuple[OfficialList, ...] = (
    OfficialList(
        task="vww",
        name="vww01",
        title="the official vww01 list",
        sha256="3697ca57c48b23b21602ae9bdb32b1925407a1d41d79167cdfb365054cb9c33d",
        file_count=1000,
    ),
    OfficialList(
        task="ic",
        name="ic01",
        title="the current MLCommons ic01 list (20 images a class)",
        sha256="79e1f19ad731f046983a1a4480bda6369df26c5acee47505a860f164fb58ccd4",
        file_count=200,
    ),
    OfficialList(
        task="ic",
        name="ic01-2021",
        title="the 2021 EEMBC ic01 list (14 to 28 images a class)",
        sha256="f7d22979b6f81a3dbf83e7a09ac488d0eb6090b62e4a02bc30245581c0802ec7",
        file_count=200,
    ),
    OfficialList(
        task="kws",
        name="kws01",
        title="the official kws01 list",
        sha256="6cb3709762d53fe64eb00eaf4a75796248bb3c1386f1d1f93ccdb07b071e9698",
        file_count=1000,
    ),
    OfficialList(
        task="ad",
        name="ad01",
        title="the official ad01 list",
        sha256="4ecd91868e197ee0a6739d4bd7abde73eac2fa31e9a88d6bc6aedefa136ff2a4",
        file_count=248,
    ),
    OfficialList(
        task="ad",
        name="ad01-reduced",
        title="the official reduced ad01 list (72 files, accepted from round v1.2)",
        sha256="e1ac10e782bada1015d63585a05398e54e41429db599dc45de3ae67fe6cd8b4c",
        file_count=72,
    ),
)


def identify(labels: LabelList) -> OfficialList | None:
    """Returns the published list that this is, row for row and in order; None if it is none."""
    return next((known for known in OFFICIAL_LISTS if known.sha256 == labels.sha256), None)
