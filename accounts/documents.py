"""Plain PDF documents of A4 pages."""

from django.conf import settings
from fpdf import FPDF
from fpdf.enums import XPos, YPos

MARGIN_MM, LINE_MM = 18, 5
FONT = "dejavu"
FILES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
UNKNOWN = "?"


class Pages(FPDF):
    """Headings and paragraphs in Latin, Greek, Cyrillic and other letters of DejaVu Sans.

    What the font lacks, Chinese for one, becomes a question mark; ``lost`` says whether something did.
    """

    def __init__(self, title: str, *, head: str = "") -> None:
        super().__init__(format="A4")
        self.lost = False
        for style, name in FILES.items():
            self.add_font(FONT, style, settings.BASE_DIR / "static" / "vendor" / "dejavu" / name)
        self.set_text_shaping(use_shaping_engine=False)
        self.set_margin(MARGIN_MM)
        self.set_title(title)
        self.add_page()
        self.set_font(FONT, "B", 16)
        self._line(head or title, 9)

    def head(self, text: str) -> None:
        """Write a heading."""
        self.ln(3)
        self.set_font(FONT, "B", 11)
        self._line(text, 6)

    def text_block(self, text: str) -> None:
        """Write a paragraph."""
        self.set_font(FONT, "", 10)
        self._line(text, LINE_MM)

    def footer(self) -> None:
        """Number the page."""
        self.set_y(-15)
        self.set_font(FONT, "", 8)
        self.cell(0, 10, f"Page {self.page_no()}", align="C")

    def _line(self, text: str, height: float) -> None:
        known = self.current_font.cmap  # type: ignore[union-attr]  # a font of ours is set
        text = text.expandtabs(4)
        written = "".join(letter if letter.isspace() or ord(letter) in known else UNKNOWN for letter in text)
        self.lost = self.lost or written != text
        self.multi_cell(0, height, written, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
