"""What workers do for patients' records."""

from celery import shared_task

from accounts.commanding import in_name_of
from patients.importing.uploads import forget_old, work_through
from patients.merging import finding
from patients.models import ImportRun


@shared_task
def carry_out_import(run_id: int) -> None:
    """Work an upload through; a second worker that gets the same task finds everything unchanged."""
    run = ImportRun.objects.select_related("actor").get(pk=run_id)
    with in_name_of(run.actor):
        work_through(run_id)


@shared_task
def forget_uploads() -> int:
    """Delete uploaded files that nobody went on with for a day, and the lines of reports after 90."""
    return forget_old()


@shared_task
def find_duplicates() -> int:
    """Look for people who are on record twice; return how many pairs are to be decided."""
    return finding.find_duplicates()
