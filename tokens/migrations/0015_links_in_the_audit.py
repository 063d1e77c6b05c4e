from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tokens", "0014_refused_calls")]

    operations = [
        migrations.AlterField(
            model_name="tokenevent",
            name="verb",
            field=models.CharField(
                choices=[
                    ("made", "Made"),
                    ("shown", "Shown once"),
                    ("edited", "Edited"),
                    ("link", "Login link made"),
                    ("login", "Signed in by link"),
                    ("first_use", "First use from there"),
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
