"""Makes the documentation's site: `python docs/make/build_site.py [OUT]`, with the extra `docs`.

The pages keep the places that they have in the repository, so that a link holds here and there.
What the program knows better is written from it: the command line, the configuration, the examples
of configurations, the wirings. A dead link or any other warning fails.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import reference
import wiring
from dialogues import dialogues

MAKE = Path(__file__).resolve().parent
CHECKOUT = MAKE.parents[1]
SHOWN = ("*.md", "LICENSE", "docs/*.md", "docs/*.ipynb", "docs/*/*.md", "docs/*/*.css",
         "docs/ci/*", "docs/pictures/*", "configs/*.yaml", "configs/*/*.yaml",
         "dut_protocol/firmware/GUIDE.md", "dut_protocol/firmware/ports/sdk/README.md",
         "dut_protocol/firmware/ports/sdk/*/README.md",
         "dut_protocol/firmware/glue/README.md")  # fmt: skip


def stage(pages: Path) -> None:
    """Lay out what the site is made of, in the places that it has in the repository."""
    for source in sorted({path for pattern in SHOWN for path in CHECKOUT.glob(pattern)}):
        target = pages / source.relative_to(CHECKOUT)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(_for_the_site(source.read_text("utf-8")), encoding="utf-8")
        else:
            shutil.copy(source, target)
    written = {
        "docs/reference/command-line.md": reference.command_line(),
        "docs/reference/configuration.md": reference.configuration(),
        "configs/index.md": reference.examples(CHECKOUT / "configs"),
    }
    for place, text in written.items():
        (pages / place).write_text(text, encoding="utf-8")


def _for_the_site(text: str) -> str:
    """Put in what is drawn or taken from the program; say in Python-Markdown what GitHub reads."""
    text = re.sub(r"<!-- wiring: (\S+) -->", lambda found: wiring.drawing(found[1]), text)
    text = re.sub(r"<!-- program: dialogues (\w+) -->", lambda found: dialogues(found[1]), text)
    text = re.sub(r"<!-- program: (.+) -->", lambda found: reference.TABLES[found[1]](), text)
    text = re.sub(r"(\]\([\w./-]*configs)/(?:instruments/)?\)", r"\1/index.md)", text)
    lines: list[str] = []
    fenced = False
    for line in text.splitlines():
        before = lines[-1] if lines else ""
        begins = re.match(r"(- |\d\. )", line) and not re.match(r"(- |\d\. | )", before)
        if begins and before and not fenced:
            lines.append("")
        fenced ^= line.lstrip().startswith("```")
        lines.append(line)
    return "\n".join(lines) + "\n"


_TAGS = (
    " a article aside b body br button code dd details div dl dt em fieldset footer form g h1 h2 "
    "h3 h4 h5 h6 head header hr html img input kbd label li link main meta nav noscript ol p path "
    "pre rect script section small span strong style sub summary sup svg table tbody td text th "
    "thead title tr ul "
)
"""What the theme, Markdown and the drawings are made of."""


class _Page(HTMLParser):
    """Collects what a page points at, and what in it can be pointed at."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.no_tags: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if f" {tag} " not in _TAGS:
            self.no_tags.add(tag)
        for name, value in attrs:
            if name in ("href", "src", "srcset") and value:
                self.links.append(value)
            elif name == "id" and value:
                self.anchors.add(value)


def wrong_in_pages(site: Path) -> Iterator[str]:
    """Look at the pages as they came out: links, pictures, and text that was taken for a tag."""
    pages = {
        path.resolve(): _Page(path) for path in site.rglob("*.html") if path.name != "404.html"
    }
    for path, page in pages.items():
        for tag in page.no_tags:
            yield f"{path.relative_to(site.resolve())}: <{tag}>: no tag, and not shown; escape it"
        for link in page.links:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            if not target.exists():
                yield f"{path.relative_to(site.resolve())}: {link}: there is no such file"
            elif not _is_place(address.fragment, pages.get(target)):
                yield f"{path.relative_to(site.resolve())}: {link}: no such place in the page"


def _is_place(fragment: str, page: _Page | None) -> bool:
    return not fragment or page is None or unquote(fragment) in page.anchors


def build(out: Path) -> list[str]:
    """Make the site in a folder, and return what is wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        stage(work / "pages")
        shutil.copy(MAKE / "mkdocs.yml", work)
        command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
        made = subprocess.run(
            [*command, "--site-dir", str(out.resolve())],
            cwd=work,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    if made.returncode:
        return [line for line in made.stderr.splitlines() if not line.startswith("INFO")]
    return sorted(wrong_in_pages(out))


if __name__ == "__main__":
    out = Path(sys.argv[1] if sys.argv[1:] else "site")
    wrong = build(out)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{out}: {len(wrong) or 'nothing'} wrong")
    sys.exit(1 if wrong else 0)
