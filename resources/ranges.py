"""Ranges that constraints build from plain columns."""

from django.contrib.postgres.fields import DateRangeField
from django.db.models import Func


class MinuteRange(Func):
    """Minutes of the day as ``int4range``, so that PostgreSQL can compare times of day."""

    function = "int4range"


class DateRange(Func):
    """Two dates, either of which may be empty, as ``daterange``."""

    function = "daterange"
    output_field = DateRangeField()
