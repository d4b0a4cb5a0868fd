"""The weekly blocks are templates now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("resources", "0006_lay_out_blocks")]

    operations = [migrations.DeleteModel(name="Block")]
