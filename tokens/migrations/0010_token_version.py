from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tokens", "0009_audit_addresses")]

    operations = [
        migrations.AddField(
            model_name="accesstoken",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
    ]
