from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tokens", "0018_tokens_by_expiry"),
    ]

    operations = [
        migrations.AddField(
            model_name="logincode",
            name="admitted",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="logincode",
            name="auth_hash",
            field=models.CharField(default="", max_length=64),
        ),
    ]
