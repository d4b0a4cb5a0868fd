"""An index for the access history without lists: a record on a wall board is in the lists thousands of times."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX audit_access_opened ON audit_access (patient_id, id) WHERE kind NOT IN ('list', 'live')",
            "DROP INDEX audit_access_opened",
        )
    ]
