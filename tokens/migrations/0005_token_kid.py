from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tokens", "0004_token_rotation")]

    operations = [
        migrations.AddField(
            model_name="accesstoken",
            name="kid",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="The name of the key in the ring that signed it.",
                max_length=64,
                verbose_name="signing key",
            ),
            preserve_default=False,
        ),
    ]
