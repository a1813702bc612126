"""Codes of external referrers come from a sequence."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("referrals", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE referrals_external_number", "DROP SEQUENCE referrals_external_number")
    ]
