from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tokens", "0010_token_version")]

    operations = [
        migrations.AlterField(
            model_name="tokenevent",
            name="verb",
            field=models.CharField(
                choices=[
                    ("made", "Made"),
                    ("shown", "Shown once"),
                    ("edited", "Edited"),
                    ("login", "Signed in by link"),
                    ("denied", "Denied"),
                    ("disabled", "Disabled"),
                    ("enabled", "Enabled"),
                    ("deleted", "Deleted"),
                    ("rotated", "Rotated"),
                    ("reused", "Used after rotation"),
                ],
                max_length=16,
                verbose_name="what",
            ),
        ),
    ]
