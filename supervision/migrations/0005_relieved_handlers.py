from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("supervision", "0004_standard_minutes_guard")]

    operations = [
        migrations.AlterField(
            model_name="complaintevent",
            name="act",
            field=models.CharField(
                choices=[
                    ("OPEN", "Opened"),
                    ("ASSIGN", "Taken in hand"),
                    ("RELIEVE", "Handler took part in the case"),
                    ("LINK", "Case found"),
                    ("REPLY", "First reply"),
                    ("ESCALATE", "Passed to the supervisor"),
                    ("SOLVE", "Solved"),
                    ("FOLLOW_UP", "Follow-up call"),
                    ("CLOSE", "Closed"),
                    ("MARK_COMPLEX", "Marked as complex"),
                    ("ASK_EXTENSION", "More time asked for"),
                    ("EXTEND", "More time approved"),
                    ("TICK", "None missed"),
                    ("REPLY_SOON", "Reply due soon"),
                    ("REPLY_LATE", "Reply overdue"),
                    ("CLOSE_SOON", "Closing due soon"),
                    ("CLOSE_LATE", "Closing overdue"),
                ],
                max_length=16,
                verbose_name="act",
            ),
        ),
    ]
