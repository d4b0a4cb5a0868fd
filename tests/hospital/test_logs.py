"""Logs and error reports tell what happened and where, and no value."""

import logging
import sys

import pytest
from django.db import DataError, connection
from django.test import RequestFactory
from django.views.debug import get_exception_reporter_filter

from hospital.logs import LEFT_OUT, QuietFormatter

SECRET = "Zebrowska"


def formatted(message: object, *args: object, exc_info: object = None) -> str:
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, message, args, exc_info)
    return QuietFormatter("%(levelname)s %(message)s").format(record)


def test_a_message_of_ours_stays() -> None:
    assert formatted("Operation %s: %s rows", 7, 3) == "ERROR Operation 7: 3 rows"


def test_an_exception_is_told_by_its_kind_and_its_lines() -> None:
    try:
        try:
            int(SECRET)
        except ValueError as error:
            raise KeyError(SECRET) from error
    except KeyError:
        text = formatted("Failed", exc_info=sys.exc_info())
    assert SECRET not in text
    assert "builtins.ValueError\nTraceback" in text
    assert text.endswith("builtins.KeyError")
    assert "raise KeyError" in text


def test_an_exception_as_message_or_argument_is_told_by_its_kind() -> None:
    assert formatted(ValueError(SECRET)) == "ERROR builtins.ValueError"
    assert formatted("No: %s", ValueError(SECRET)) == "ERROR No: builtins.ValueError"


def test_a_failed_task_tells_no_values() -> None:
    told = {"name": "a.task", "id": "1", "exc": repr(ValueError(SECRET)), "args": f"['{SECRET}']"}
    assert (
        formatted("Task %(name)s[%(id)s] raised %(exc)s %(args)s", told)
        == f"ERROR Task a.task[1] raised {LEFT_OUT} {LEFT_OUT}"
    )


@pytest.mark.django_db
def test_a_refused_row_is_told_by_its_code() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::int", [SECRET])
    except DataError:
        text = formatted("Failed", exc_info=sys.exc_info())
    assert SECRET not in text
    assert "django.db.utils.DataError (SQLSTATE 22P02)" in text


def test_error_reports_name_fields_without_what_was_typed() -> None:
    request = RequestFactory().post("/", {"family_name": SECRET})
    reporter = get_exception_reporter_filter(request)
    assert reporter.get_post_parameters(request) == {"family_name": LEFT_OUT}
    assert dict(reporter.get_traceback_frame_variables(request, sys._getframe()))["request"] == LEFT_OUT
