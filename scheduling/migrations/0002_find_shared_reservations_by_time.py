"""An index for reservations that are not exclusive: without it all that a resource ever held is read."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("scheduling", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="reservation",
            index=django.contrib.postgres.indexes.GistIndex(
                condition=models.Q(("active", True), ("exclusive", False)),
                fields=["resource", "period"],
                name="reservation_shared_period",
            ),
        ),
    ]
