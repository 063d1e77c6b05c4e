from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0004_rendered_content")]

    operations = [
        migrations.AddField(
            model_name="ticketevent",
            name="since",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="ticketevent",
            name="stay",
            field=models.PositiveSmallIntegerField(blank=True, editable=False, null=True),
        ),
    ]
