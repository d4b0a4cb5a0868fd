"""The hospital's own lists: specialties, theatre features, kinds of equipment, credentials."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Hue(models.TextChoices):
    """A colour of the palette in ``static/css/tokens.css``; each keeps its contrast in light and dark."""

    TEAL = "teal", "Teal"
    BLUE = "blue", "Blue"
    MAGENTA = "magenta", "Magenta"
    GREEN = "green", "Green"
    AMBER = "amber", "Amber"
    VIOLET = "violet", "Violet"
    ORANGE = "orange", "Orange"
    SLATE = "slate", "Slate"
    RED = "red", "Red"
    INDIGO = "indigo", "Indigo"
    CYAN = "cyan", "Cyan"
    BROWN = "brown", "Brown"
    ROSE = "rose", "Rose"
    LIME = "lime", "Lime"


class Allergen(models.TextChoices):
    """Substances that a theatre can bring a patient in contact with."""

    LATEX = "latex", "Latex"
    IODINE = "iodine", "Iodine"
    CHLORHEXIDINE = "chlorhexidine", "Chlorhexidine"
    NICKEL = "nickel", "Nickel"
    ADHESIVE = "adhesive", "Adhesive"
    PENICILLIN = "penicillin", "Penicillin"
    CEPHALOSPORIN = "cephalosporin", "Cephalosporin"


class CodedName(models.Model):
    """A row of a list: a short code for files and imports, a name for people."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)

    class Meta:
        abstract = True
        ordering = ("name",)

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class Specialty(CodedName):
    """A surgical specialty; it owns blocks and procedures."""

    hue = models.CharField(max_length=12, choices=Hue, default=Hue.SLATE)
    turnover_minutes = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Standard minutes before and after its cases, if more than the theatre's. Empty: as there.",
    )

    class Meta(CodedName.Meta):
        verbose_name_plural = "specialties"


class Site(CodedName):
    """A building or campus with theatres of its own; a role may be limited to some."""


class Feature(CodedName):
    """What only some theatres have: laminar flow, a robot, a shielded X-ray room."""


class Credential(CodedName):
    """A permission to practise that some procedures ask of the lead surgeon."""


class Grade(CodedName):
    """How senior a member of staff is: consultant, registrar, team leader. It decides nothing by itself."""

    rank = models.PositiveSmallIntegerField(default=1, help_text="1 is the most senior; lists are in this order.")

    class Meta:
        ordering = ("rank", "name")


class EquipmentType(CodedName):
    """A kind of equipment of which the hospital owns countable items."""

    turnaround_minutes = models.PositiveSmallIntegerField(
        default=0, help_text="Cleaning and sterilisation after each use, in minutes."
    )
    allergens = ArrayField(models.CharField(max_length=20, choices=Allergen), default=list, blank=True)
