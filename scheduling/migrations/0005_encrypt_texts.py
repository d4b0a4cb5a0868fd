"""Encrypt the texts that are in clear; each batch is a transaction, so that the site goes on writing meanwhile."""

from django.db import migrations

from accounts.encryption.moving import decrypt_column, encrypt_column
from accounts.encryption.places import column, json_column

PLACES = (
    column("scheduling_operation", "notes"),
    column("scheduling_operationchange", "note"),
    json_column("scheduling_operationchange", "overrides"),
)


def encrypt(apps, schema_editor):
    for place in PLACES:
        encrypt_column(place)


def decrypt(apps, schema_editor):
    for place in PLACES:
        decrypt_column(place)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("scheduling", "0004_encrypt_text_columns")]
    operations = [migrations.RunPython(encrypt, decrypt)]
