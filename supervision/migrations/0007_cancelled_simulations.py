from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("supervision", "0006_explanations_kept")]

    operations = [
        migrations.AlterField(
            model_name="simulationrun",
            name="state",
            field=models.CharField(
                choices=[
                    ("WAITING", "Waiting"),
                    ("RUNNING", "Running"),
                    ("DONE", "Done"),
                    ("FAILED", "Failed"),
                    ("STOPPED", "Cancelled"),
                ],
                default="WAITING",
                max_length=8,
                verbose_name="state",
            ),
        ),
        migrations.RemoveConstraint(model_name="simulationrun", name="simulationrun_ended_with_time"),
        migrations.AddConstraint(
            model_name="simulationrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["DONE", "FAILED", "STOPPED"])).__xor__(
                    models.Q(("finished_at", None))
                ),
                name="simulationrun_ended_with_time",
            ),
        ),
    ]
