from django.conf import settings
from django.db import migrations, models
from django.db.models import deletion


def cited_by(related_name, **given):
    return models.ForeignKey(
        on_delete=deletion.RESTRICT, related_name=related_name, to="promises.promisesource", **given
    )


class Migration(migrations.Migration):
    """A comment without a person is the desk's own; and a draft can be deleted with all its parts.

    A source that is cited still cannot leave its promise alone; no column changes for that.
    """

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
        migrations.AlterField("citation", "source", cited_by("citations")),
        migrations.AlterField("measure", "source", cited_by("measures", blank=True, null=True)),
        migrations.AlterField("wording", "source", cited_by("wordings")),
        migrations.AlterField("reply", "source", cited_by("replies")),
    ]
