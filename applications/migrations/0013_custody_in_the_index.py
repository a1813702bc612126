"""Who held a case when is read from the index alone: for the minutes of what is late now."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("applications", "0012_late_clocks")]

    operations = [
        migrations.RemoveIndex(model_name="custody", name="custody_case"),
        migrations.AddIndex(
            model_name="custody",
            index=models.Index(
                fields=["application", "since"], include=("until", "holder", "person", "branch"), name="custody_case"
            ),
        ),
    ]
