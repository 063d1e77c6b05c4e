from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tokens", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="accesstoken",
            name="handle",
            field=models.CharField(editable=False, max_length=16, null=True),
        ),
        migrations.AddField(
            model_name="accesstoken",
            name="family",
            field=models.UUIDField(editable=False, null=True),
        ),
    ]
