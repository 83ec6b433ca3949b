from django.conf import settings
from django.db import migrations, models
from django.db.models import deletion


class Migration(migrations.Migration):
    """A comment without a person is the desk's own: that a set time was lifted, and why."""

    dependencies = [
        ("promises", "0002_add_roles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="comment",
            name="by",
            field=models.ForeignKey(
                help_text="Nobody: the desk itself.",
                null=True,
                on_delete=deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
