"""Weekly blocks become templates, with the sessions of the quarter before and the quarter after laid out."""

from datetime import datetime, timedelta

from django.db import migrations
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

QUARTER = timedelta(days=91)


def lay_out(apps, schema_editor):
    Block = apps.get_model("resources", "Block")
    BlockTemplate = apps.get_model("resources", "BlockTemplate")
    TheatreSession = apps.get_model("resources", "TheatreSession")
    today = timezone.localdate()
    days = [today - QUARTER + timedelta(days=n) for n in range(2 * QUARTER.days + 1)]
    sessions = []
    for block in Block.objects.order_by("pk"):
        owner = {
            "owner_kind": "surgeon" if block.surgeon_id else "specialty",
            "specialty_id": block.specialty_id,
            "surgeon_id": block.surgeon_id,
        }
        template = BlockTemplate.objects.create(
            theatre_id=block.theatre_id,
            weekday=block.weekday,
            starts=block.starts,
            ends=block.ends,
            valid_from=block.valid_from,
            valid_until=block.valid_until,
            **owner,
        )
        for day in days:
            on = block.weekday == day.isoweekday()
            begun = block.valid_from is None or block.valid_from <= day
            if on and begun and (block.valid_until is None or day <= block.valid_until):
                start, end = (timezone.make_aware(datetime.combine(day, at)) for at in (block.starts, block.ends))
                if start < end:
                    period = DateTimeTZRange(start, end, "[)")
                    sessions.append(
                        TheatreSession(
                            theatre_id=block.theatre_id, day=day, period=period, template=template, **owner
                        )
                    )
    TheatreSession.objects.bulk_create(sessions, batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [("resources", "0005_sessions_and_rosters")]

    operations = [migrations.RunPython(lay_out, migrations.RunPython.noop)]
