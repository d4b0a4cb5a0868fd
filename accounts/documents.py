"""Plain PDF documents of A4 pages."""

from fpdf import FPDF
from fpdf.enums import XPos, YPos

MARGIN_MM, LINE_MM = 18, 5
SPELLED = str.maketrans({"“": '"', "”": '"', "’": "'", "…": "...", "–": "-", "−": "-", "→": "->"})


class Pages(FPDF):
    """Headings and paragraphs; the built-in fonts know Western European letters, others become a question mark.

    ``lost`` says whether one did.
    """

    def __init__(self, title: str, *, head: str = "") -> None:
        super().__init__(format="A4")
        self.lost = False
        self.set_margin(MARGIN_MM)
        self.set_title(title)
        self.add_page()
        self.set_font("helvetica", "B", 16)
        self._line(head or title, 9)

    def head(self, text: str) -> None:
        """Write a heading."""
        self.ln(3)
        self.set_font("helvetica", "B", 11)
        self._line(text, 6)

    def text_block(self, text: str) -> None:
        """Write a paragraph."""
        self.set_font("helvetica", "", 10)
        self._line(text, LINE_MM)

    def footer(self) -> None:
        """Number the page."""
        self.set_y(-15)
        self.set_font("helvetica", "", 8)
        self.cell(0, 10, f"Page {self.page_no()}", align="C")

    def _line(self, text: str, height: float) -> None:
        known = text.translate(SPELLED)
        written = known.encode("latin-1", "replace").decode("latin-1")
        self.lost = self.lost or written != known
        self.multi_cell(0, height, written, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
