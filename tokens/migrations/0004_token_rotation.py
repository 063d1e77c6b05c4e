import uuid

import django.db.models.deletion
from django.db import migrations, models

import tokens.models.access_token


class Migration(migrations.Migration):
    dependencies = [("tokens", "0003_fill_token_handles")]

    operations = [
        migrations.AlterField(
            model_name="accesstoken",
            name="handle",
            field=models.CharField(
                default=tokens.models.access_token.new_handle,
                editable=False,
                max_length=16,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="accesstoken",
            name="family",
            field=models.UUIDField(db_index=True, default=uuid.uuid4, editable=False),
        ),
        migrations.AddField(
            model_name="accesstoken",
            name="successor",
            field=models.OneToOneField(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="predecessor",
                to="tokens.accesstoken",
                verbose_name="successor",
            ),
        ),
        migrations.AddField(
            model_name="accesstoken",
            name="grace_until",
            field=models.DateTimeField(
                editable=False, null=True, verbose_name="good until, after rotation"
            ),
        ),
        migrations.AddField(
            model_name="accesstoken",
            name="used_after_rotation_at",
            field=models.DateTimeField(
                editable=False, null=True, verbose_name="used after rotation"
            ),
        ),
    ]
