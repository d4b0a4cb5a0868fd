"""A queue leaves dead rows at the head of its index: with a million planned rows, the usual fifth is far too late."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_outbox")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE messaging_delivery SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,"
            " autovacuum_analyze_scale_factor = 0.02)",
            "ALTER TABLE messaging_delivery RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,"
            " autovacuum_analyze_scale_factor)",
        )
    ]
