"""Each run's minutes are kept with the run, so that a median opens the runs that it is of; and what of a day's clocks
was of imported cases, which the reports leave out."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("supervision", "0010_charges")]

    operations = [
        migrations.AddField(
            model_name="dayfigure",
            name="imported",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="daytimes",
            name="clocks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="daytimes",
            name="wait",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(null=True), size=None),
        ),
        migrations.AlterField(
            model_name="daytimes",
            name="work",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(null=True), size=None),
        ),
    ]
