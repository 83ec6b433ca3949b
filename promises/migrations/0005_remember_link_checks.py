import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Whether the addresses of sources still lead to them."""

    dependencies = [
        ("promises", "0004_receive_suggestions"),
    ]

    operations = [
        migrations.CreateModel(
            name="LinkCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(help_text="As it was asked for.", max_length=1000)),
                (
                    "state",
                    models.CharField(
                        choices=[("alive", "Works"), ("failing", "Failing"), ("dead", "Dead"), ("unknown", "Unknown")],
                        max_length=20,
                    ),
                ),
                ("checked_at", models.DateTimeField()),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="What the server answered, as a number.", null=True
                    ),
                ),
                ("detail", models.CharField(blank=True, help_text="What was met, in words.", max_length=300)),
                (
                    "leads_to",
                    models.CharField(blank=True, help_text="Where redirects ended, if elsewhere.", max_length=2000),
                ),
                (
                    "failures",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Days on which it failed, since it last worked."
                    ),
                ),
                ("failed_on", models.DateField(blank=True, help_text="The last of these days.", null=True)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                (
                    "source",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="link_check", to="promises.source"
                    ),
                ),
            ],
            options={
                "ordering": ["-checked_at", "-pk"],
                "indexes": [models.Index(fields=["state", "checked_at"], name="link_check_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["alive", "failing", "dead", "unknown"])),
                        name="link_check_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "dead"), _negated=True), ("failures__gte", 3), _connector="OR"
                        ),
                        name="link_check_dead_after_days",
                    ),
                ],
            },
        ),
    ]
