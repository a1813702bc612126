"""A table over one clock, branch by branch or person by person, is summed from the index of the figures alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("supervision", "0012_counted_again")]

    operations = [
        migrations.RemoveConstraint(model_name="dayfigure", name="dayfigure_once"),
        migrations.AddConstraint(
            model_name="dayfigure",
            constraint=models.UniqueConstraint(
                fields=("scope", "kind", "day", "key", "outcome"),
                include=("clocks", "first_pass", "imported"),
                name="dayfigure_once",
            ),
        ),
    ]
