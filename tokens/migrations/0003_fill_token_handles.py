import secrets
from uuid import uuid4

from django.db import migrations


def fill(apps, schema_editor):
    tokens = apps.get_model("tokens", "AccessToken").objects.filter(handle=None)
    for token in tokens.only("pk").iterator():
        token.handle, token.family = secrets.token_urlsafe(12), uuid4()
        token.save(update_fields=["handle", "family"])


class Migration(migrations.Migration):
    dependencies = [("tokens", "0002_token_handles")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
