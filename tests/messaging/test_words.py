"""What messages may say, in every language; above all what a patient's may not."""

from itertools import product

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from messaging.channels import channel_named, names
from messaging.channels.email.composing import compose
from messaging.dispatch import message_of
from messaging.models import Audience, Delivery, MessageTemplate
from messaging.wording.fields import FIELDS, FieldError
from messaging.wording.kinds import GIVEN, KINDS, check_fields
from messaging.wording.languages import DATE_FORMATS
from messaging.wording.rendering import (
    check_template,
    current_templates,
    names_in,
    reference_of,
    render,
    template_for,
)
from messaging.wording.shipped import FASTING, REPLY, TEXTS
from patients.models import Patient
from resources.models import Theatre
from scheduling.models import Procedure
from tests.factories import PatientFactory, ProcedureFactory, SiteFactory, TheatreFactory, UserFactory

pytestmark = pytest.mark.django_db
OF_PATIENTS = [kind for kind in KINDS.values() if kind.audience == Audience.PATIENT]
RIGHT = {
    "date": "2099-03-16",
    "time": "07:30",
    "place": "Main building",
    "theatre": "Theatre 3",
    "minutes": "30",
    "fasting": "general",
    "link": "http://127.0.0.1:8000/to/AbCdEfGhIjKlMnOpQrStUv",
}


@pytest.fixture
def lists() -> Theatre:
    SiteFactory(name="Main building")
    return TheatreFactory(name="Theatre 3")


@pytest.fixture
def canaries() -> list[str]:
    """Return everything of a patient and an operation that no message may hold."""
    patient: Patient = PatientFactory(family_name="Qfamilyova", given_name="Qgivena", mrn="QMRN4711")
    procedure: Procedure = ProcedureFactory(name="Qhernioplasty", code="Q-5530")
    digits = ["4711", "0123456789", "9434765919"]
    named = [patient.family_name, patient.given_name, patient.mrn, patient.display_name, str(patient.date_of_birth)]
    return [*named[:4], procedure.name, procedure.code, "Qdiagnosis C50.9", "breast cancer", *digits]


@pytest.mark.parametrize("kind", OF_PATIENTS, ids=lambda kind: kind.code)
def test_no_field_of_a_patients_message_takes_a_name_a_diagnosis_a_procedure_or_a_number(
    kind, canaries: list[str], lists: Theatre
) -> None:
    whole = {name: RIGHT[name] for name in kind.allowed - GIVEN}
    check_fields(kind, whole)
    site = RIGHT["link"].partition("/to/")[0]
    for name, canary in product(whole, canaries):
        forms = [canary, f"{whole[name]} {canary}", f"{site}/to/{canary}", f"{site}/patients/{canary}/"]
        for value in forms:
            with pytest.raises(FieldError) as refused:
                check_fields(kind, whole | {name: value})
            assert canary not in str(refused.value)
    for name in ("patient", "name", "procedure", "diagnosis", "mrn", "surgeon", "theatre", "specialty", *GIVEN):
        with pytest.raises(FieldError):
            check_fields(kind, whole | {name: RIGHT.get(name, "Qfamilyova")})


@pytest.mark.parametrize(
    ("kind", "language"), list(product(OF_PATIENTS, TEXTS)), ids=lambda one: getattr(one, "code", one)
)
def test_a_patients_message_holds_its_words_and_its_fields_and_nothing_else(
    kind, language: str, canaries: list[str], lists: Theatre, settings: LazySettings
) -> None:
    """Whatever lies in the row, by a mistake of another program even, only what the kind allows is said."""
    every = RIGHT | dict(zip(("patient", "procedure", "diagnosis", "mrn"), canaries, strict=False))
    for name in names():
        row = Delivery(
            pk=17,
            kind=kind.code,
            audience="patient",
            channel=name,
            channels=[name],
            addresses={name: "anna@example.org"},
            language=language,
            fields=every,
        )
        channel = channel_named(name)
        message, _ = message_of(row, current_templates([kind.code]), channel)
        said = f"{message.subject}\n{message.text}\n{message.calendar}"
        if name == "email":
            said += compose(message).as_string()
        assert [one for one in canaries if one.lower() in said.lower()] == []
        left = said
        for value in (settings.HOSPITAL_NAME, settings.HOSPITAL_PHONE, *RIGHT.values()):
            left = left.replace(value, "")
        assert "{" not in message.text
        assert message.text.strip()


def test_every_language_has_every_message_for_patients() -> None:
    assert set(TEXTS) == set(FASTING) == set(REPLY) == set(DATE_FORMATS)
    for texts in TEXTS.values():
        assert {kind.code for kind in OF_PATIENTS} <= set(texts)
    assert {tuple(one) for one in FASTING.values()} == {tuple(FASTING["en"])}
    assert set(TEXTS["en"]) == set(KINDS)


@pytest.mark.parametrize("language", TEXTS)
def test_what_is_shipped_uses_only_what_it_may_and_the_same_fields(language: str) -> None:
    for code, (subject, body) in TEXTS[language].items():
        check_template(KINDS[code], subject, body)
        assert names_in(body) == names_in(TEXTS["en"][code][1]), code


@pytest.mark.parametrize("text", ["{patient}", "{date!r}", "{date.year}", "{}", "{ date }", "}", "{theatre}"])
def test_what_is_no_field_of_the_kind_is_refused_in_a_template(text: str) -> None:
    with pytest.raises(FieldError):
        check_template(KINDS["booked"], "Your date", text)


def test_a_field_without_a_value_leaves_no_empty_line() -> None:
    template = MessageTemplate(language="en", version=1, subject="a", body="One {date}\n{link}\nCall {phone}")
    assert render(template, {"date": "2026-03-16"}).body == "One Monday 16 March 2026\nCall +44 20 7946 0000"


@pytest.mark.parametrize(
    ("language", "day"),
    [("en", "Monday 16 March 2026"), ("es", "lunes 16 de marzo de 2026"), ("de", "Montag, 16. März 2026")],
)
def test_dates_are_said_in_the_language(language: str, day: str) -> None:
    assert FIELDS["date"].say("2026-03-16", language) == day


def test_the_hospitals_newest_words_count_then_english_then_what_was_shipped() -> None:
    MessageTemplate.objects.all().delete()
    MessageTemplate.objects.create(kind="booked", language="en", version=1, subject="Old", body="Old")
    newest = MessageTemplate.objects.create(kind="booked", language="en", version=2, subject="New", body="New")
    for_sms = MessageTemplate.objects.create(
        kind="booked", language="en", channel="sms", version=1, subject="Short", body="Short"
    )
    known = current_templates(["booked"])
    assert template_for(known, kind="booked", language="en-GB", channel="email") == newest
    assert template_for(known, kind="booked", language="pl", channel="sms") == for_sms
    assert template_for(known, kind="booked", language="de", channel="sms").body == TEXTS["de"]["booked"][1]


def test_references_differ_and_tell_nothing() -> None:
    found = {reference_of(number) for number in range(2000)}
    assert len(found) == 2000
    assert all(len(one) == 7 for one in found)


# --- the admin ---------------------------------------------------------------------------------
WORDS = {"kind": "booked", "language": "en", "channel": "", "subject": "Your date", "body": "{date}, {time}"}


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, role="administrator"))
    return client


def test_a_change_makes_a_version_and_the_old_one_stays(client: Client) -> None:
    MessageTemplate.objects.all().delete()
    client.post(reverse("admin:messaging_messagetemplate_add"), WORDS)
    first = MessageTemplate.objects.get()
    url = reverse("admin:messaging_messagetemplate_change", args=(first.pk,))
    client.post(url, WORDS | {"body": "Come on {date}"})
    client.post(url, WORDS)
    assert list(MessageTemplate.objects.values_list("version", "body")) == [(2, "Come on {date}"), (1, WORDS["body"])]
    assert MessageTemplate.objects.first().written_by is not None


def test_a_preview_shows_examples_and_saves_nothing(client: Client) -> None:
    MessageTemplate.objects.all().delete()
    page = client.post(reverse("admin:messaging_messagetemplate_add"), WORDS | {"_preview": "Preview"})
    assert "Monday 16 March 2026, 07:30" in page.content.decode()
    assert "Nothing is saved yet" in page.content.decode()
    assert not MessageTemplate.objects.exists()


def test_a_field_that_may_not_be_said_is_refused(client: Client) -> None:
    page = client.post(reverse("admin:messaging_messagetemplate_add"), WORDS | {"body": "{theatre}, {patient}"})
    assert "may not say: patient, theatre" in page.content.decode()
    assert not MessageTemplate.objects.filter(body__contains="patient").exists()
