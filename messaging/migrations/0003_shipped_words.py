"""Put the words that come with the release into the table, where the hospital changes them."""

from django.db import migrations

from messaging.wording.shipped import TEXTS


def write(apps, schema_editor):
    template = apps.get_model("messaging", "MessageTemplate")
    template.objects.bulk_create(
        [
            template(kind=kind, language=language, channel="", version=1, subject=subject, body=body)
            for language, texts in TEXTS.items()
            for kind, (subject, body) in texts.items()
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("messaging", "0002_vacuum_deliveries_often")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
