from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tokens", "0011_rotation_in_the_audit")]

    operations = [
        migrations.AddField(
            model_name="logincode",
            name="session_key",
            field=models.CharField(blank=True, max_length=40),
        ),
    ]
