"""Work that Celery does in the background."""

from celery import shared_task

from accounts.commanding import in_name_of
from patients.importing.uploads import forget_old, work_through
from patients.models import ImportRun


@shared_task
def carry_out_import(run_id: int) -> None:
    """Work an upload through; a second worker that gets the same task finds everything unchanged."""
    run = ImportRun.objects.select_related("actor").get(pk=run_id)
    with in_name_of(run.actor):
        work_through(run_id)


@shared_task
def forget_uploads() -> int:
    """Delete uploaded files that nobody went on with for a day."""
    return forget_old()
