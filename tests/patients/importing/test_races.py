"""Two imports of the same files at once, on two true connections."""

import threading

import pytest
from django.db import connection

from patients.models import Allergy, ImportedRecord, ImportRun, Patient
from tests.factories import UserFactory
from tests.patients.importing.files import allergy, bundle, condition, configure, counts, patient, run, said

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 5


def test_one_creates_and_the_other_finds_it_unchanged():
    configure()
    actor = UserFactory(role="coordinator")
    for turn in range(TIMES):
        file = bundle(
            patient(f"M{turn}", f"p{turn}"),
            allergy(f"a{turn}", whose=f"Patient/p{turn}"),
            condition(f"c{turn}", whose=f"Patient/p{turn}"),
        )
        found: list[ImportRun] = []
        barrier = threading.Barrier(2)

        def work(file=file, found=found, barrier=barrier):
            try:
                barrier.wait()
                found.append(run(actor, file))
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(counts, found)) == [(0, 0, 3, 0), (3, 0, 0, 0)]
        assert [said(one) for one in found] == [[], []]
    assert Patient.objects.count() == Allergy.objects.count() == TIMES
    assert ImportedRecord.objects.count() == 3 * TIMES
