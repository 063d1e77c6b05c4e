"""Each name once, by its compared form."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_fill_compared_columns")]

    operations = [
        migrations.RemoveConstraint(
            model_name="user",
            name="user_username_once",
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=("username_compared",),
                name="user_username_once",
                violation_error_message="Somebody has this username already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="workgroup",
            constraint=models.UniqueConstraint(
                fields=("name_compared",),
                name="workgroup_name_once",
                violation_error_message="There is a workgroup of this name already.",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=["email_compared"], name="user_email"),
        ),
        migrations.AddIndex(
            model_name="workgroup",
            index=models.Index(fields=["name", "id"], name="workgroup_name"),
        ),
    ]
