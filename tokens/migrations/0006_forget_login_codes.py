from django.db import migrations


def forget(apps, schema_editor):
    apps.get_model("tokens", "LoginCode").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("tokens", "0005_token_kid")]

    operations = [
        # They live a minute, and the next step wants to know their person.
        migrations.RunPython(forget, migrations.RunPython.noop),
    ]
