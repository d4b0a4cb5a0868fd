"""``import_staff``: a whole hospital's accounts, all or none."""

from io import StringIO
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from accounts.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
HEADER = "email,given_name,family_name,roles\n"
TWO = (
    f"{HEADER}Ines@Example.org,Ines,Carvalho,theatre_nurse;surgeon\nrobin@example.org,Robin,Lowe,System administrator\n"
)


@pytest.fixture
def staff(tmp_path: Path) -> Path:
    return tmp_path / "staff.csv"


def load(path: Path, content: str | bytes, *options: str) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    out = StringIO()
    call_command("import_staff", str(path), *options, stdout=out, verbosity=0)
    return out.getvalue()


def refusal(path: Path, content: str | bytes) -> tuple[str, list[str]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    err = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("import_staff", str(path), stderr=err, verbosity=0)
    return str(refused.value), err.getvalue().splitlines()


def everybody() -> dict[str, tuple[str, set[str]]]:
    return {
        user.email: (str(user), set(user.role_assignments.values_list("role", flat=True)))
        for user in User.objects.all()
    }


CARVALHO = ("Ines Carvalho", {"theatre_nurse", "surgeon"})
LOWE = ("Robin Lowe", {"administrator"})


@pytest.mark.parametrize(
    "content",
    [
        TWO,
        b"\xef\xbb\xbf" + TWO.encode(),
        TWO.replace("\n", "\r\n"),
        TWO.replace("theatre_nurse;surgeon", '"theatre_nurse;surgeon"').replace(",", ";"),
        TWO.replace("theatre_nurse;surgeon", '"surgeon,Theatre nurse"'),
        TWO.replace("email,given_name", "E-mail, Given name ").replace("E-mail", "Email") + "\n,,,\n",
    ],
    ids=["plain", "mark", "windows", "semicolons", "commas in the cell", "titles"],
)
def test_people_are_made(staff: Path, content: str | bytes) -> None:
    assert load(staff, content) == "Made 2 new, 0 changed, 0 left as they are; 0 of them switched off.\n"
    assert everybody() == {"ines@example.org": CARVALHO, "robin@example.org": LOWE}
    assert set(User.objects.filter(is_staff=True).values_list("email", flat=True)) == {"robin@example.org"}


def test_again_it_changes_what_the_file_changed(staff: Path) -> None:
    load(staff, TWO)
    other = UserFactory(email="other@example.org", role="manager")
    User.objects.filter(email="robin@example.org").update(is_active=False)
    changed = TWO.replace("Ines,Carvalho,theatre_nurse;surgeon", "Ines,Sousa,surgeon")

    assert load(staff, changed) == "Made 0 new, 1 changed, 1 left as they are; 1 of them switched off.\n"
    assert load(staff, changed) == "Made 0 new, 0 changed, 2 left as they are; 1 of them switched off.\n"
    assert everybody() == {
        "ines@example.org": ("Ines Sousa", {"surgeon"}),
        "robin@example.org": LOWE,
        "other@example.org": (str(other), {"manager"}),
    }
    assert User.objects.get(email="robin@example.org").is_active is False


def test_without_a_column_for_them_roles_stay(staff: Path) -> None:
    load(staff, TWO)
    load(staff, "email,given_name,family_name\nines@example.org,Inês,Carvalho\n")
    assert everybody()["ines@example.org"] == ("Inês Carvalho", {"theatre_nurse", "surgeon"})


def test_a_dry_run_writes_nothing(staff: Path, mailoutbox: list[mail.EmailMessage]) -> None:
    assert load(staff, TWO, "--dry-run", "--invite") == (
        "Would make 2 new, 0 changed, 0 left as they are; 0 of them switched off.\nWould invite 2.\n"
    )
    assert everybody() == {}
    assert mailoutbox == []


def test_who_never_signed_in_is_invited(staff: Path, mailoutbox: list[mail.EmailMessage]) -> None:
    load(staff, TWO)
    known = User.objects.get(email="robin@example.org")
    known.set_password("seven clouds over the harbour")
    known.save()
    assert load(staff, TWO, "--invite").endswith("Invited 1.\n")
    assert [letter.to for letter in mailoutbox] == [["ines@example.org"]]


def test_every_wrong_line_is_named_and_nothing_written(staff: Path) -> None:
    content = (
        f"{HEADER}good@example.org,Good,Person,surgeon\n"
        "no address,,Person,wizard\n"
        "\n"
        "GOOD@example.org,Good,Twice,surgeon\n"
        "few@example.org,Few\n"
        f"long@example.org,{'x' * 101},Person,\n"
    )
    assert refusal(staff, content) == (
        "4 of the lines can't be read. Nothing was written. Mend them and run it again.",
        [
            "line 3: given_name: is missing.",
            "line 3: email: 'no address' is no e-mail address.",
            (
                "line 3: roles: 'wizard' is none of coordinator, booking_clerk, surgeon, anaesthetist, theatre_nurse, "
                "ward_nurse, manager, privacy_officer, administrator, integration."
            ),
            "line 5: email: is on line 2 already.",
            "line 6: 2 values where the first line names 4 columns.",
            "line 7: given_name: has 101 characters; at most 100 can be kept.",
            "line 7: roles: is missing. Leave out the whole column to leave roles as they are.",
        ],
    )
    assert everybody() == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TWO.replace("Ines,", "Inês,").encode("latin-1"), "is not UTF-8 text (line 2). Save it as “CSV UTF-8”"),
        ("", "is empty."),
        (HEADER, "names its columns and holds no people."),
        ("email,name\na@example.org,A\n", "has no column given_name, family_name."),
        (HEADER.replace("roles", "salary"), "has columns that mean nothing here: salary."),
        (HEADER.replace("roles", "email"), "names a column twice."),
        (f'{HEADER}"a@example.org,A,B,surgeon\n', "The file is not CSV from line 2 on"),
        (TWO.encode("utf-16"), "is not UTF-8 text (line 1)"),
        (TWO.replace("Ines", "In\0es"), "it holds null characters"),
    ],
)
def test_files_that_are_no_list_of_staff(staff: Path, content: str | bytes, message: str) -> None:
    said, lines = refusal(staff, content)
    assert message in said
    assert said.endswith("Nothing was written.")
    assert lines == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read: No such file"):
        call_command("import_staff", str(tmp_path / "missing.csv"))
