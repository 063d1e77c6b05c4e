import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tokens", "0007_login_code_person")]

    operations = [
        migrations.AlterField(
            model_name="session",
            name="access_token",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="sessions",
                to="tokens.accesstoken",
            ),
        ),
    ]
