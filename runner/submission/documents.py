"""Writes a submission's PDF files: the checklist that a round asks for, and Energy-Hookup.pdf.

Any script's letters can be shown, and one content gives one sequence of bytes. DejaVu Sans is taken
from matplotlib, which is installed anyway and ships it. Energy-Hookup.pdf shows how each system
with energy results was wired, one page a system.
"""

from __future__ import annotations

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from fpdf import FPDF, FontFace
from fpdf.enums import Align, TableBordersLayout, VAlign, XPos, YPos
from PIL import Image

from ... import __version__
from ..errors import SetupError
from ..terms import Mode
from .checklist import Checklist
from .describe.description import Description, SystemConfig
from .describe.questions import UNANSWERED_MARK
from .gather import BuildError, Gathered, GatheredSession

FONT = "DejaVu"
TEXT_PT = 9.5
SMALL_PT = 8.0
MARGIN_MM = 18.0

_GREY = (95, 95, 95)
_LINE = (190, 196, 202)
_SHADE = (236, 240, 244)


class Document(FPDF):
    """Is a page with a title, a running foot, and the text styles used here."""

    def __init__(self, title: str, created: datetime) -> None:
        super().__init__(format="A4")
        self._foot = title
        folder = _font_folder()
        self.add_font(FONT, "", folder / "DejaVuSans.ttf")
        self.add_font(FONT, "B", folder / "DejaVuSans-Bold.ttf")
        self.set_title(title)
        self.set_creator(f"tinyrunner {__version__}")
        self.set_producer(f"tinyrunner {__version__}")
        self.set_creation_date(created)
        self.set_margins(MARGIN_MM, MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(True, MARGIN_MM + 4)
        self.add_page()

    def footer(self) -> None:
        """Print the running foot, as FPDF asks at the end of each page."""
        self.set_y(-MARGIN_MM)
        self._style(SMALL_PT, grey=True)
        self.cell(0, 5, f"{self._foot} · {self.page_no()}/{{nb}}", align="C")

    def heading(self, text: str) -> None:
        self._style(15, bold=True)
        self._block(text, 7.5)
        self.ln(1.5)

    def section(self, text: str) -> None:
        if self.will_page_break(24):  # no heading alone at the foot of a page
            self.add_page()
        self.ln(3)
        self._style(11, bold=True)
        self._block(text, 6)
        self.ln(0.5)

    def paragraph(self, text: str, *, small: bool = False) -> None:
        self._style(SMALL_PT if small else TEXT_PT, grey=small)
        self._block(text, 4.2 if small else 4.9)
        self.ln(1)

    def rows(
        self, rows: list[tuple[str, ...]], widths: tuple[int, ...], *, headed: bool = False
    ) -> None:
        """Print a table; without a head the first column is bold."""
        self._style(TEXT_PT)
        self.set_draw_color(*_LINE)
        self.set_line_width(0.2)
        head = FontFace(emphasis="BOLD", fill_color=_SHADE)
        with self.table(
            col_widths=widths,
            first_row_as_headings=headed,
            headings_style=head,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            line_height=4.9,
            padding=1.1,
            text_align="LEFT",
            v_align=VAlign.T,
        ) as table:
            for texts in rows:
                row = table.row()
                for index, text in enumerate(texts):
                    bold = FontFace(emphasis="BOLD") if index == 0 and not headed else None
                    row.cell(printable(text), style=bold)

    def picture(self, path: Path, caption: str) -> None:
        """Place a picture in the middle, as large as fits; SetupError where it is none."""
        space_mm = self.h - self.get_y() - MARGIN_MM - 16
        try:
            with Image.open(path) as image:
                width, height = image.size
                width_mm = min(self.epw, space_mm * width / height)
                self.image(image, x=Align.C, w=width_mm)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise SetupError(
                f"{path} cannot be put into a PDF: {error}; give a PNG or JPEG picture"
            ) from error
        self.ln(3)
        self._style(SMALL_PT, grey=True)
        self.multi_cell(0, 4.2, printable(caption), align="C")

    def write_to(self, path: Path) -> None:
        path.write_bytes(bytes(self.output()))

    def _style(self, size_pt: float, *, bold: bool = False, grey: bool = False) -> None:
        self.set_font(FONT, "B" if bold else "", size_pt)
        self.set_text_color(*(_GREY if grey else (0, 0, 0)))

    def _block(self, text: str, height_mm: float) -> None:
        self.multi_cell(
            0, height_mm, printable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )


def printable(text: str) -> str:
    """Drop control characters, which have no letter in any font."""
    return "".join(c if c >= " " or c == "\n" else " " for c in text.replace("\r\n", "\n"))


def _font_folder() -> Path:
    # Found, not imported: matplotlib takes a second to load.
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise SetupError("matplotlib is not installed; its fonts are needed for the PDF files")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


def write_checklist(checklist: Checklist, organization: str, path: Path, when: datetime) -> None:
    """Write the PDF; one content and date give one sequence of bytes."""
    name = checklist.round.name
    page = Document(f"MLPerf Tiny {name} Submission Checklist · {organization}", when)
    if checklist.unanswered:  # for `verify`, which cannot read the page
        page.set_keywords(UNANSWERED_MARK + ", ".join(checklist.unanswered))
    page.heading(f"MLPerf Tiny {name} Submission Checklist")
    page.paragraph(organization)
    page.ln(2)
    page.rows([(one.question, one.answer) for one in checklist.answers], (42, 58))
    page.section("Accuracy")
    met = {True: "yes", False: "no", None: "–"}
    page.rows(
        [
            ("System", "Benchmark", "Accuracy or AUC", "Target", "Met"),
            *((r.system, r.benchmark, r.figure, r.target, met[r.met]) for r in checklist.table),
        ],
        (34, 16, 22, 18, 10),
        headed=True,
    )
    page.ln(2)
    page.paragraph(
        "Answers about targets, validation set, runner, systems and contents were taken from the "
        "sessions by tinyrunner; the others are the submitter's.",
        small=True,
    )
    page.write_to(path)


HOOKUP_NAME = "Energy-Hookup.pdf"


def check_hookup(description: Description, gathered: Gathered) -> None:
    """Raise BuildError where energy was measured and nothing says how, or no picture is there."""
    problems = []
    for system in _with_energy(description, gathered):
        hookup = system.hookup
        if not hookup.told:
            problems.append(f"{system.id}: energy results need hookup: picture or text")
        elif hookup.picture is not None and not hookup.picture.is_file():
            problems.append(f"{system.id}: hookup: no picture {hookup.picture}")
    if problems:
        raise BuildError("cannot build this submission:\n  " + "\n  ".join(problems))


def write_hookup(description: Description, gathered: Gathered, path: Path, when: datetime) -> bool:
    """Write the PDF where there is energy; tell whether there was."""
    systems = _with_energy(description, gathered)
    if not systems:
        return False

    page = Document(f"Energy hook-up · {description.organization}", when)
    for index, system in enumerate(systems):
        if index:
            page.add_page()
        page.heading(f"Energy hook-up: {system.id}")
        for text in _bench(gathered.of(system.id, mode=Mode.ENERGY)):
            page.paragraph(text)
        if system.hookup.picture is None:
            page.section("Wiring")
            page.paragraph(system.hookup.text)
        else:
            page.ln(2)
            page.picture(system.hookup.picture, system.hookup.text or f"Wiring of {system.id}")
    page.write_to(path)
    return True


def _with_energy(description: Description, gathered: Gathered) -> list[SystemConfig]:
    return [system for system in description.systems if gathered.of(system.id, mode=Mode.ENERGY)]


def _between(session: GatheredSession) -> str:
    """Return what stands between runner and device, a line each."""
    told = session.provenance
    board = None if told is None else told.interface_board
    parts = [("IO manager", session.io_manager), ("Interface board", board and board.name)]
    return "".join(f"{what}: {name}.\n" for what, name in parts if name)


def _bench(sessions: tuple[GatheredSession, ...]) -> list[str]:
    """Return what the sessions know of their bench, once each."""
    texts = []
    for session in sessions:
        told = session.provenance
        if told is None:
            texts.append(f"Measured with {session.tool}.")
            continue
        monitor, edges = told.monitor, told.edges
        if monitor is not None and edges is not None:
            texts.append(
                f"Energy monitor: {monitor.maker} {monitor.model}, firmware {monitor.firmware}, "
                f"{monitor.supply_v} V, {monitor.sample_rate_hz} samples/s.\n"
                f"{_between(session)}"
                f"Edges of the windows: {edges.from_}."
            )
        if session.simulated:
            texts.append("The device and the instruments were simulated.")
    return list(dict.fromkeys(texts))
