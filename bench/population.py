"""Patients by the million with names as a country has them: few names of very many people, very many of few."""

import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import accumulate

from django.db import connection


def _words(text: str) -> list[str]:
    return text.split()


COMMON = _words(
    """
    Smith Jones Williams Brown Taylor Davies Wilson Evans Thomas Johnson Roberts Walker Wright Robinson Thompson
    White Hughes Edwards Green Lewis Wood Harris Martin Jackson Clarke Clark Turner Hill Cooper Morris Ward Moore
    Watson Baker King Harrison Morgan Patel Young Allen Mitchell James Anderson Phillips Lee Bell Parker Davis
    Bennett Miller Khan Cook Shaw Cox Begum Kelly Murphy O’Brien Singh Ali Nowak Kowalski Müller van-den-Berg
    Nguyen García Silva Campbell Stewart Robertson Murray Macdonald Graham Fraser Hamilton Henderson Johnston
    Ferguson Douglas Chapman
    """
)
GIVEN = _words(
    """
    John David Michael Paul Peter James Mark Andrew Robert Susan Margaret Mary Patricia Christine Sarah Karen
    Jennifer Elizabeth Linda Ann Anne Helen Julie Jane Emma Laura Rebecca Charlotte Amy Jessica Sophie Thomas
    Daniel Joseph Matthew Samuel Jack Oliver Harry George Alfie Noah Muhammad Mohammed Zoë Ewa Łukasz José Siobhán
    Christopher Alexander Katherine Catherine Victoria Maximilian Anna-Maria Jean-Luc
    """
)
SMITHS = 0.0125
"""What share of all has the commonest name."""
RARE = 60_000
HEADS = _words(
    """
    Ab Al Bar Ben Bro Cal Car Cor Dal Den Dun Ed El Fair Far Gar Glen Har Hol Kel Kin Lan Led Mal Mar Nor Os Pen
    Per Quin Rad Ros Sal Sher Stan Ther Tre Ul Van Wal Wen Win Yar Zel
    """
)
MIDDLES = _words(
    """
    a e i o u er an en ing ol ar ett ow as is um ac
    """
)
TAILS = _words(
    """
    bury by combe cott croft dale den don field ford gate ham hurst land ley low man mere more ney ridge ron sby
    son stead ster stone thorpe ton ville way well wick wood worth ski sen sson dottir quist berg stein mann
    """
)
FIRST_BIRTH, LAST_BIRTH = date(1926, 1, 1), date(2024, 1, 1)
CHUNK = 250_000
_COLUMNS = """
    mrn, family_name, given_name, date_of_birth, sex, phone, phone_index, email, language, allergy_status, confidential
"""


def surnames(dice: random.Random) -> tuple[list[str], list[float]]:
    """Return the names and their cumulative weights: the common ones after Zipf, the others evenly."""
    middles = [*MIDDLES, *(one + "l" + other for one in MIDDLES for other in MIDDLES)]
    made = {f"{dice.choice(HEADS)}{dice.choice(middles)}{dice.choice(TAILS)}" for _ in range(RARE * 2)}
    rare = sorted(made - set(COMMON))[:RARE]
    weights = [SMITHS / at**0.75 for at in range(1, len(COMMON) + 1)]
    weights += [(1 - sum(weights)) / len(rare)] * len(rare)
    return [name.replace("-", " ") if name.startswith("van") else name for name in [*COMMON, *rare]], list(
        accumulate(weights)
    )


def register(first: int, last: int, *, seed: int = 7) -> None:
    """Register the patients numbered ``first`` to ``last``, by COPY; triggers enter their names as always."""
    dice = random.Random(seed + first)
    families, weights = surnames(random.Random(seed))
    given = list(accumulate(1 / (at + 3) for at in range(len(GIVEN))))
    days = (LAST_BIRTH - FIRST_BIRTH).days
    with _unrecorded():
        for begin in range(first, last + 1, CHUNK):
            count = min(CHUNK, last + 1 - begin)
            rows = zip(
                range(begin, begin + count),
                dice.choices(families, cum_weights=weights, k=count),
                dice.choices(GIVEN, cum_weights=given, k=count),
                dice.choices(range(days), k=count),
                strict=True,
            )
            _copy(_line(number, family, name, day, dice) for number, family, name, day in rows)


@contextmanager
def _unrecorded() -> Iterator[None]:
    """Keep millions of rows out of the audit record, which is not what is measured."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE patients_patient DISABLE TRIGGER audit_note")
        yield
        cursor.execute("ALTER TABLE patients_patient ENABLE TRIGGER audit_note")


def _line(number: int, family: str, given: str, day: int, dice: random.Random) -> str:
    born = FIRST_BIRTH + timedelta(days=day)
    cells = (
        mrn(number),
        family,
        given,
        born,
        "unknown",
        "",
        f"{dice.getrandbits(256):064x}",
        "",
        "en",
        "none_known",
        "f",
    )
    return "\t".join(map(str, cells)) + "\n"


def mrn(number: int) -> str:
    """Return the MRN of the patient of that number."""
    return f"B{number * 7919 % 10_000_000:07}"


def _copy(lines: Iterator[str]) -> None:
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY patients_patient ({_COLUMNS}) FROM STDIN", io.StringIO("".join(lines)))
