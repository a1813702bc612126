from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("web", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="idempotencykey",
            name="etag",
            field=models.CharField(blank=True, db_default="", max_length=40),
        ),
    ]
