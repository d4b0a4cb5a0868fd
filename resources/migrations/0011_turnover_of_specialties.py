from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('resources', '0010_grades'),
    ]

    operations = [
        migrations.AddField(
            model_name='specialty',
            name='turnover_minutes',
            field=models.PositiveSmallIntegerField(blank=True, help_text="Standard minutes before and after its cases, if more than the theatre's. Empty: as there.", null=True),
        ),
    ]
