from django.db import migrations, models


class Migration(migrations.Migration):
    """The log of versions, newest edition first, in the order of an index that knows their kinds."""

    dependencies = [
        ("promises", "0005_remember_link_checks"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="version", name="version_by_edition"),
        migrations.AddIndex(
            model_name="version",
            index=models.Index(
                models.F("edition").desc(), models.F("slug"), models.F("kind"), name="version_by_edition"
            ),
        ),
    ]
